import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ApplicationServer,
  keyValueStore,
  numberSerde,
  type PartitionAnswer,
  STATE_QUERIES_PATH,
  type StateQueryRequest,
  type StateQueryResult,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
  TimeWindows,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { partitionForString } from '../../../../streams/log/partitioner.js';
import { until } from '../../../until.js';
import { memberLog } from '../runtime/group-log.js';

const PARTITIONS = 4;
const HOUR_MS = 3_600_000;
const WORDS = Array.from({ length: 24 }, (_, i) => `wörd ${i}`);
const TOKEN = 'a token that all share';
const LOCAL: ApplicationServer = { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: TOKEN };

let log: EmbeddedLog;
const running: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic('words', { partitions: PARTITIONS });
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  await log.close();
});

function countWords() {
  const seen = keyValueStore({ name: 'seen', keySerde: stringSerde, valueSerde: numberSerde });
  const builder = new StreamsBuilder();
  const words = builder.stream('words', { key: stringSerde, value: stringSerde, nulls: 'skip' });
  words.groupByKey().count({ name: 'counts' });
  words.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(HOUR_MS)).count({ name: 'hours' });
  words.process(
    () => {
      let store: ReturnType<typeof seen.create>;
      return {
        init: (context) => {
          store = context.stateStore(seen) as typeof store;
        },
        process: ({ value }) => store.put(`${value} was seen`, 1),
      };
    },
    { stores: [seen] },
  );
  return builder.build();
}

/** Instances of an application in one process, which share out the partitions. */
async function start(servers: readonly ApplicationServer[], config: Partial<StreamsConfig> = {}): Promise<Streams[]> {
  const all = servers.map((applicationServer, member) => {
    const options = { applicationId: 'app', log: memberLog(log, member, servers.length), commitInterval: 20 };
    return new Streams(countWords(), { ...options, applicationServer, ...config });
  });
  for (const streams of all) {
    running.push(streams);
    await streams.start();
  }
  const has = ({ stateStoreNames }: { readonly stateStoreNames: readonly string[] }) => stateStoreNames.length === 3;
  for (const streams of all) {
    await until(() => streams.metadataForAllStreamsClients().filter(has).length === servers.length);
  }
  return all;
}

/** Writes each word once more, and waits until all have counted it. */
async function write(all: readonly Streams[], timestamp = 1): Promise<Record<number, number>> {
  const transaction = log.transaction();
  for (const word of WORDS) {
    transaction.append('words', partitionForString(word, PARTITIONS), timestamp, Buffer.from(word), Buffer.from(word));
  }
  await transaction.commit();
  const ends: Record<number, number> = {};
  for (let partition = 0; partition < PARTITIONS; partition++) {
    ends[partition] = await log.endOffset({ topic: 'words', partition });
  }
  for (const streams of all) {
    await until(async () => {
      const request = { store: 'counts', query: { type: 'range' }, bound: { words: ends } } as const;
      return [...(await streams.query(request)).partitions.values()].every(({ isSuccess }) => isSuccess);
    });
  }
  return ends;
}

const partitionOf = (word: string) => partitionForString(word, PARTITIONS);
const otherOf = (all: readonly Streams[], word: string) => all[1 - (partitionOf(word) % 2)] as Streams;
const ownerOf = (all: readonly Streams[], word: string) => all[partitionOf(word) % 2] as Streams;
const word = WORDS[0] as string;

async function countOf(
  streams: Streams,
  key: string,
  options: Partial<Pick<StateQueryRequest, 'maxLag'>> = {},
  deadline = 10_000,
) {
  const request = { store: 'counts', query: { type: 'key', key }, ...options } as const;
  const { partitions } = await streams.queryAnywhere<number>(request, { deadline });
  expect([...partitions.keys()]).toEqual([partitionOf(key)]);
  return partitions.get(partitionOf(key)) as PartitionAnswer<number | undefined>;
}

