import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Aggregator,
  jsonSerde,
  keyValueStore,
  numberSerde,
  type Position,
  type StateQueries,
  StateQueryError,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { partitionForString } from '../../../../streams/log/partitioner.js';
import { localStateQueries } from '../../../../streams/queries/local-state-queries.js';
import { LocalKeyValueStore, LocalWindowStore } from '../../../../streams/queries/local-store.js';
import { TaskStores } from '../../../../streams/queries/task-stores.js';
import type { StreamThread } from '../../../../streams/runtime/stream-thread.js';
import { clockAt, startThread } from '../runtime/manual-thread.js';

const STRINGS = { key: stringSerde, value: stringSerde };
type Row = readonly [key: string, value: string, timestamp: number];

async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

let log: EmbeddedLog;
beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
});
afterEach(() => log.close());

async function append(rows: readonly Row[], partitions = 1): Promise<void> {
  const transaction = log.transaction();
  for (const [key, value, timestamp] of rows) {
    const partition = partitionForString(key, partitions);
    transaction.append('in', partition, timestamp, Buffer.from(key), Buffer.from(value));
  }
  await transaction.commit();
}

async function run(define: (builder: StreamsBuilder) => void, partitions = 1): Promise<StreamThread> {
  await log.ensureTopic('in', { partitions });
  const builder = new StreamsBuilder();
  define(builder);
  return startThread(builder.build(), log, clockAt(0));
}

async function commit(thread: StreamThread): Promise<void> {
  await thread.commit();
  await thread.settleCommit();
}

const storesOf = (thread: StreamThread) => new TaskStores(() => thread.running);

/** Changes the aggregate that it is given. */
const GATHERING: Aggregator<string, string, string[]> = {
  initializer: () => [],
  add: (_key, value, gathered) => {
    gathered.push(value);
    return gathered;
  },
};

describe('a view answers what was committed, and nothing of what was only processed', () => {
  it('of a table, an aggregate and a store of a processor', async () => {
    const entries = keyValueStore({
      name: 'entries',
      keySerde: stringSerde,
      valueSerde: jsonSerde<string[]>(),
      sharesValues: true,
    });
    const thread = await run((builder) => {
      const stream = builder.stream('in', { ...STRINGS, nulls: 'skip' });
      stream.groupByKey().count({ name: 'counts' });
      stream.process(
        () => {
          let store: ReturnType<typeof entries.create>;
          return {
            init: (context) => {
              store = context.stateStore(entries) as typeof store;
            },
            process: ({ key, value }) => {
              const held = store.get(key) ?? [];
              held.push(value);
              store.put(key, held);
            },
          };
        },
        { stores: [entries] },
      );
    });
    const counts = new LocalKeyValueStore<string, number>(storesOf(thread), 'counts');
    const gathered = new LocalKeyValueStore<string, string[]>(storesOf(thread), 'entries');
    await append([
      ['a', '1', 1],
      ['b', '2', 2],
    ]);
    await thread.runOnce(0);
    expect([counts.get('a'), await collect(counts.all()), gathered.get('a')]).toEqual([undefined, [], undefined]);
    await commit(thread);
    await append([
      ['a', '3', 3],
      ['c', '4', 4],
    ]);
    await thread.runOnce(0);
    expect(await collect(counts.all())).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(gathered.get('a')).toEqual(['1']);
    expect(await counts.approximateNumEntries()).toBe(2);
    // What is answered is the reader's own.
    gathered.get('a')?.push('of the reader');
    await commit(thread);
    expect([counts.get('a'), counts.get('none')]).toEqual([2, undefined]);
    expect(gathered.get('a')).toEqual(['1', '3']);
    expect(await collect(counts.range('b', undefined))).toEqual([
      ['b', 1],
      ['c', 1],
    ]);
    expect(await collect(counts.range('a', 'b'))).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(await collect(counts.range('c', 'a'))).toEqual([]);
    await thread.close({ commit: false });
  });

  it('of windows whose aggregate is changed in place', async () => {
    const thread = await run((builder) => {
      builder
        .stream('in', { ...STRINGS, nulls: 'skip' })
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .aggregate(GATHERING, { name: 'gathered', value: jsonSerde<string[]>() });
    });
    const store = new LocalWindowStore<string, string[]>(storesOf(thread), 'gathered');
    await append([['a', '1', 1]]);
    await thread.runOnce(0);
    expect(await collect(store.fetch('a', 0, 100))).toEqual([]);
    await commit(thread);
    await append([['a', '2', 2]]);
    await thread.runOnce(0);
    expect(await collect(store.fetch('a', 0, 100))).toEqual([[0, ['1']]]);
    await commit(thread);
    expect(await collect(store.fetch('a', 0, 0))).toEqual([[0, ['1', '2']]]);
    expect(await collect(store.fetch('a', 1, 9))).toEqual([]);
    await thread.close({ commit: false });
  });
});

