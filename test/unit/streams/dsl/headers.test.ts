import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import type { Headers } from '../../../../streams/log/log.js';
import { type InputRecord, TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const id = (value: string): Headers => [{ key: 'id', value: Buffer.from(value) }];

/** Records of three keys, in two commits: the last has no headers. */
const TWO_COMMITS: readonly (readonly InputRecord<string, string>[])[] = [
  [
    { key: 'a', value: 'x', timestamp: 1, headers: id('1') },
    { key: 'b', value: 'x', timestamp: 2 },
    { key: 'a', value: 'x', timestamp: 6, headers: id('2') },
    { key: 'c', value: 'x', timestamp: 7, headers: id('3') },
  ],
  [{ key: 'a', value: 'x', timestamp: 8 }],
];

const countWindows = (builder: StreamsBuilder) =>
  builder
    .stream('in', STRINGS)
    .groupBy((key) => key ?? '', { key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 100).advanceBy(5))
    .count({ name: 'c' })
    .toStream()
    .map((key, count) => [String(key), count])
    .to('out', { key: stringSerde, value: numberSerde });

describe.each(['auto', 'topic'] as const)('headers behind an aggregate, repartition %s', (repartition) => {
  const drive = async (build: (builder: StreamsBuilder) => void, commits = TWO_COMMITS) => {
    const builder = new StreamsBuilder();
    build(builder);
    const driver = await TopologyTestDriver.create(builder.build(), { repartition });
    for (const records of commits) await driver.pipeInputs('in', stringSerde, stringSerde, records);
    const output = await driver.readOutput('out', stringSerde, numberSerde);
    await driver.close();
    return output.map(({ headers, key, value }) => `${key}=${value}:${headers.map((one) => one.value)}`).sort();
  };

  it.each([false, true])('are those of the record that changed the row last (merge: %s)', async (merges) => {
    const aggregator = { initializer: () => 0, add: (_key: string, _value: unknown, count: number) => count + 1 };
    const merge = (left: number, right: number) => left + right;
    const rows = await drive((builder) =>
      builder
        .stream('in', STRINGS)
        .groupBy((key) => key ?? '', { key: stringSerde, value: stringSerde })
        .aggregate(merges ? { ...aggregator, merge } : aggregator, { name: 'c', value: numberSerde })
        .toStream()
        .to('out', { key: stringSerde, value: numberSerde }),
    );
    // By topic, and without merging, a record is a change of its own; within one commit the last one counts.
    expect(rows).toEqual(['a=2:2', 'a=3:', 'b=1:', 'c=1:3']);
  });

  it('are those of the record that changed the window last', async () => {
    const windows = await drive(countWindows);
    expect(windows).toEqual([
      '[a@0/10]=2:2',
      '[a@0/10]=3:',
      '[a@5/15]=1:2',
      '[a@5/15]=2:',
      '[b@0/10]=1:',
      '[c@0/10]=1:3',
      '[c@5/15]=1:3',
    ]);
  });

  it('are none where the record that changed the window last had none, and is of an earlier time', async () => {
    const windows = await drive(countWindows, [
      [
        { key: 'a', value: 'x', timestamp: 7, headers: id('1') },
        { key: 'a', value: 'x', timestamp: 3 },
      ],
    ]);
    expect(windows).toEqual(['[a@0/10]=2:', '[a@5/15]=1:1']);
  });
});
