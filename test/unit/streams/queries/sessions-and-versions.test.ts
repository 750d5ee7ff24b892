import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  numberSerde,
  type PartitionAnswer,
  SessionWindows,
  Streams,
  StreamsBuilder,
  sessionStore,
  stringSerde,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { partitionForString } from '../../../../streams/log/partitioner.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';
import { until } from '../../../until.js';
import { memberLog } from '../runtime/group-log.js';

const PARTITIONS = 2;
const STRINGS = { key: stringSerde, value: stringSerde };
const LOCAL = { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: 'a token that all share' };

/** One of each partition. */
const KEYS = ['a', 'b', 'c', 'd', 'e'].filter((key, i, all) => {
  const partition = partitionForString(key, PARTITIONS);
  return all.findIndex((other) => partitionForString(other, PARTITIONS) === partition) === i;
});

let log: EmbeddedLog;
const running: Streams[] = [];

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic('visits', { partitions: PARTITIONS });
  await log.ensureTopic('prices', { partitions: PARTITIONS });
});
afterEach(async () => {
  for (const streams of running.splice(0)) await streams.close();
  await log.close();
});

function topology() {
  const builder = new StreamsBuilder();
  builder
    .stream('visits', { ...STRINGS, nulls: 'skip' })
    .groupByKey()
    .windowedBy(SessionWindows.ofInactivityGapAndGrace(10, 100))
    .count({ name: 'sessions' });
  builder.table('prices', STRINGS, { name: 'prices', versioned: 100 });
  return builder.build();
}

/** Two instances, each with one of the partitions, that have read what is written here. */
async function start(): Promise<readonly [Streams, Streams]> {
  const all = [0, 1].map((member) => {
    const options = { applicationId: 'app', log: memberLog(log, member, 2), commitInterval: 20 };
    return new Streams(topology(), { ...options, applicationServer: LOCAL });
  });
  for (const streams of all) {
    running.push(streams);
    await streams.start();
  }
  const transaction = log.transaction();
  const bound: Record<string, Record<number, number>> = { visits: {}, prices: {} };
  for (const key of KEYS) {
    const partition = partitionForString(key, PARTITIONS);
    for (const time of [0, 5, 30, 35])
      transaction.append('visits', partition, time, Buffer.from(key), Buffer.from('v'));
    for (const time of [10, 20]) {
      transaction.append('prices', partition, time, Buffer.from(key), Buffer.from(`${key} at ${time}`));
    }
    Object.assign(bound['visits'] ?? {}, { [partition]: 4 });
    Object.assign(bound['prices'] ?? {}, { [partition]: 2 });
  }
  await transaction.commit();
  const [one, other] = all as [Streams, Streams];
  await until(async () => {
    const [sessions, versions] = await Promise.all([
      one.queryAnywhere({ store: 'sessions', query: { type: 'session-range' }, bound }),
      one.queryAnywhere({ store: 'prices', query: { type: 'versioned-key', key: 'a' }, bound, partitions: [0, 1] }),
    ]);
    return [...sessions.partitions.values(), ...versions.partitions.values()].every(({ isSuccess }) => isSuccess);
  });
  return [one, other];
}

function answersOf<V>(partitions: ReadonlyMap<number, PartitionAnswer<V>>): V[] {
  return [...partitions.values()].map((answer) => {
    if (!answer.isSuccess) throw new Error(`${answer.failure}: ${answer.message}`);
    return answer.value;
  });
}

async function all<T>(entries: readonly AsyncIterable<T>[]): Promise<T[]> {
  const found: T[] = [];
  for (const one of entries) for await (const entry of one) found.push(entry);
  return found;
}

