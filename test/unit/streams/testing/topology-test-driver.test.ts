import { describe, expect, it } from 'vitest';
import {
  type Aggregator,
  jsonSerde,
  keyValueStore,
  numberSerde,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { logContract } from '../../../../streams/testing/log-contract.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const NUMBERS = { key: stringSerde, value: numberSerde };

function counts(): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupByKey()
    .count({ name: 'counts', value: numberSerde })
    .toStream()
    .to('out', NUMBERS);
  return builder;
}

describe('topics with serdes that are given once', () => {
  it('are written and read', async () => {
    const driver = await TopologyTestDriver.create(counts().build(), { initialWallClockTime: 100 });
    const input = driver.createInputTopic('in', STRINGS, { autoAdvanceMs: 5 });
    const output = driver.createOutputTopic('out', NUMBERS);
    expect(await output.isEmpty()).toBe(true);
    await expect(output.readRecord()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await input.pipeInput('a', 'x');
    await input.pipeInput('a', 'y');
    await input.pipeInput('b', 'z', 7);
    input.advanceTime(1000);
    await input.pipeInput('b', 'z');
    expect(await output.isEmpty()).toBe(false);
    expect(await output.readRecord()).toEqual({ key: 'a', value: 1, timestamp: 100, headers: [] });
    expect(await output.readValue()).toBe(2);
    expect((await output.readRecords()).map(({ key, timestamp, value }) => [key, value, timestamp])).toEqual([
      ['b', 1, 7],
      ['b', 2, 1110],
    ]);
    const headers = [{ key: 'h', value: Buffer.from('1') }];
    await input.pipeRecord({ key: 'a', value: 'x', timestamp: 2000, headers });
    expect(await output.readRecord()).toMatchObject({ value: 3, headers });
    await input.pipeRecords(['c', 'c', 'd'].map((key) => ({ key, value: '', timestamp: 1 })));
    expect(await output.readTable()).toEqual(
      new Map([
        ['c', 2],
        ['d', 1],
      ]),
    );
    await driver.close();
  });

  it('are none that the topology does not have', async () => {
    const driver = await TopologyTestDriver.create(counts().build());
    await expect(driver.createInputTopic('on', STRINGS).pipeInput('a', '')).rejects.toThrow('has no topic "on"');
    await expect(driver.createOutputTopic('off', STRINGS).readValues()).rejects.toThrow('has no topic "off"');
    expect(() => driver.keyValueStore('count')).toThrow('has no store "count"');
    expect(() => driver.getWindowStore('counts')).toThrow('is none of windows');
    await driver.close();
  });
});

describe('several partitions', () => {
  const keys = Array.from({ length: 20 }, (_, number) => `key-${number}`);

  it.each(['auto', 'topic'] as const)('have their records by key, and one store (%s)', async (repartition) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy((_key, value) => value, { key: stringSerde })
      .count({ name: 'counts' })
      .toStream()
      .to('out', NUMBERS);
    const driver = await TopologyTestDriver.create(builder.build(), { partitions: { in: 3, out: 2 }, repartition });
    const input = driver.createInputTopic('in', STRINGS);
    for (const value of [...keys, ...keys]) await input.pipeInput(value, value, 1);
    expect(await driver.createOutputTopic('out', NUMBERS).readTable()).toEqual(new Map(keys.map((key) => [key, 2])));
    const store = driver.keyValueStore<string, { value: number }>('counts');
    expect(keys.map((key) => store.get(key)?.value)).toEqual(keys.map(() => 2));
    const entries: string[] = [];
    for await (const [key] of store.all()) entries.push(key);
    expect(entries).toEqual([...keys].sort());
    const range: string[] = [];
    for await (const [key] of store.range('key-1', 'key-12')) range.push(key);
    expect(range).toEqual(['key-1', 'key-10', 'key-11', 'key-12']);
    await driver.close();
  });

  it('are chosen by a record that says so', async () => {
    const builder = new StreamsBuilder();
    const seen: number[] = [];
    builder.stream('in', STRINGS).process<string, string>(() => {
      let partition = -1;
      return {
        init: (context) => {
          partition = Number(context.taskId.split('_')[1]);
        },
        process: () => seen.push(partition),
      };
    });
    const driver = await TopologyTestDriver.create(builder.build(), { partitions: 4 });
    const input = driver.createInputTopic('in', STRINGS);
    for (const partition of [3, 0, 2]) await input.pipeRecord({ key: 'k', value: '', timestamp: 1, partition });
    expect(seen).toEqual([3, 0, 2]);
    await driver.close();
  });
});

