import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

/** Counts by key and window of 10 ms, and how many windows of each key there were, and how many records in them. */
function countsAndTotals(): StreamsBuilder {
  const builder = new StreamsBuilder();
  const windows = builder
    .stream('in', { key: stringSerde, value: stringSerde })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 5))
    .emitStrategy('onWindowClose')
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count]);
  windows.to('out', { key: stringSerde, value: numberSerde });
  windows
    .map((key, count): [string, number] => [key.slice(0, 1), count])
    .groupByKey({ key: stringSerde, value: numberSerde })
    .reduce((sum, count) => sum + count, { name: 'totals' })
    .toStream()
    .to('totals', { key: stringSerde, value: numberSerde });
  return builder;
}

async function driver() {
  const driver = await TopologyTestDriver.create(countsAndTotals().build(), { lateTopic: 'late' });
  const outputs = async (topic: string) =>
    (await driver.readOutput(topic, stringSerde, numberSerde)).map(({ key, value }) => `${key}=${value}`);
  return {
    pipe: (timestamp: number) => driver.pipeInput('in', stringSerde, stringSerde, { key: 'a', value: 'x', timestamp }),
    drain: (keepOpen: boolean) => driver.drain({ keepOpen }),
    outputs,
    late: () => driver.metrics.lateRecords,
    close: () => driver.close(),
  };
}

describe('an end of the input that keeps windows open', () => {
  it('sends every window as it stands, and counts what comes later in the same windows', async () => {
    const run = await driver();
    for (const time of [1, 2, 12]) await run.pipe(time);
    await run.drain(true);
    expect(await run.outputs('out')).toEqual(['a@0=2', 'a@10=1']);
    for (const time of [13, 9, 30]) await run.pipe(time);
    expect(await run.outputs('out')).toEqual(['a@0=3', 'a@10=2']);
    expect(run.late()).toBe(0);
    await run.close();
  });

  it('leaves no trace in what goes by its results', async () => {
    const run = await driver();
    for (const time of [1, 2, 12]) await run.pipe(time);
    await run.drain(true);
    await run.drain(true);
    expect(await run.outputs('totals')).toEqual(['a=3', 'a=3']);
    await run.pipe(13);
    await run.drain(false);
    expect((await run.outputs('totals')).at(-1)).toBe('a=4');
    await run.close();
  });
});
