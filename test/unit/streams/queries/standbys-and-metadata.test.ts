import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type PartitionAnswer,
  type Position,
  type RangeQuery,
  StateQueryError,
  type StateQueryRequest,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { partitionForString } from '../../../../streams/log/partitioner.js';
import { localStateQueries } from '../../../../streams/queries/local-state-queries.js';
import { until } from '../../../until.js';
import { memberLog } from '../runtime/group-log.js';

const PARTITIONS = 4;
const WORDS = Array.from({ length: 30 }, (_, i) => `word ${i}`);

let log: EmbeddedLog;
const running: Streams[] = [];

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic('words', { partitions: PARTITIONS });
});
afterEach(async () => {
  for (const streams of running.splice(0)) await streams.close();
  await log.close();
});

function countWords() {
  const builder = new StreamsBuilder();
  builder
    .stream('words', { key: stringSerde, value: stringSerde, nulls: 'skip' })
    .groupByKey()
    .count({ name: 'counts' });
  return builder.build();
}

/** Two instances of an application in one process, each with every second partition. */
async function startTwo(config: Partial<StreamsConfig> = {}): Promise<[Streams, Streams]> {
  const [one, other] = [0, 1].map((member) => {
    const host = { host: `host-${member}`, port: 7000 + member };
    const options = {
      applicationId: 'app',
      log: memberLog(log, member, 2),
      commitInterval: 20,
      applicationServer: host,
    };
    return new Streams(countWords(), { ...options, ...config });
  }) as [Streams, Streams];
  for (const streams of [one, other]) {
    running.push(streams);
    await streams.start();
  }
  return [one, other];
}

/** Writes each word once more. @returns where the topic ends then */
async function writeWords(): Promise<Position> {
  const transaction = log.transaction();
  for (const word of WORDS) {
    transaction.append('words', partitionForString(word, PARTITIONS), 1, Buffer.from(word), Buffer.from(word));
  }
  await transaction.commit();
  const ends: Record<number, number> = {};
  for (let partition = 0; partition < PARTITIONS; partition++) {
    ends[partition] = await log.endOffset({ topic: 'words', partition });
  }
  return { words: ends };
}

type Options = Pick<StateQueryRequest, 'bound' | 'maxLag' | 'partitions'>;

function askFor(streams: Streams, word: string, options: Options = {}) {
  return streams.query<number>({ store: 'counts', query: { type: 'key', key: word }, ...options });
}

async function answerFor(streams: Streams, word: string, options: Options = {}) {
  const partition = partitionForString(word, PARTITIONS);
  const { partitions } = await askFor(streams, word, { partitions: [partition], ...options });
  return partitions.get(partition) as PartitionAnswer<number | undefined>;
}

const ownerOf = (streams: readonly Streams[], word: string) =>
  streams[partitionForString(word, PARTITIONS) % 2] as Streams;
const otherOf = (streams: readonly Streams[], word: string) =>
  streams[1 - (partitionForString(word, PARTITIONS) % 2)] as Streams;

it('each instance tells who has a key, and what all instances have, until one leaves', async () => {
  const [one, other] = await startTwo();
  await until(
    () => other.metadataForAllStreamsClients().length === 2 && one.metadataForAllStreamsClients().length === 2,
  );
  for (const streams of [one, other]) {
    await until(() =>
      streams.metadataForAllStreamsClients().every(({ stateStoreNames }) => stateStoreNames.length > 0),
    );
    for (const word of WORDS) {
      const partition = partitionForString(word, PARTITIONS);
      const activeHost = { host: `host-${partition % 2}`, port: 7000 + (partition % 2) };
      expect(streams.queryMetadataForKey('counts', word)).toEqual({ activeHost, standbyHosts: [], partition });
      expect(streams.queryMetadataForKey('counts', word, stringSerde).partition).toBe(partition);
    }
    expect(streams.queryMetadataForKey('counts', 'any', (_key, count) => count - 1)).toMatchObject({ partition: 3 });
  }
  expect(one.metadataForAllStreamsClients()).toEqual([
    {
      ...{ hostInfo: { host: 'host-0', port: 7000 }, isLocal: true, stateStoreNames: ['counts'] },
      topicPartitions: [0, 2].map((partition) => ({ topic: 'words', partition })),
      ...{ activePartitions: { counts: [0, 2] }, standbyStateStoreNames: [], standbyPartitions: {} },
    },
    {
      ...{ hostInfo: { host: 'host-1', port: 7001 }, isLocal: false, stateStoreNames: ['counts'] },
      topicPartitions: [1, 3].map((partition) => ({ topic: 'words', partition })),
      ...{ activePartitions: { counts: [1, 3] }, standbyStateStoreNames: [], standbyPartitions: {} },
    },
  ]);
  expect(one.streamsMetadataForStore('counts')).toHaveLength(2);
  expect(() => one.streamsMetadataForStore('none')).toThrow(StateQueryError);
  await other.close();
  await until(() => one.metadataForAllStreamsClients().length === 1);
  expect(one.queryMetadataForKey('counts', WORDS[0], () => 1).activeHost).toBeUndefined();
});

it('an instance alone, over a log of its own, has all', async () => {
  const applicationServer = { host: 'here', port: 1 };
  const streams = new Streams(countWords(), { applicationId: 'app', log, applicationServer });
  running.push(streams);
  expect(() => streams.metadataForAllStreamsClients()).toThrow('CREATED');
  await streams.start();
  expect(streams.metadataForAllStreamsClients()).toMatchObject([
    { hostInfo: applicationServer, isLocal: true, activePartitions: { counts: [0, 1, 2, 3] } },
  ]);
  expect(streams.queryMetadataForKey('counts', 'word 1').activeHost).toEqual(applicationServer);
});

