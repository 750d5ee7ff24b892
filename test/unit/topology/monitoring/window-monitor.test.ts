import { jsonSerde, StreamsBuilder, stringSerde, TimeWindows } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { monitorWindows } from '../../../../topology/monitoring/window-monitor.js';

const SECOND_MS = 1000;

it('tells by the clock that all are silent, and never of a window that had records', async () => {
  const builder = new StreamsBuilder();
  const windows = builder
    .stream('lines', { key: stringSerde, value: stringSerde })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace('5s', '1s'))
    .emitStrategy('onWindowClose')
    .count({ name: 'counts' })
    .toStream();
  const told: [number, number][] = [];
  monitorWindows(windows, {
    name: 'monitor',
    judge: {
      initial: () => ({}),
      observe(_state, count, { start }) {
        told.push([start / SECOND_MS, count]);
        return { deviations: [], scores: {}, alerts: [] };
      },
      isAtRest: () => true,
      close: () => [],
    },
    empty: () => 0,
    scope: (entity) => entity,
    size: '5s',
    watchesClock: true,
  })
    .mapValues(({ aggregate }) => aggregate)
    .to('counted', { key: stringSerde, value: jsonSerde<number>() });
  const driver = await TopologyTestDriver.create(builder.build());
  for (let second = 0; second <= 63; second++) {
    await driver.pipeInput('lines', stringSerde, stringSerde, {
      key: 'shop',
      value: 'x',
      timestamp: second * SECOND_MS,
    });
    if (second > 0) await driver.advanceWallClockTime(SECOND_MS);
  }
  const before = told.length;
  for (let second = 0; second < 17; second++) await driver.advanceWallClockTime(SECOND_MS);
  const silent = told.slice(before);
  await driver.close();
  // The lines of the seconds 55 to 63 are in windows that are open still, or were when all fell silent.
  expect(silent.length).toBeGreaterThan(0);
  expect(silent.filter(([start, count]) => count === 0 && start < 65)).toEqual([]);
  expect(silent.filter(([, count]) => count === 0).every(([start]) => start >= 65 && start <= 75)).toBe(true);
});
