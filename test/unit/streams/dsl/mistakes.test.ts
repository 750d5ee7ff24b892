import { describe, expect, it } from 'vitest';
import {
  jsonSerde,
  keyValueStore,
  numberSerde,
  type Processor,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  TopologyError,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { drive } from './drive.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const stream = () => new StreamsBuilder().stream('in', { ...STRINGS, nulls: 'skip' as const });

describe('a function of an operator that is asynchronous is refused', () => {
  const sync = { initializer: () => 0, add: () => 1 };
  const aggregators = {
    add: { ...sync, add: async () => 1 },
    initializer: { ...sync, initializer: async () => 0 },
    merge: { ...sync, merge: async () => 1 },
  };
  const ways: Record<string, () => unknown> = {
    filter: () => stream().filter((async () => false) as never),
    filterNot: () => stream().filterNot((async () => false) as never),
    map: () => stream().map((async () => ['k', 'v']) as never),
    mapValues: () => stream().mapValues((async () => 'v') as never),
    flatMap: () => stream().flatMap((async () => []) as never),
    flatMapValues: () =>
      stream().flatMapValues(async function* () {
        yield 1;
      } as never),
    peek: () => stream().peek((async () => {}) as never),
    selectKey: () => stream().selectKey((async () => 'k') as never),
    groupBy: () => stream().groupBy((async () => 'k') as never, { key: stringSerde }),
    branch: () =>
      stream()
        .split()
        .branch('b', (async () => true) as never),
    reduce: () =>
      stream()
        .groupByKey()
        .reduce((async () => 'v') as never),
    'reduce over windows': () =>
      stream()
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(1))
        .reduce((async () => 'v') as never),
    ...Object.fromEntries(
      Object.entries(aggregators).map(([name, aggregator]) => [
        `aggregate: ${name}`,
        () =>
          stream()
            .groupByKey()
            .aggregate(aggregator as never, { value: numberSerde }),
      ]),
    ),
    'the filter of a table': () =>
      stream()
        .groupByKey()
        .count()
        .filter((async () => true) as never),
    'mapValues of a table': () =>
      stream()
        .groupByKey()
        .count()
        .mapValues((async () => 1) as never),
  };

  it.each(Object.entries(ways))('%s', (_name, way) => {
    expect(way).toThrow(TopologyError);
    expect(way).toThrow('is asynchronous, and operators are not');
  });

  it('process of a processor', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', STRINGS).process(() => ({ process: async () => {} }) as never);
    await expect(TopologyTestDriver.create(builder.build())).rejects.toThrow('is asynchronous');
  });

  it('and a promise is no JSON', () => {
    expect(() => jsonSerde().serialize('', Promise.resolve(1))).toThrow('a promise is no value');
    expect(() => jsonSerde().serialize('', undefined)).toThrow('JSON cannot hold undefined');
  });
});

describe('a serde that is missing is told when the topology is built', () => {
  const words = () => stream().map((_key, value) => ['k', value]);
  const nothing = {} as never;
  const ways: Record<string, readonly [way: () => unknown, told: string]> = {
    'the key of a sink': [() => stream().selectKey(String).to('out', nothing), 'a serde for the key'],
    'the value of a sink': [() => stream().mapValues(String).to('out', nothing), 'a serde for the value'],
    'the key of a group': [() => words().groupByKey(nothing), 'groupByKey needs a serde for the key'],
    'the key of a group by another key': [
      () =>
        stream()
          .groupBy((_key, value) => value, nothing)
          .count({ name: 'c' }),
      '"c" needs a serde',
    ],
    'the key of a repartition': [() => words().repartition({ name: 'r' } as never), 'repartition "r" needs a serde'],
    'the value of a reduce': [
      () =>
        words()
          .groupByKey({ key: stringSerde })
          .reduce((a) => a, nothing),
      '"reduce" needs a serde',
    ],
    'the value of an aggregate': [
      () =>
        stream()
          .groupByKey()
          .aggregate({ initializer: () => 0, add: () => 1 }, undefined as never),
      'needs a serde for its values',
    ],
    'the value of a windowed aggregate': [
      () =>
        stream()
          .groupByKey()
          .windowedBy(TimeWindows.ofSizeWithNoGrace(1))
          .aggregate({ initializer: () => 0, add: () => 1 }, nothing),
      'needs a serde for its values',
    ],
    'the value of a stream': [
      () => new StreamsBuilder().stream('in', { key: stringSerde } as never),
      'reading "in" needs a serde for the values',
    ],
    'the key of a table': [
      () => new StreamsBuilder().table('in', { value: stringSerde } as never),
      'the table of "in" needs a serde for the keys',
    ],
    'the value of a table': [() => new StreamsBuilder().table('in', { key: stringSerde } as never), 'for the values'],
    'a store': [() => keyValueStore({ name: 's', keySerde: stringSerde } as never), 'the store "s" needs serdes'],
  };

  it.each(Object.entries(ways))('%s', (_name, [way, told]) => {
    expect(way).toThrow(TopologyError);
    expect(way).toThrow(told);
  });
});