it('a standby answers where the request says how far it may be behind, and says how far it is', async () => {
  const both = await startTwo({ numStandbyReplicas: 1 });
  const ends = await writeWords();
  for (const streams of both) {
    await until(async () => (await streams.standbyTasks()).filter(({ lag }) => lag === 0).length === 2);
  }
  for (const word of WORDS) {
    await until(async () => (await answerFor(ownerOf(both, word), word, { bound: ends })).isSuccess);
    const standby = otherOf(both, word);
    expect(await answerFor(standby, word)).toMatchObject({ isSuccess: false, failure: 'NOT_ACTIVE' });
    await until(async () => (await answerFor(standby, word, { bound: ends, maxLag: 0 })).isSuccess);
    const answer = await answerFor(standby, word, { bound: ends, maxLag: 0 });
    const partition = partitionForString(word, PARTITIONS);
    const position = { words: { [partition]: ends['words']?.[partition] } };
    expect(answer).toEqual({ isSuccess: true, value: 1, position, isActive: false, lag: 0 });
  }
  const word = WORDS[0] ?? '';
  const beyond = { words: { [partitionForString(word, PARTITIONS)]: 1000 } };
  expect(await answerFor(otherOf(both, word), word, { bound: beyond, maxLag: Number.POSITIVE_INFINITY })).toMatchObject(
    {
      failure: 'NOT_UP_TO_BOUND',
    },
  );
  await expect(answerFor(otherOf(both, word), word, { maxLag: -1 })).rejects.toThrow('maxLag');
  const lags = await both[0].allLocalStorePartitionLags();
  expect([...(lags.get('counts')?.keys() ?? [])].sort()).toEqual([0, 1, 2, 3]);
  for (const lag of lags.get('counts')?.values() ?? []) expect(lag).toMatchObject({ offsetLag: 0 });
  await until(() => {
    const told = both[0].metadataForAllStreamsClients().map(({ standbyPartitions }) => standbyPartitions);
    return isDeepStrictEqual(told, [{ counts: [1, 3] }, { counts: [0, 2] }]);
  });
  expect(both[1].queryMetadataForKey('counts', '', () => 3)).toEqual({
    activeHost: { host: 'host-1', port: 7001 },
    standbyHosts: [{ host: 'host-0', port: 7000 }],
    partition: 3,
  });
});

it('a standby goes on answering when its task has gone, and a state that is further behind than asked for does not', async () => {
  const both = await startTwo({ numStandbyReplicas: 1 });
  await writeWords();
  for (const streams of both) {
    await until(async () => (await streams.standbyTasks()).filter(({ lag }) => lag === 0).length === 2);
  }
  const word = WORDS[0] ?? '';
  const standby = otherOf(both, word);
  await ownerOf(both, word).close();
  running.splice(running.indexOf(ownerOf(both, word)), 1);
  expect(await answerFor(standby, word, { maxLag: 0 })).toMatchObject({ value: 1, isActive: false, lag: 0 });
  // The changelog goes on before the standby has read of it, as when it is slow.
  const partition = partitionForString(word, PARTITIONS);
  const queries = localStateQueries({
    partitions: () => PARTITIONS,
    isSettled: true,
    find: () => [],
    standbys: () => [
      {
        ...{ partition, isActive: false, position: () => ({}) },
        view: { kind: 'key-value', store: standby.store('counts') },
        following: { lag: async () => 5, reaches: async () => true },
      },
    ],
  });
  const ask = async (maxLag: number) => {
    const query = { type: 'key', key: word } as const;
    const { partitions } = await queries.query<number>({ store: 'counts', query, partitions: [partition], maxLag });
    return partitions.get(partition);
  };
  expect(await ask(4)).toMatchObject({ isSuccess: false, failure: 'NOT_UP_TO_BOUND' });
  expect(await ask(5)).toMatchObject({ isSuccess: true, lag: 5 });
});

it('ranges are answered from either end, and no more of them than asked for; what a serde does not take is a failure', async () => {
  const streams = new Streams(countWords(), { applicationId: 'app', log, commitInterval: 20 });
  running.push(streams);
  await streams.start();
  const bound = await writeWords();
  await until(async () => (await answerFor(streams, WORDS[0] ?? '', { bound })).isSuccess);
  const partition = partitionForString(WORDS[0] ?? '', PARTITIONS);
  const here = WORDS.filter((word) => partitionForString(word, PARTITIONS) === partition).sort();
  const range = async (query: Partial<RangeQuery<string>>) => {
    const request = { store: 'counts', query: { type: 'range', ...query } as const, bound, partitions: [partition] };
    const answer = (await streams.query<string, number>(request)).partitions.get(partition);
    const keys: string[] = [];
    if (answer?.isSuccess) for await (const [key] of answer.value) keys.push(key);
    return keys;
  };
  const [second, fourth] = [here[1] ?? '', here[3] ?? ''];
  expect(await range({})).toEqual(here);
  expect(await range({ descending: true })).toEqual(here.toReversed());
  expect(await range({ from: second, to: fourth, descending: true })).toEqual(here.slice(1, 4).toReversed());
  expect(await range({ from: second, limit: 2 })).toEqual(here.slice(1, 3));
  expect(await range({ descending: true, limit: 1 })).toEqual(here.slice(-1));
  expect(await range({ limit: 0 })).toEqual([]);
  await expect(range({ limit: -1 })).rejects.toThrow('limit');
  const noText = { store: 'counts', query: { type: 'key', key: 7 } as const, partitions: [partition] };
  expect((await streams.query(noText)).partitions.get(partition)).toMatchObject({ failure: 'STORE_EXCEPTION' });
});
