import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EmitStrategy,
  numberSerde,
  SlidingWindows,
  Streams,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '../../../../../streams/index.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import {
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from '../../../../../streams/testing/topology-test-driver.js';
import { STRINGS, type Step, stepByStep } from '../../joins/piped.js';

const ADD = {
  initializer: () => '',
  add: (_key: string, value: string, text: string) => `${text}${value}`,
};

function texts(windows: SlidingWindows, emit: EmitStrategy = 'onUpdate'): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { ...STRINGS, nulls: 'skip' })
    .groupBy((key) => key, STRINGS)
    .windowedBy(windows)
    .emitStrategy(emit)
    .aggregate(ADD, { name: 'texts', value: stringSerde })
    .toStream()
    .selectKey(({ key, window: { end, start } }) => `${key} ${start}-${end}`)
    .to('out', STRINGS);
  return builder;
}

describe('sliding windows', () => {
  it('end at each record, and begin behind each that others follow; both bounds count', async () => {
    const steps: (Step | 'restart')[] = [
      ['in', 'a', '1', 20],
      ['in', 'a', '2', 30],
      ['in', 'a', '3', 25],
      'restart',
      ['in', 'a', '4', 20],
      ['in', 'b', '5', 20],
      ['in', 'a', '6', 41],
    ];
    expect(await stepByStep(texts(SlidingWindows.ofTimeDifferenceAndGrace(10, 50)), steps)).toEqual([
      ['a 10-20=1@20'],
      ['a 20-30=12@30', 'a 21-31=2@30'],
      ['a 15-25=13@25', 'a 20-30=123@30', 'a 21-31=23@30', 'a 26-36=2@30'],
      [],
      ['a 10-20=14@20', 'a 15-25=134@25', 'a 20-30=1234@30'],
      ['b 10-20=5@20'],
      // 31 to 41 is what begins behind 30, and what ends at 41.
      ['a 31-41=6@41'],
    ]);
  });

  it('begin at the epoch for all records that are nearer to it than the difference', async () => {
    const steps: Step[] = [
      ['in', 'a', '1', 3],
      ['in', 'a', '2', 9],
      ['in', 'a', '3', 5],
      ['in', 'a', '4', 0],
    ];
    expect(await stepByStep(texts(SlidingWindows.ofTimeDifferenceAndGrace(10, 50)), steps)).toEqual([
      ['a 0-10=1@3'],
      ['a 0-10=12@9', 'a 4-14=2@9'],
      ['a 0-10=123@9', 'a 4-14=23@9', 'a 6-16=2@9'],
      ['a 0-10=1234@9', 'a 1-11=123@9'],
    ]);
  });

  it('begin behind the record before as its own window has it, and not where that had closed for it', async () => {
    const steps = (graceMs: number) =>
      stepByStep(texts(SlidingWindows.ofTimeDifferenceAndGrace(29, graceMs)), [
        ['in', 'a', '1', 15],
        ['in', 'b', '-', 30],
        ['in', 'a', '2', 25],
        ['in', 'b', '-', 50],
        ['in', 'a', '3', 45],
      ]);
    // Kafka Streams was asked for both.
    expect((await steps(0)).at(-1)).toEqual([]);
    expect((await steps(5)).at(-1)).toEqual(['a 16-45=23@45', 'a 26-55=3@45']);
  });

  it('take records until they close, and a record that comes later for all of its windows is late', async () => {
    const driver = await TopologyTestDriver.create(
      texts(SlidingWindows.ofTimeDifferenceAndGrace(10, 5), 'onWindowClose').build(),
      { lateTopic: 'late' },
    );
    const input = driver.createInputTopic('in', STRINGS);
    const output = driver.createOutputTopic('out', STRINGS);
    const pipe = async (value: string, time: number) => {
      await input.pipeInput('a', value, time);
      return (await output.readRecords()).map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`);
    };
    expect(await pipe('1', 20)).toEqual([]);
    expect(await pipe('2', 25)).toEqual([]);
    // The window that ends at 20 takes records until 25 is past.
    expect(await pipe('3', 20)).toEqual([]);
    expect(await pipe('4', 26)).toEqual(['a 10-20=13@20']);
    // In time for those that end at 21 or later.
    expect(await pipe('5', 18)).toEqual([]);
    expect(driver.metrics.late['texts']).toEqual({ records: 1, dropped: 0, maxLatenessMs: 8, graceNeededMs: 8 });
    expect(await pipe('6', 10)).toEqual([]);
    expect(driver.metrics.late['texts']).toEqual({ records: 2, dropped: 1, maxLatenessMs: 16, graceNeededMs: 16 });
    expect(driver.metrics.counted['texts']).toBe(5);
    await driver.drain();
    expect((await output.readRecords()).map(({ key, value }) => `${key}=${value}`)).toEqual([
      'a 15-25=1235',
      'a 16-26=12345',
      'a 19-29=1234',
      'a 21-31=24',
      'a 26-36=4',
    ]);
    await driver.close();
  });

  it('are those of a plain computation, of random records, with restarts and commits of many records', async () => {
    const record = fc.record({ key: fc.constantFrom('a', 'b', 'é'), timestamp: fc.nat(70) });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(record, { minLength: 1, maxLength: 8 }) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    );
    const given = fc.tuple(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.nat(20),
      fc.constantFrom('auto' as const, 'topic' as const),
    );
    await fc.assert(
      fc.asyncProperty(given, async ([steps, difference, repartition]) => {
        const windows = SlidingWindows.ofTimeDifferenceAndGrace(difference, 80);
        let count = 0;
        const lettered = steps.map((one) =>
          one === 'restart' ? one : one.map((record) => ({ ...record, value: String.fromCharCode(97 + count++) })),
        );
        const expected = plainly(
          lettered.flatMap((one) => (one === 'restart' ? [] : one)),
          difference,
        );
        const closed = await run(texts(windows, 'onWindowClose').build(), lettered, { repartition });
        expect(closed).toEqual(expected);
        const updated = await run(texts(windows).build(), lettered, { repartition });
        expect(new Set(new Map(updated.map((row) => [row.split('=')[0], row])).values())).toEqual(new Set(expected));
      }),
      { numRuns: 15, seed: 9 },
    );
  });

  it('can be queried by key, start and end, as of the last commit', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .groupByKey()
      .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(10, 100))
      .count({ name: 'counts' });
    const log = await EmbeddedLog.inMemory();
    await log.ensureTopic('in', { partitions: 1 });
    const streams = new Streams(builder.build(), { applicationId: 'app', log });
    await streams.start();
    const transaction = log.transaction();
    for (const [key, time] of [
      ['b', 20],
      ['a', 20],
      ['a', 25],
    ] as const) {
      transaction.append('in', 0, time, Buffer.from(key), Buffer.from('x'));
    }
    await transaction.commit();
    await streams.drain({ keepOpen: true });
    const store = streams.store<string, number>('counts', 'window');
    const told = async (entries: AsyncIterable<readonly [unknown, number]>) => {
      const texts: string[] = [];
      for await (const [windowed, count] of entries) texts.push(`${windowed} ${count}`);
      return texts;
    };
    expect(await told(store.fetch('a', 11, 100))).toEqual(['15 2', '21 1']);
    expect(await told(store.fetchAll(0, 15))).toEqual(['[a@10/20] 1', '[b@10/20] 1', '[a@15/25] 2']);
    expect(await told(store.all())).toHaveLength(4);
    await streams.close();
    await log.close();
  });

  it('can be read in their store, and a deleted row is gone from it', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { key: stringSerde, value: numberSerde, nulls: 'skip' })
      .groupByKey()
      .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(10, 100))
      .aggregate(
        { initializer: () => 0, add: (_key, value, sum) => (value < 0 ? null : sum + value) },
        { name: 'sums', value: numberSerde },
      )
      .toStream()
      .mapValues((sum) => `${sum}`)
      .selectKey(({ window }) => `${window.start}`)
      .to('out', STRINGS);
    const driver = await TopologyTestDriver.create(builder.build());
    const input = driver.createInputTopic('in', { key: stringSerde, value: numberSerde });
    await input.pipeInput('a', 1, 20);
    await input.pipeInput('a', 2, 25);
    await driver.restart();
    const store = driver.getWindowStore<string, number>('sums');
    expect(store.fetch('a', 11, 100).map(([{ window }, sum]) => [window, sum])).toEqual([
      [{ start: 15, end: 25 }, 3],
      [{ start: 21, end: 31 }, 2],
    ]);
    expect([store.get('a', 10), store.get('a', 11), store.get('b', 10)]).toEqual([1, undefined, undefined]);
    await input.pipeInput('a', -1, 31);
    expect(driver.getWindowStore('sums').all()).toHaveLength(2);
    const output = await driver.createOutputTopic('out', STRINGS).readRecords();
    expect(output.slice(-2).map(({ key, value }) => `${key}=${value}`)).toEqual(['21=null', '26=null']);
    await driver.close();
  });
});

/** Which windows there are, by which records there are; what is in each, in the order of arrival. */
function plainly(
  records: readonly { readonly key: string; readonly timestamp: number; readonly value: string }[],
  difference: number,
): string[] {
  const windows = ['a', 'b', 'é'].flatMap((key) => {
    const own = records.filter((record) => record.key === key);
    const within = (start: number) =>
      own.filter(({ timestamp }) => timestamp >= start && timestamp <= start + difference);
    const starts = own.flatMap(({ timestamp }) => [Math.max(0, timestamp - difference), timestamp + 1]);
    return [...new Set(starts)]
      .filter((start) => within(start).length > 0)
      .map((start) => ({ key, start, records: within(start) }));
  });
  windows.sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1));
  return windows.map(({ key, records, start }) => {
    const text = records.map(({ value }) => value).join('');
    return `${key} ${start}-${start + difference}=${text}@${Math.max(...records.map(({ timestamp }) => timestamp))}`;
  });
}

type Piped = { readonly key: string; readonly timestamp: number; readonly value: string };

async function run(
  topology: Topology,
  steps: readonly (readonly Piped[] | 'restart')[],
  options: TopologyTestDriverOptions,
): Promise<string[]> {
  const driver = await TopologyTestDriver.create(topology, options);
  try {
    for (const step of steps) {
      if (step === 'restart') await driver.restart();
      else await driver.pipeInputs('in', stringSerde, stringSerde, step);
    }
    await driver.drain();
    const output = await driver.readOutput('out', stringSerde, stringSerde);
    return output.map(({ key, timestamp, value }) => `${key}=${value}@${timestamp}`);
  } finally {
    await driver.close();
  }
}
