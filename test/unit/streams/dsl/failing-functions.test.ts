import { expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const aggregator = {
  initializer: () => 0,
  add: (_key: string, value: string | null, count: number) => {
    if (value === 'bad') throw new Error('boom');
    return count + 1;
  },
};
const merge = (left: number, right: number) => left + right;

it.each([
  ['onWindowClose', false],
  ['onWindowClose', true],
  ['onUpdate', false],
  ['onUpdate', true],
] as const)('a record that the aggregate cannot add makes no window (%s, merge: %s)', async (emit, merges) => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
    .emitStrategy(emit)
    .aggregate(merges ? { ...aggregator, merge } : aggregator, { name: 'c', value: numberSerde })
    .toStream()
    .map((key, count) => [String(key), count])
    .to('out', { key: stringSerde, value: numberSerde });
  const driver = await TopologyTestDriver.create(builder.build(), { processingExceptionHandler: () => 'continue' });
  for (const [key, value, timestamp] of [
    ['a', 'ok', 1],
    ['b', 'bad', 2],
    ['a', 'ok', 30],
  ] as const) {
    await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
  }
  const output = await driver.readOutput('out', stringSerde, numberSerde);
  await driver.close();
  // What Apache Kafka Streams 4.1 sends.
  const expected = emit === 'onUpdate' ? ['[a@0/10]=1', '[a@30/40]=1'] : ['[a@0/10]=1'];
  expect(output.map(({ key, value }) => `${key}=${value}`)).toEqual(expected);
});

it.each([
  ['a reduce over windows passes over undefined, first', ['', 'a', 'b'], ['a', 'ab']],
  ['a reduce over windows passes over undefined, later', ['a', '', 'b'], ['a', 'ab']],
])('%s', async (_name, values, expected) => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { ...STRINGS, nulls: 'skip' })
    .mapValues((value) => (value === '' ? undefined : value) as string)
    .groupByKey(STRINGS)
    .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
    .reduce((left, right) => left + right, { name: 'r' })
    .toStream()
    .map((key, value) => [String(key), value])
    .to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  for (const value of values) await driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value, timestamp: 1 });
  const output = await driver.readOutput('out', stringSerde, stringSerde);
  await driver.close();
  expect([...new Set(output.map(({ value }) => value))]).toEqual(expected);
});

it.each([false, true])('an aggregate that becomes undefined says so (windows: %s)', async (isWindowed) => {
  const builder = new StreamsBuilder();
  const grouped = builder.stream('in', STRINGS).groupByKey();
  const forgets = { initializer: () => 0, add: (() => {}) as unknown as () => number };
  const materialized = { name: 'c', value: numberSerde };
  if (isWindowed) grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(10)).aggregate(forgets, materialized);
  else grouped.aggregate(forgets, materialized);
  const driver = await TopologyTestDriver.create(builder.build());
  const piped = driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: 'v', timestamp: 1 });
  await expect(piped).rejects.toThrow('the aggregate "c" became undefined; return it from add');
});
