import { describe, expect, it } from 'vitest';
import {
  jsonSerde,
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
    mapValues: () => stream().mapValues(async (value) => value),
    flatMap: () => stream().flatMap((async () => []) as never),
    flatMapValues: () =>
      stream().flatMapValues(async function* () {
        yield 1;
      } as never),
    peek: () => stream().peek(async () => {}),
    selectKey: () => stream().selectKey(async () => 'k'),
    groupBy: () => stream().groupBy(async () => 'k', { key: stringSerde as never }),
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
        .mapValues(async (count) => count),
  };

  it.each(Object.entries(ways))('%s', (_name, way) => {
    expect(way).toThrow(TopologyError);
    expect(way).toThrow('is asynchronous, and operators are not');
  });

  it('process of a processor', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', STRINGS).process(() => ({ process: async () => {} }));
    await expect(TopologyTestDriver.create(builder.build())).rejects.toThrow('is asynchronous');
  });

  it('and a promise is no JSON', () => {
    expect(() => jsonSerde().serialize('', Promise.resolve(1))).toThrow('a promise is no value');
    expect(() => jsonSerde().serialize('', undefined)).toThrow('JSON cannot hold undefined');
  });
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
  expect(() => split.branch('x', () => true).branch('x', () => false)).toThrow('two branches are named "x"');
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