async function entriesOf<E>({ partitions }: StateQueryResult<AsyncIterable<E>>): Promise<E[]> {
  const all: E[] = [];
  for (const answer of partitions.values()) {
    if (!answer.isSuccess) throw new Error(answer.message);
    for await (const entry of answer.value) all.push(entry);
  }
  return all;
}

describe('whoever is asked answers for the whole application', () => {
  it('by key, in its own process or in the one that has it, with where that is', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all);
    const ends = await write(all);
    for (const streams of all) {
      for (const key of WORDS) {
        const isHere = streams === ownerOf(all, key);
        const { activeHost } = streams.queryMetadataForKey('counts', key);
        const position = { words: { [partitionOf(key)]: ends[partitionOf(key)] } };
        const answer = { isSuccess: true, value: 2, position, isActive: true, lag: 0 };
        expect(await countOf(streams, key)).toEqual(isHere ? answer : { ...answer, host: activeHost });
      }
      expect(await countOf(streams, 'never written')).toMatchObject({ isSuccess: true, value: undefined });
    }
  });

  it('by ranges of keys and of windows, from all partitions', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all, 1);
    await write(all, HOUR_MS + 1);
    for (const streams of all) {
      const range = await streams.queryAnywhere<string, number>({ store: 'counts', query: { type: 'range' } });
      expect(new Map(await entriesOf(range))).toEqual(new Map(WORDS.map((one) => [one, 2])));
      const some = { type: 'range', from: 'wörd 2', to: 'wörd 22', descending: true, limit: 2 } as const;
      const few = await streams.queryAnywhere<string, number>({ store: 'counts', query: some });
      const within = WORDS.filter((one) => one >= some.from && one <= some.to)
        .sort()
        .toReversed();
      const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
        within.filter((one) => partitionOf(one) === partition).slice(0, 2),
      ).flat();
      expect((await entriesOf(few)).map(([key]) => key)).toEqual(expected);
      const hours = await streams.queryAnywhere<number>({
        store: 'hours',
        query: { type: 'window-key', key: word, from: 0, to: HOUR_MS },
      });
      expect(hours.partitions.size).toBe(1);
      expect(await entriesOf(hours)).toEqual([[HOUR_MS, 1]]);
      const windows = await streams.queryAnywhere<string, number>({
        store: 'hours',
        query: { type: 'window-range', from: 0, to: HOUR_MS },
      });
      const texts = (await entriesOf(windows)).map(([key, count]) => `${key} ${count}`);
      expect(texts.sort()).toEqual(WORDS.map((one) => `[${one}@${HOUR_MS}/${2 * HOUR_MS}] 1`).sort());
    }
  });

  it('of what a processor keeps under keys of its own, wherever that may be', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all);
    for (const streams of all) {
      const query = { type: 'key', key: `${word} was seen` } as const;
      await until(async () => {
        const { partitions } = await streams.queryAnywhere<number>({ store: 'seen', query });
        const values = [...partitions.values()].map((answer) => (answer.isSuccess ? answer.value : answer.failure));
        return values.length === PARTITIONS && values.filter((value) => value === 1).length === 1;
      });
    }
  });

  it('one question after the other, over connections that are kept and that the other end closes', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all);
    for (let i = 0; i < 50; i++) {
      const keys = WORDS.slice(i % 20, (i % 20) + 4);
      const answers = await Promise.all(all.flatMap((streams) => keys.map((key) => countOf(streams, key))));
      expect(answers.every((answer) => answer.isSuccess && answer.value === 1)).toBe(true);
    }
  });

  it('with more entries than go at once, and no warning', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const all = await start([LOCAL, LOCAL]);
    const many = Array.from({ length: 40_000 }, (_, i) => `${i} ${'x'.repeat(40)}`);
    const transaction = log.transaction();
    for (const key of many) {
      transaction.append('words', partitionForString(key, PARTITIONS), 1, Buffer.from(key), Buffer.from(key));
    }
    await transaction.commit();
    await write(all);
    const [streams] = all as [Streams];
    const range = await streams.queryAnywhere<string, number>({ store: 'counts', query: { type: 'range' } });
    const found = await entriesOf(range);
    process.off('warning', warn);
    expect(found).toHaveLength(many.length + WORDS.length);
    expect(new Set(found.map(([key]) => key))).toEqual(new Set([...many, ...WORDS]));
    expect(warnings).toEqual([]);
  });

  it('and a reader that leaves early lets the store go', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all);
    const request = { store: 'counts', query: { type: 'range' } } as const;
    const { partitions } = await (all[0] as Streams).queryAnywhere<string, number>(request);
    for (const answer of partitions.values()) {
      if (!answer.isSuccess) throw new Error(answer.message);
      for await (const _ of answer.value) break;
    }
    await (all[1] as Streams).close();
  });
});

