import { describe, expect, it } from 'vitest';
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { isTimestamp, MAX_TIMESTAMP, toTimestamp } from '../../../../streams/topology/timestamp.js';

describe('a timestamp', () => {
  it('is whole milliseconds from 1970 to the end of the year 9999', () => {
    expect(MAX_TIMESTAMP).toBe(Date.UTC(9999, 11, 31, 23, 59, 59, 999));
    for (const time of [0, 1, 1_700_000_000_000, MAX_TIMESTAMP]) expect(isTimestamp(time)).toBe(true);
    for (const time of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_TIMESTAMP + 1, '1', null, undefined]) {
      expect(isTimestamp(time)).toBe(false);
    }
  });

  it('is cut to whole milliseconds, and has no sign', () => {
    expect(toTimestamp(1_700_000_000_000.7)).toBe(1_700_000_000_000);
    expect(Object.is(toTimestamp(-0), 0)).toBe(true);
  });
});

describe('a record whose time no clock can have', () => {
  const read = (time: string) => ({ key: 'a', value: { time: JSON.parse(time) as unknown } });
  const times = [
    ['Infinity, which JSON makes of 1e999', '1e999'],
    ['microseconds since 1970', '1700000000000000'],
    ['nanoseconds since 1970', '1700000000000000000'],
    ['a time beyond the safe integers', '9007199254740993'],
    ['a negative time', '-1'],
    ['less than a millisecond before 1970', '-0.5'],
    ['text', '"2024-01-01"'],
    ['null', 'null'],
    ['a list', '[5]'],
  ] as const;

  it.each(times)('is a dead letter, and moves no window: %s', async (_what, time) => {
    const builder = new StreamsBuilder();
    builder
      .stream<string, { time: unknown }>('in', {
        key: stringSerde,
        value: jsonSerde(),
        timestamp: (value) => value.time as number,
      })
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace('1m', '5s').advanceBy('10s'))
      .emitStrategy('onWindowClose')
      .count({ name: 'w' })
      .toStream()
      .map(({ key, window }, count) => [`${key}@${window.start}`, count])
      .to('out', { key: stringSerde, value: numberSerde });
    const driver = await TopologyTestDriver.create(builder.build(), { deadLetterTopic: 'dlq', lateTopic: 'late' });
    const base = 1_700_000_040_000;
    await driver.pipeInputs('in', stringSerde, jsonSerde<{ time: unknown }>(), [
      { ...read(String(base)), timestamp: 1 },
      { ...read(time), timestamp: 2 },
      { ...read(String(base + 1000)), timestamp: 3 },
    ]);
    await driver.drain();
    const dead = await driver.readOutput('dlq', stringSerde, stringSerde);
    expect(dead).toHaveLength(1);
    expect(dead[0]?.headers.find(({ key }) => key === 'reason')?.value.toString()).toMatch(/is not a time/);
    expect(await driver.readOutput('late', stringSerde, stringSerde)).toEqual([]);
    const counts = await driver.readOutput('out', stringSerde, numberSerde);
    expect(counts.map(({ value }) => value)).toEqual([2, 2, 2, 2, 2, 2]);
    await driver.close();
  });
});