describe('windows of a view are those of the records that were committed', () => {
  const counted: Aggregator<string, string, number> = { initializer: () => 0, add: (_key, _value, count) => count + 1 };
  const merged = { ...counted, merge: (left: number, right: number) => left + right };
  const kinds = {
    'each whole': counted,
    merged,
    'merged and undone': { ...merged, subtract: (a: number, b: number) => a - b },
  };

  it.each(Object.entries(kinds))('%s, whatever is committed when', async (_name, aggregator) => {
    const [size, advance, grace] = [10, 4, 6];
    const record = fc.tuple(fc.constantFrom('a', 'b', 'é'), fc.constant(''), fc.nat(120));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(record, { maxLength: 12 }), { maxLength: 6 }), async (commits) => {
        log = await EmbeddedLog.inMemory();
        const thread = await run((builder) => {
          builder
            .stream('in', { ...STRINGS, nulls: 'skip' })
            .groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(size, grace).advanceBy(advance))
            .aggregate(aggregator, { name: 'windows', value: numberSerde });
        });
        const store = new LocalWindowStore<string, number>(storesOf(thread), 'windows');
        const expected = new Map<string, number>();
        let streamTime = -1;
        for (const rows of commits) {
          await append(rows);
          await thread.runOnce(0);
          await commit(thread);
          for (const [key, , time] of rows) {
            streamTime = Math.max(streamTime, time);
            for (let start = 0; start <= time; start += advance) {
              if (time >= start + size || start + size + grace <= streamTime) continue;
              const id = `${String(start).padStart(4, '0')} ${key}`;
              expected.set(id, (expected.get(id) ?? 0) + 1);
            }
          }
          const open = [...expected].filter(([id]) => Number.parseInt(id, 10) + size + grace > streamTime).sort();
          const all = await collect(store.all());
          expect(
            all.map(([{ key, window }, count]) => [`${String(window.start).padStart(4, '0')} ${key}`, count]),
          ).toEqual(open);
          const ofKey = await collect(store.fetch('a', 8, 40));
          const within = open.filter(
            ([id]) => id.endsWith(' a') && Number.parseInt(id, 10) >= 8 && Number.parseInt(id, 10) <= 40,
          );
          expect(ofKey).toEqual(within.map(([id, count]) => [Number.parseInt(id, 10), count]));
        }
        await thread.close({ commit: false });
        await log.close();
      }),
      { numRuns: 40, seed: 7 },
    );
    log = await EmbeddedLog.inMemory();
  });
});

describe('a query', () => {
  const counts = (builder: StreamsBuilder) =>
    void builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .groupBy((_key, value) => value, STRINGS)
      .count({ name: 'counts' });
  const answersOf = async (queries: StateQueries, bound: Position = {}, partitions?: number[]) => {
    const query = { type: 'key', key: 'x' } as const;
    const request = { store: 'counts', query, bound, ...(partitions && { partitions }) };
    const result = await queries.query<number>(request);
    return [...result.partitions].map(([partition, answer]) => [
      partition,
      answer.isSuccess ? answer.value : answer.failure,
    ]);
  };

  it('tells the position in the topics that feed the store, and waits for no bound', async () => {
    const thread = await run(counts, 2);
    const queries = localStateQueries(storesOf(thread));
    await append(
      ['a', 'b', 'c', 'd', 'e'].map((key, i) => [key, 'x', i] as const),
      2,
    );
    const ends = {
      0: await log.endOffset({ topic: 'in', partition: 0 }),
      1: await log.endOffset({ topic: 'in', partition: 1 }),
    };
    const partition = partitionForString('x', 2);
    await thread.runOnce(0);
    expect(new Map((await answersOf(queries, { in: ends })) as [number, unknown][]).get(partition)).toBe(
      'NOT_UP_TO_BOUND',
    );
    while ((await thread.runOnce(0)) > 0);
    await commit(thread);
    expect(new Map((await answersOf(queries, { in: ends })) as [number, unknown][]).get(partition)).toBe(5);
    const result = await queries.query<number>({ store: 'counts', query: { type: 'key', key: 'x' } });
    expect(result.partitions.get(partition)).toMatchObject({ isSuccess: true, value: 5, position: { in: ends } });
    await thread.close({ commit: false });
  });

  it('says for each partition why it has no answer', async () => {
    const thread = await run(counts, 2);
    const stores = storesOf(thread);
    const queries = localStateQueries(stores);
    const other = 1 - partitionForString('x', 2);
    expect(await answersOf(queries, {}, [other, 2, -1])).toEqual([
      [other, undefined],
      [2, 'DOES_NOT_EXIST'],
      [-1, 'DOES_NOT_EXIST'],
    ]);
    const windows = await queries.query<number>({
      store: 'counts',
      query: { type: 'window-key', key: 'x', from: 0, to: 1 },
    });
    expect([...windows.partitions.values()].map((answer) => !answer.isSuccess && answer.failure)).toEqual([
      'UNKNOWN_QUERY_TYPE',
      'UNKNOWN_QUERY_TYPE',
    ]);
    const moved = {
      partitions: () => 2,
      isSettled: true,
      find: (name: string) => stores.find(name).slice(0, 1),
      standbys: () => [],
    };
    expect(await answersOf(localStateQueries(moved), {}, [0, 1])).toEqual([
      [0, undefined],
      [1, 'NOT_PRESENT'],
    ]);
    await expect(queries.query({ store: 'none', query: { type: 'range' } })).rejects.toThrow('has no store "none"');
    await thread.close({ commit: false });
    expect(await answersOf(queries, {}, [0])).toEqual([[0, 'NOT_ACTIVE']]);
  });
});