describe('what cannot be answered is the failure of its partition', () => {
  it('where the owner asks for another token', async () => {
    const all = await start([LOCAL, { ...LOCAL, token: 'another' }]);
    await write(all);
    for (const streams of all) {
      const key = WORDS.find((one) => otherOf(all, one) === streams) as string;
      expect(await countOf(streams, key)).toMatchObject({ isSuccess: false, failure: 'REFUSED' });
    }
  });

  it('where the owner has no address, or nobody listens there, or it does not answer in time', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const all = await start([LOCAL, { host: '127.0.0.1', port }]);
    await write(all);
    const key = WORDS.find((one) => ownerOf(all, one) === all[1]) as string;
    const startedAt = performance.now();
    expect(await countOf(all[0] as Streams, key, {}, 200)).toMatchObject({ failure: 'DEADLINE_EXCEEDED' });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    silent.closeAllConnections();
    silent.close();
    await once(silent, 'close');
    expect(await countOf(all[0] as Streams, key)).toMatchObject({ failure: 'UNREACHABLE' });
    await (all[1] as Streams).close();
    await until(() => all[0]?.metadataForAllStreamsClients().length === 1);
    expect(await countOf(all[0] as Streams, key)).toMatchObject({ failure: 'NOT_AVAILABLE' });
    const gone = { store: 'counts', query: { type: 'key', key }, partitions: [PARTITIONS] } as const;
    const { partitions } = await (all[0] as Streams).queryAnywhere(gone);
    expect(partitions.get(PARTITIONS)).toMatchObject({ failure: 'DOES_NOT_EXIST' });
    await expect((all[0] as Streams).queryAnywhere({ ...gone, store: 'none' })).rejects.toThrow('has no store "none"');
    const noText = { store: 'counts', query: { type: 'key', key: 7 } } as const;
    await expect((all[0] as Streams).queryAnywhere(noText)).rejects.toThrow('has no such key');
  });

  it('and a standby answers in the place of its task where the request lets it', async () => {
    const unheard = { host: '127.0.0.1', port: 1, token: TOKEN };
    const all = await start([LOCAL, unheard], { numStandbyReplicas: 1 });
    await write(all);
    const [streams] = all as [Streams];
    await until(async () => (await streams.standbyTasks()).filter(({ lag }) => lag === 0).length === 2);
    const key = WORDS.find((one) => ownerOf(all, one) === all[1]) as string;
    expect(await countOf(streams, key)).toMatchObject({ failure: 'UNREACHABLE' });
    await until(async () => (await countOf(streams, key, { maxLag: 0 })).isSuccess);
    expect(await countOf(streams, key, { maxLag: 0 })).toMatchObject({ value: 1, isActive: false, lag: 0 });
  });
});