describe('a window store', () => {
  const sum: Aggregator<string, string, number> = {
    initializer: () => 0,
    add: (_key, value, total) => (value === 'gone' ? null : total + Number(value)),
  };
  const windowed = (merges: boolean) => {
    const builder = new StreamsBuilder();
    const grouped = builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 100).advanceBy(5));
    const table = merges
      ? grouped.aggregate(
          { initializer: () => 0, add: (_key, value, total) => total + Number(value), merge: (a, b) => a + b },
          { name: 'sums', value: numberSerde },
        )
      : grouped.aggregate(sum, { name: 'sums', value: numberSerde });
    table.toStream().to('out', { key: null, value: numberSerde });
    return builder.build();
  };

  // Windows of 10 ms that start every 5 ms: 3 and 8 are in [0, 10), 8 and 12 in [5, 15), 12 in [10, 20).
  it.each([
    ['slices', true],
    ['windows', false],
  ])('is read by key, by time and whole, where it holds %s', async (_what, merges) => {
    const driver = await TopologyTestDriver.create(windowed(merges), { partitions: 2 });
    const input = driver.createInputTopic('in', STRINGS);
    await input.pipeInput('b', '1', 3);
    await input.pipeInput('b', '2', 8);
    await input.pipeInput('b', '4', 12);
    await input.pipeInput('a', '8', 3);
    const store = driver.getWindowStore<string, number>('sums');
    const shown = (entries: ReturnType<typeof store.all>) => entries.map(([key, value]) => `${key}=${value}`);
    expect(store.get('b', 5)).toBe(6);
    expect(store.get('b', 4)).toBeUndefined();
    expect(store.get('c', 5)).toBeUndefined();
    expect(shown(store.fetch('b', 0, 5))).toEqual(['[b@0/10]=3', '[b@5/15]=6']);
    expect(shown(store.fetchAll(0, 0)).sort()).toEqual(['[a@0/10]=8', '[b@0/10]=3']);
    expect(shown(store.all()).sort()).toEqual(['[a@0/10]=8', '[b@0/10]=3', '[b@10/20]=4', '[b@5/15]=6']);
    await driver.restart();
    const again = driver.getWindowStore<string, number>('sums');
    expect(shown(again.fetch('b', 0, 10))).toEqual(['[b@0/10]=3', '[b@5/15]=6', '[b@10/20]=4']);
    if (!merges) {
      await input.pipeInput('b', 'gone', 9);
      expect(shown(again.fetch('b', 0, 10))).toEqual(['[b@10/20]=4']);
    }
    // At 115 the window [5, 15) is closed; the one after it is not.
    await input.pipeInput('b', '0', 115);
    expect(shown(again.fetch('b', 0, 10))).toEqual(['[b@10/20]=4']);
    await driver.close();
  });
});

describe('a restart', () => {
  it('keeps state and positions, and makes processors anew', async () => {
    let made = 0;
    const store = keyValueStore({ name: 'seen', keySerde: stringSerde, valueSerde: numberSerde });
    const topology = (factor: number) => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', { ...STRINGS, nulls: 'skip' })
        .process<string, number>(
          () => {
            made++;
            let see: (key: string) => void = () => {};
            return {
              init: (context) => {
                const seen = context.stateStore(store);
                see = (key) => {
                  const count = (seen.get(key) ?? 0) + 1;
                  seen.put(key, count);
                  context.forward({ key, value: count * factor, timestamp: 1 });
                };
              },
              process: ({ key }) => see(key),
            };
          },
          { stores: [store] },
        )
        .to('out', NUMBERS);
      return builder.build();
    };
    const driver = await TopologyTestDriver.create(topology(1));
    const input = driver.createInputTopic('in', STRINGS);
    const output = driver.createOutputTopic('out', NUMBERS);
    await input.pipeInput('k', '');
    await driver.restart();
    await input.pipeInput('k', '');
    await driver.restart(topology(100));
    await input.pipeInput('k', '');
    expect(await output.readValues()).toEqual([1, 2, 300]);
    expect(made).toBe(3);
    expect(driver.keyValueStore('seen').get('k')).toBe(3);
    await driver.close();
  });

  it('of a topology that would read the state as something else is refused', async () => {
    const driver = await TopologyTestDriver.create(counts().build());
    await driver.createInputTopic('in', STRINGS).pipeInput('k', '');
    const other = new StreamsBuilder();
    other
      .stream('in', STRINGS)
      .groupByKey()
      .reduce((a) => a, { name: 'counts' });
    await expect(driver.restart(other.build())).rejects.toMatchObject({ code: 'STATE_MISMATCH' });
  });
});

it('an object goes through its serdes on its way to another task, as it does by way of a topic', async () => {
  const json = jsonSerde<unknown>();
  const kinds = (builder: StreamsBuilder) =>
    builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .map((_key, value): [string, unknown] => [value, { at: new Date(5), of: new Set([value]) }])
      .repartition({ key: stringSerde, value: json, name: 'r' })
      .mapValues((value) => JSON.stringify([value, (value as { at: unknown }).at instanceof Date]))
      .to('out', STRINGS);
  const run = async (repartition: 'auto' | 'topic') => {
    const builder = new StreamsBuilder();
    kinds(builder);
    const driver = await TopologyTestDriver.create(builder.build(), { repartition });
    await driver.createInputTopic('in', STRINGS).pipeInput('k', 'v');
    const values = await driver.createOutputTopic('out', STRINGS).readValues();
    await driver.close();
    return values;
  };
  // The text of JSON.stringify(new Date(5)), and of a Set, which JSON has no word for.
  const expected = ['[{"at":"1970-01-01T00:00:00.005Z","of":{}},false]'];
  expect(await run('auto')).toEqual(expected);
  expect(await run('topic')).toEqual(expected);
});

it("the log's contract tells a log that does not keep it", async () => {
  const log = await EmbeddedLog.inMemory();
  const cases = new Map(logContract().map(({ name, run }) => [name, run]));
  expect(cases.size).toBeGreaterThan(20);
  const forgetful = Object.assign(Object.create(log) as EmbeddedLog, {
    ensureTopic: log.ensureTopic.bind(log),
    transaction: log.transaction.bind(log),
    committed: async () => undefined,
  });
  const commits = cases.get('commits offsets of a transaction that appends nothing');
  await commits?.(log);
  await expect(commits?.(forgetful)).rejects.toThrow('undefined !== 7');
  await log.close();
});