it('sessions and versions are answered by the instance that has them, here or elsewhere', async () => {
  expect(KEYS).toHaveLength(PARTITIONS);
  for (const streams of await start()) {
    for (const key of KEYS) {
      const told = async (from?: number, to?: number) => {
        const request = { store: 'sessions', query: { type: 'session-key', key, from, to } } as const;
        const found = await all(answersOf((await streams.queryAnywhere<string, number>(request)).partitions));
        return found.map(([windowed, count]) => `${windowed} ${count}`);
      };
      expect(await told()).toEqual([`[${key}@0/5] 2`, `[${key}@30/35] 2`]);
      // Those that reach into the time from 5 to 29, both included.
      expect(await told(5, 29)).toEqual([`[${key}@0/5] 2`]);
      expect(await told(6, 29)).toEqual([]);

      const price = async (asOf?: number) => {
        const request = { store: 'prices', query: { type: 'versioned-key', key, asOf } } as const;
        return answersOf((await streams.queryAnywhere<string>(request)).partitions);
      };
      expect(await price()).toEqual([{ value: `${key} at 20`, timestamp: 20, validTo: undefined }]);
      expect(await price(19)).toEqual([{ value: `${key} at 10`, timestamp: 10, validTo: 20 }]);
      expect(await price(9)).toEqual([undefined]);
      const query = { type: 'version-history', key, from: 0, descending: true, limit: 5 } as const;
      const history = answersOf((await streams.queryAnywhere<string>({ store: 'prices', query })).partitions);
      expect(await all(history)).toEqual([
        { value: `${key} at 20`, timestamp: 20, validTo: undefined },
        { value: `${key} at 10`, timestamp: 10, validTo: 20 },
      ]);
    }
    const range = { store: 'sessions', query: { type: 'session-range', from: 20, limit: 1 } } as const;
    const found = await all(answersOf((await streams.queryAnywhere<string, number>(range)).partitions));
    expect(found.map(([{ key, window }]) => [key, window.start]).sort()).toEqual(KEYS.map((key) => [key, 30]).sort());
  }
});

it('a store of sessions, or of versions, is read as one, and of no other kind', async () => {
  await start();
  for (const streams of running.splice(0)) await streams.close();
  // Over the log of one instance, all partitions are here.
  const streams = new Streams(topology(), { applicationId: 'app', log });
  running.push(streams);
  await streams.start();
  await streams.drain({ keepOpen: true });
  const [key = ''] = KEYS;
  const sessions = streams.store<string, number>('sessions', 'session');
  expect(sessions.fetchSession(key, 0, 5)).toBe(2);
  expect((await all([sessions.fetch(key)])).map(([{ window }]) => window)).toEqual([
    { start: 0, end: 5 },
    { start: 30, end: 35 },
  ]);
  expect(await all([sessions.all()])).toHaveLength(2 * KEYS.length);
  expect(await all([sessions.findAllSessions(6, 100)])).toHaveLength(KEYS.length);
  const prices = streams.store<string, string>('prices', 'versioned');
  expect(prices.get(key, 15)?.value).toBe(`${key} at 10`);
  expect(prices.history(key)).toHaveLength(2);
  expect(() => streams.store('prices', 'session').fetchSession('a', 0, 1)).toThrow(/kind versioned/);
  const { partitions } = await streams.query({ store: 'sessions', query: { type: 'key', key } });
  expect([...partitions.values()].map((answer) => !answer.isSuccess && answer.failure)).toContain('UNKNOWN_QUERY_TYPE');
});

it('a processor keeps sessions as it likes, and those beyond the retention are gone', async () => {
  const definition = sessionStore({ name: 'mine', keySerde: stringSerde, valueSerde: numberSerde, retention: 20 });
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .process<string, string>(
      () => {
        let store: ReturnType<typeof definition.create>;
        return {
          init: (context) => {
            store = context.stateStore(definition) as typeof store;
          },
          process: ({ key, timestamp, value }) => {
            const start = Number(value);
            const before = store.fetchSession(`${key}`, start, timestamp) ?? 0;
            store.put(`${key}`, { start, end: timestamp }, start < 0 ? null : before + 1);
            if (start === 7) store.remove(`${key}`, { start, end: timestamp });
          },
        };
      },
      { stores: [definition] },
    )
    .to('out', STRINGS);
  const driver = await TopologyTestDriver.create(builder.build());
  const pipe = (value: number, timestamp: number) =>
    driver.pipeInput('in', stringSerde, stringSerde, { key: 'k', value: `${value}`, timestamp });
  const told = () =>
    driver
      .getSessionStore<string, number>('mine')
      .all()
      .map(([windowed, value]) => `${windowed}=${value}`);
  await pipe(0, 10);
  await pipe(0, 10);
  await pipe(5, 30);
  await pipe(7, 12);
  expect(told()).toEqual(['[k@0/10]=2', '[k@5/30]=1']);
  await driver.restart();
  await pipe(5, 31);
  // 31 - 20 is later than 10.
  await pipe(0, 10);
  expect(told()).toEqual(['[k@5/30]=1', '[k@5/31]=1']);
  expect(driver.getSessionStore<string, number>('mine').fetchSession('k', 5, 31)).toBe(1);
  await driver.close();
});
