import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Aggregator,
  ArgumentError,
  type EmitStrategy,
  jsonSerde,
  type KeepingAggregator,
  numberSerde,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { drive, type Given } from './drive.js';

const STRINGS = { key: stringSerde, value: stringSerde };
const MODES = ['auto', 'topic'] as const;

function counts(windows: TimeWindows, emit: EmitStrategy = 'onUpdate'): StreamsBuilder {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .groupBy((_key, value) => value, { key: stringSerde })
    .windowedBy(windows)
    .emitStrategy(emit)
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count) => [`${key}@${window.start}`, count])
    .to('out', { key: stringSerde, value: numberSerde });
  return builder;
}

function at(...timestamps: readonly number[]): Given[] {
  return timestamps.map((timestamp) => ['k', 'a', timestamp]);
}

describe.each(MODES)('aggregates, repartition %s', (repartition) => {
  it('count counts each key', async () => {
    const builder = new StreamsBuilder();
    builder.stream('in', STRINGS).groupByKey().count({ name: 'counts' }).toStream().to('out', { value: numberSerde });
    const records: Given[] = [
      ['a', 'x', 5],
      ['b', 'x', 1],
      ['a', 'x', 3],
      [null, 'x', 9],
      ['a', null, 9],
    ];
    // A result has the highest timestamp of what it is made of.
    expect(await drive(builder, records, { repartition })).toEqual(['a=1@5', 'b=1@1', 'a=2@5']);
  });

  it('reduce combines values', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy(() => 'all', STRINGS)
      .reduce((left, right) => `${left}${right}`, { name: 'joined' })
      .toStream()
      .to('out', STRINGS);
    const output = await drive(builder, at(1, 2, 3), { repartition, valueSerde: stringSerde });
    expect(output).toEqual(['all=a@1', 'all=aa@2', 'all=aaa@3']);
  });

  it('reduce over windows passes over null values', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy(() => 'all', STRINGS)
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 5))
      .reduce((left, right) => `${left}${right}`, { name: 'joined' })
      .toStream()
      .map(({ key, window }, value) => [`${key}@${window.start}`, value])
      .to('out', STRINGS);
    const records: Given[] = [
      ['k', null, 1],
      ['k', 'a', 2],
      ['k', null, 3],
      ['k', 'b', 4],
    ];
    const output = await drive(builder, records, { repartition, valueSerde: stringSerde });
    expect(output).toEqual(['all@0=a@2', 'all@0=ab@4']);
  });

  /** Concatenates, and deletes the row at a `-`. */
  const resettable: Aggregator<string, string, string> = {
    initializer: () => '',
    add: (_key, value, joined) => (value === '-' ? null : joined + value),
  };
  const RESET: Given[] = [
    ['k', 'a', 5],
    ['k', '-', 7],
    ['k', 'b', 2],
    ['k', 'c', 3],
  ];

  it('an aggregate that becomes null is deleted, and starts anew', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy(() => 'all', STRINGS)
      .aggregate(resettable, { name: 'joined', value: stringSerde })
      .toStream()
      .to('out', STRINGS);
    const output = await drive(builder, RESET, { repartition, valueSerde: stringSerde });
    expect(output).toEqual(['all=a@5', 'all=null@7', 'all=b@2', 'all=bc@3']);
  });

  it.each([
    ['onUpdate', ['all@0=a@5', 'all@0=null@7', 'all@0=b@2', 'all@0=bc@3']],
    ['onWindowClose', ['all@0=bc@3']],
  ] as const)('and so in a window, %s', async (emit, expected) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .groupBy(() => 'all', STRINGS)
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
      .emitStrategy(emit)
      .aggregate(resettable, { name: 'joined', value: stringSerde })
      .toStream()
      .selectKey(({ key, window }) => `${key}@${window.start}`)
      .to('out', { key: stringSerde });
    const output = await drive(builder, [...RESET, ['k', 'd', 30], ['k', '-', 31]], {
      repartition,
      valueSerde: stringSerde,
    });
    expect(output.filter((line) => line.startsWith('all@0'))).toEqual(expected);
  });

  it('a row that a filter has never let through is not deleted', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy((_key, value) => value, STRINGS)
      .count({ name: 'counts' })
      .filter((_key, count) => count === 2)
      .toStream()
      .to('out', { value: numberSerde });
    expect(await drive(builder, at(1, 2, 3, 4), { repartition })).toEqual(['a=2@2', 'a=null@3']);
  });

  it.each([
    ['onUpdate', ['a@0=2@2', 'a@0=null@3']],
    ['onWindowClose', []],
  ] as const)('nor one of a window, %s', async (emit, expected) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', STRINGS)
      .groupBy((_key, value) => value, STRINGS)
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
      .emitStrategy(emit)
      .count({ name: 'counts' })
      .filter((_key, count) => count === 2)
      .mapValues((count) => count)
      .toStream()
      .selectKey(({ key, window }) => `${key}@${window.start}`)
      .to('out', { key: stringSerde, value: numberSerde });
    expect(await drive(builder, at(1, 2, 3, 4, 20), { repartition })).toEqual(expected);
  });

  it('a tumbling window is [start, end)', async () => {
    const output = await drive(counts(TimeWindows.ofSizeAndGrace(10, 5)), at(0, 9, 10), { repartition });
    expect(output).toEqual(['a@0=1@0', 'a@0=2@9', 'a@10=1@10']);
  });

  it('a record falls into every hopping window that covers it', async () => {
    const windows = TimeWindows.ofSizeAndGrace(30, 0).advanceBy(10);
    expect(await drive(counts(windows), at(35), { repartition })).toEqual(['a@10=1@35', 'a@20=1@35', 'a@30=1@35']);
  });

  it('an advance need not divide the size', async () => {
    const windows = TimeWindows.ofSizeAndGrace(10, 100).advanceBy(4);
    // 9 is in [0,10), [4,14), [8,18); 10 in [4,14), [8,18).
    expect(await drive(counts(windows), at(9, 10), { repartition })).toEqual([
      'a@0=1@9',
      'a@4=1@9',
      'a@8=1@9',
      'a@4=2@10',
      'a@8=2@10',
    ]);
  });

  it('a record that is late for some windows counts in the others', async () => {
    const windows = TimeWindows.ofSizeAndGrace(20, 5).advanceBy(10);
    // At stream time 45, windows that end at or before 40 are closed. 25 is in [10,30) and [20,40): both closed.
    // 35 is in [20,40), closed, and in [30,50).
    expect(await drive(counts(windows), at(45, 25, 35), { repartition })).toEqual([
      'a@30=1@45',
      'a@40=1@45',
      'a@30=2@45',
    ]);
  });

  it('onWindowClose sends a window once, when its grace period is over', async () => {
    const builder = counts(TimeWindows.ofSizeAndGrace(10, 5), 'onWindowClose');
    expect(await drive(builder, at(1, 8, 14, 9, 15, 16), { repartition })).toEqual(['a@0=3@9']);
  });

  it('onWindowClose sends windows also after a gap of hours', async () => {
    const builder = counts(TimeWindows.ofSizeAndGrace(10, 5), 'onWindowClose');
    const hours = 7_200_000;
    expect(await drive(builder, at(1, hours, 2 * hours), { repartition })).toEqual([
      'a@0=1@1',
      `a@${hours}=1@${hours}`,
    ]);
  });

  it('the end of the input closes what is open', async () => {
    const builder = counts(TimeWindows.ofSizeAndGrace(10, 5), 'onWindowClose');
    expect(await drive(builder, at(1, 12), { repartition, drain: true })).toEqual(['a@0=1@1', 'a@10=1@12']);
  });

  const spread: KeepingAggregator<string, string, { low: number; high: number }> = {
    initializer: () => ({ low: Number.MAX_SAFE_INTEGER, high: 0 }),
    add: (_key, value, { low, high }) => ({ low: Math.min(low, Number(value)), high: Math.max(high, Number(value)) }),
    merge: (left, right) => ({ low: Math.min(left.low, right.low), high: Math.max(left.high, right.high) }),
  };

  it('an aggregate gives the same with and without merge', async () => {
    const run = (aggregator: typeof spread, records: readonly Given[], size: number, advance: number) => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', { ...STRINGS, nulls: 'skip' })
        .groupBy(() => 'all', STRINGS)
        .windowedBy(TimeWindows.ofSizeAndGrace(size, 10).advanceBy(advance))
        .aggregate(aggregator, { name: 'spread', value: jsonSerde<{ low: number; high: number }>() })
        .toStream()
        .map(({ window }, { low, high }) => [String(window.start), high - low])
        .to('out', { key: stringSerde, value: numberSerde });
      return drive(builder, records, { repartition });
    };
    const { merge: _merge, ...unmergeable } = spread;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(99), fc.nat(120)), { maxLength: 15 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        async (values, size, step) => {
          const records = values.map(([value, timestamp]): Given => ['k', String(value), timestamp]);
          const advance = Math.min(size, step);
          expect(await run(spread, records, size, advance)).toEqual(await run(unmergeable, records, size, advance));
        },
      ),
      { numRuns: 30, seed: 3 },
    );
  });

  it('late records go to their topic with how late they were', async () => {
    const driver = await TopologyTestDriver.create(counts(TimeWindows.ofSizeAndGrace(10, 5)).build(), {
      repartition,
      lateTopic: 'late',
    });
    for (const [key, value, timestamp] of at(30, 2)) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
    }
    const [late] = await driver.readOutput('late', stringSerde, stringSerde);
    expect(late).toMatchObject({ key: 'k', value: 'a', timestamp: 2 });
    const headers = Object.fromEntries((late?.headers ?? []).map(({ key, value }) => [key, value.toString()]));
    // [0, 10) closes at 15; stream time is 30: a grace of 21 would have kept it open.
    expect(headers).toMatchObject({ 'late-for': 'counts', 'late-by-ms': '28', 'grace-needed-ms': '21' });
    expect(driver.metrics.late['counts']).toMatchObject({ records: 1, dropped: 1 });
    await driver.close();
  });

  it('a record that becomes several is late once for the aggregate that they all come to', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { key: stringSerde, value: stringSerde, nulls: 'skip' })
      .flatMap((key, value) => [
        [key, value],
        ['*', value],
      ])
      .groupByKey({ key: stringSerde, value: stringSerde })
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 5))
      .count({ name: 'counts' });
    const driver = await TopologyTestDriver.create(builder.build(), { repartition, lateTopic: 'late' });
    for (const [key, value, timestamp] of at(30, 2)) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
    }
    const late = await driver.readOutput('late', stringSerde, stringSerde);
    expect(late).toHaveLength(1);
    const [reason] = late[0]?.headers ?? [];
    expect(reason?.value.toString()).toBe('counts');
    await driver.close();
  });
});

describe('TimeWindows', () => {
  it.each([
    () => TimeWindows.ofSizeAndGrace(0, 0),
    () => TimeWindows.ofSizeAndGrace('1 lightyear' as never, 0),
    () => TimeWindows.ofSizeAndGrace('1s', -1),
    () => TimeWindows.ofSizeWithNoGrace('1s').advanceBy('2s'),
    () => TimeWindows.ofSizeWithNoGrace('1s').advanceBy(0),
  ])('refuses what is no window: %s', (make) => {
    expect(make).toThrow(ArgumentError);
  });
});