it('a store is taken by its definition, or by its name, where the processor names it', async () => {
  const store = keyValueStore({ name: 's', keySerde: stringSerde, valueSerde: numberSerde });
  const twin = keyValueStore({ name: 's', keySerde: stringSerde, valueSerde: stringSerde });
  const taking = (one: unknown, stores = [store]) => {
    const builder = new StreamsBuilder();
    builder.stream('in', STRINGS).process<string, string>(
      () => ({
        init: (context) => context.stateStore(one as typeof store).put('k', 1),
        process: () => {},
      }),
      { stores },
    );
    return TopologyTestDriver.create(builder.build());
  };
  for (const one of [store, 's']) await (await taking(one)).close();
  for (const [one, stores] of [[twin], [store, []], ['s', []]] as const) {
    await expect(taking(one, stores && [...stores])).rejects.toThrow('is not connected to the store "s"');
  }
});

it('a topic that is read twice alike is one stream', async () => {
  const builder = new StreamsBuilder();
  builder.stream('in', STRINGS).to('out');
  builder
    .stream('in', STRINGS)
    .mapValues((value) => `${value}!`)
    .to('out', STRINGS);
  expect(await drive(builder, [['k', 'v', 1]], { valueSerde: stringSerde })).toEqual(['k=v@1', 'k=v!@1']);
});

it('a topic that is read in two ways is refused with what to do', () => {
  const table = new StreamsBuilder();
  table.stream('in', STRINGS);
  table.table('in', STRINGS);
  expect(() => table.build()).toThrow(
    'the topic "in" is read in two ways; read it once and use the stream, or the toStream()',
  );
  const other = new StreamsBuilder();
  other.stream('in', STRINGS);
  other.stream('in', { key: stringSerde, value: numberSerde });
  expect(() => other.build()).toThrow(TopologyError);
});

it('topics of other numbers of partitions are not aggregated by key together, but behind a repartition', async () => {
  const log = await EmbeddedLog.inMemory();
  await log.ensureTopic('two', { partitions: 2 });
  await log.ensureTopic('three', { partitions: 3 });
  await log.ensureTopic('out', { partitions: 1 });
  const merged = (isRepartitioned: boolean): Streams => {
    const builder = new StreamsBuilder();
    const both = builder.stream('two', STRINGS).merge(builder.stream('three', STRINGS));
    (isRepartitioned ? both.repartition({ name: 'r' }) : both)
      .groupByKey()
      .count({ name: 'c' })
      .toStream()
      .to('out', { key: stringSerde, value: numberSerde });
    return new Streams(builder.build(), { applicationId: 'app', log });
  };
  await expect(merged(false).start()).rejects.toThrow(
    'the topics "two" (2), "three" (3) have other numbers of partitions, and "c" puts the records of a key together',
  );
  const joined = new StreamsBuilder();
  const stores = [keyValueStore({ name: 's', keySerde: stringSerde, valueSerde: stringSerde })];
  joined.stream('two', STRINGS).process(() => ({ process: () => {} }), { name: 'left', stores });
  joined.stream('three', STRINGS).process(() => ({ process: () => {} }), { name: 'right', stores });
  await expect(new Streams(joined.build(), { applicationId: 'app', log }).start()).rejects.toThrow(
    'the topics "two" (2), "three" (3) have other numbers of partitions, and "left", "right" put the records of a key together',
  );
  const streams = merged(true);
  await streams.start();
  await streams.close();
  await log.close();
});

it('a processor is made anew for each task, by a function', async () => {
  const one: Processor<string, string, string, string> = { process: () => {} };
  expect(() => stream().process(one as never, { name: 'p' })).toThrow('pass () => … for "p"');
  const builder = new StreamsBuilder();
  builder.stream('in', { ...STRINGS, nulls: 'skip' }).process(() => one, { name: 'p' });
  const log = await EmbeddedLog.inMemory();
  await log.ensureTopic('in', { partitions: 2 });
  const streams = new Streams(builder.build(), { applicationId: 'app', log });
  await expect(streams.start()).rejects.toThrow('the processor "p" is one for all tasks');
  await log.close();
});

it('two branches of a name are refused', () => {
  const split = stream().split();
  expect(() => split.branch('x', () => true).branch('x' as string, () => false)).toThrow('two branches are named "x"');
});

it('a punctuator that is cancelled is gone, and one that makes the next goes on', async () => {
  let calls = 0;
  const builder = new StreamsBuilder();
  builder.stream('in', STRINGS).process<string, string>(() => ({
    init: (context) => {
      const again = () => {
        const punctuation = context.schedule(10, 'wall-clock-time', () => {
          calls++;
          punctuation.cancel();
          again();
        });
      };
      again();
    },
    process: () => {},
  }));
  const driver = await TopologyTestDriver.create(builder.build());
  for (let i = 0; i < 100; i++) await driver.advanceWallClockTime(10);
  expect(calls).toBe(100);
  await driver.close();
});