it('a running application answers while records flow, each time a whole commit, and never less than before', async () => {
  const partitions = 3;
  const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`);
  await log.ensureTopic('in', { partitions });
  const builder = new StreamsBuilder();
  const grouped = builder.stream('in', { ...STRINGS, nulls: 'skip' }).groupByKey();
  grouped.count({ name: 'counts' });
  grouped.windowedBy(TimeWindows.ofSizeWithNoGrace('1h')).count({ name: 'hours' });
  const streams = new Streams(builder.build(), { applicationId: 'app', log, commitInterval: 5 });
  expect(() => streams.store('counts')).toThrow(StateQueryError);
  await streams.start();
  const store = streams.store<string, number>('counts');
  const hours = streams.store<string, number>('hours', 'window');
  expect(() => streams.store('hours')).toThrow('is one of kind window');
  // By partition, the key of each record in the order of the log.
  const written: string[][] = [[], [], []];
  const countAt = (partition: number, key: string, offset: number) =>
    written[partition]?.slice(0, offset).filter((one) => one === key).length ?? 0;
  const before = new Map<string, number>();
  let partial = 0;
  for (let round = 0; round < 60; round++) {
    const rows = Array.from({ length: 50 }, (_, i): Row => [keys[(round * 7 + i * i) % keys.length] ?? '', 'v', round]);
    for (const [key] of rows) written[partitionForString(key, partitions)]?.push(key);
    await append(rows, partitions);
    const key = keys[round % keys.length] ?? '';
    const partition = partitionForString(key, partitions);
    const { partitions: answers } = await streams.query<number>({ store: 'counts', query: { type: 'key', key } });
    const answer = answers.get(partition);
    if (answer?.isSuccess !== true) throw new Error(`no answer: ${answer?.message}`);
    const counted = answer.value ?? 0;
    // A topic that nothing was committed of stands at 0.
    const position = answer.position.in?.[partition] ?? 0;
    expect(counted).toBeGreaterThanOrEqual(countAt(partition, key, position));
    expect(counted).toBeGreaterThanOrEqual(before.get(key) ?? 0);
    before.set(key, counted);
    if (counted < countAt(partition, key, Number.POSITIVE_INFINITY)) partial++;
    const entries = await collect(store.all());
    const sum = entries.reduce((total, [, count]) => total + count, 0);
    // A commit takes whole transactions' records or none of them: here it may take some partitions' before others'.
    expect(sum).toBeLessThanOrEqual(50 * (round + 1));
    const sumOfHours = (await collect(hours.fetchAll(0, 0))).reduce((total, [, count]) => total + count, 0);
    expect(sumOfHours).toBeGreaterThanOrEqual(sum);
  }
  expect(partial).toBeGreaterThan(0);
  const ends: Record<number, number> = {};
  for (const [partition, all] of written.entries()) ends[partition] = all.length;
  const isThere = async () => {
    const { partitions: answers } = await streams.query<string, number>({
      store: 'counts',
      query: { type: 'range' },
      bound: { in: ends },
    });
    return [...answers.values()].every(({ isSuccess }) => isSuccess);
  };
  await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
  for (const key of keys) {
    const partition = partitionForString(key, partitions);
    expect(store.get(key)).toBe(countAt(partition, key, Number.POSITIVE_INFINITY) || undefined);
  }
  await streams.close();
  expect(() => streams.store('counts')).toThrow('the application is NOT_RUNNING');
  expect(() => store.get('key 1')).toThrow(StateQueryError);
});