describe('the handler', () => {
  const asked = (store: string, key: string) => ({ store, partition: partitionOf(key), query: { type: 'key', key } });

  async function post(port: number, body: string, headers: Record<string, string> = {}, method = 'POST') {
    const url = `http://127.0.0.1:${port}${STATE_QUERIES_PATH}`;
    const response = await fetch(url, { method, headers, ...(method === 'POST' && { body }) });
    return {
      status: response.status,
      lines: (await response.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  }

  const bearer = { authorization: `Bearer ${TOKEN}` };

  it('answers JSON for whoever has the token, of what is in its process, and asks nobody else', async () => {
    const all = await start([LOCAL, LOCAL]);
    await write(all);
    const port = (streams: Streams) => streams.metadataForAllStreamsClients()[0]?.hostInfo?.port as number;
    const here = port(ownerOf(all, word));
    const body = JSON.stringify(asked('counts', word));
    const answer = { isSuccess: true, value: 1, isActive: true, lag: 0 };
    expect(await post(here, body, bearer)).toMatchObject({ status: 200, lines: [answer] });
    const range = JSON.stringify({ ...asked('counts', word), query: { type: 'range', from: word, to: word } });
    expect((await post(here, range, bearer)).lines).toMatchObject([{ hasEntries: true }, [word, 1], { end: true }]);
    expect(await post(port(otherOf(all, word)), body, bearer)).toMatchObject({
      status: 200,
      lines: [{ isSuccess: false, failure: 'NOT_PRESENT' }],
    });
  });

  it('refuses what is no query, and those without the token', async () => {
    const all = await start([LOCAL, LOCAL]);
    const here = all[0]?.metadataForAllStreamsClients()[0]?.hostInfo?.port as number;
    const body = JSON.stringify(asked('counts', word));
    const statusOf = async (...call: Parameters<typeof post>) => {
      const { lines, status } = await post(...call);
      return [status, lines[0]?.code];
    };
    expect(await statusOf(here, body)).toEqual([401, 'REFUSED']);
    expect(await statusOf(here, body, { authorization: `Bearer ${TOKEN}x` })).toEqual([401, 'REFUSED']);
    expect(await statusOf(here, body, bearer, 'GET')).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(await statusOf(here, '{', bearer)).toEqual([400, 'INVALID_ARGUMENT']);
    expect(await statusOf(here, '{"store":"counts"}', bearer)).toEqual([400, 'INVALID_ARGUMENT']);
    expect(await statusOf(here, `"${'x'.repeat(70_000)}"`, bearer)).toEqual([413, 'INVALID_ARGUMENT']);
    expect(await statusOf(here, JSON.stringify(asked('none', word)), bearer)).toEqual([404, 'UNKNOWN_STORE']);
    const noBytes = JSON.stringify({ ...asked('counts', word), encoding: 'bytes', query: { type: 'key', key: 1 } });
    expect(await statusOf(here, noBytes, bearer)).toEqual([400, 'INVALID_ARGUMENT']);
    const elsewhere = await fetch(`http://127.0.0.1:${here}/`, { method: 'POST', headers: bearer });
    expect(elsewhere.status).toBe(404);
  });

  it('is mounted by an application that has a server of its own', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    running.push({ close: async () => server.close() });
    const { port } = server.address() as AddressInfo;
    const all = await start([
      { host: '127.0.0.1', port },
      { host: '127.0.0.1', port: 1 },
    ]);
    server.on('request', (all[0] as Streams).stateQueryHandler);
    await write(all);
    const key = WORDS.find((one) => ownerOf(all, one) === all[0]) as string;
    expect(await countOf(all[1] as Streams, key)).toMatchObject({ isSuccess: true, value: 1 });
    await (all[0] as Streams).close();
    const { lines, status } = await post(port, JSON.stringify(asked('counts', key)));
    expect([status, lines[0]?.code]).toEqual([503, 'NOT_RUNNING']);
  });
});

it('an instance listens for others only with a token they share, and where it can', async () => {
  const make = (applicationServer: ApplicationServer) =>
    new Streams(countWords(), { applicationId: 'app', log, applicationServer });
  expect(() => make({ host: 'a', port: 1, listen: '0.0.0.0' })).toThrow('give it a token');
  expect(() => make({ host: 'a', port: 1, token: '' })).toThrow('is empty');
  expect(() => make({ host: '', port: 1 })).toThrow('needs a host');
  expect(() => make({ host: 'a', port: 70_000 })).toThrow('from 0 to 65535');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await expect(make({ host: 'a', port, listen: '127.0.0.1' }).start()).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
  taken.close();
});
