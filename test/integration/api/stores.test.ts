import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ApplicationServer,
  jsonSerde,
  keyValueStore,
  numberSerde,
  partitionForString,
  SessionWindows,
  Streams,
  StreamsBuilder,
  stringSerde,
  TimeWindows,
  versionedStore,
} from '@millrace/streams';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateAccess } from '../../../app/pipeline/state-access.js';
import { StatusPublisher } from '../../../app/pipeline/status-publisher.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { memberLog } from '../../unit/streams/runtime/group-log.js';
import { until } from '../../until.js';
import { Millrace, temporaryDirectory } from '../millrace.js';
import { openApiOf, validatorOf } from './open-api.js';
import { type Served, served } from './served.js';

const PARTITIONS = 2;
const MINUTE_MS = 60_000;
const TOKEN = 'a token that all share';
const WORDS = ['äpfel', 'pear', 'quince', 'fig', '7', 'plum'];
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');
const TLS = { ca: fixture('authority.pem'), cert: fixture('instance.pem'), key: fixture('instance.key') };

let server: Served;
let stop: (() => Promise<void>) | undefined;
const running: Streams[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  await stop?.();
  stop = undefined;
});

/** Each word once more than the one before, each of its times in the next minute. */
async function serveWords(access: StateAccess, instances: readonly ApplicationServer[]): Promise<void> {
  server = await served({ auth: false, stateAccess: access });
  stop = server.stop;
  await server.log.ensureTopic('words', { partitions: PARTITIONS });
  const transaction = server.log.transaction();
  for (const [n, word] of WORDS.entries()) {
    for (let i = 0; i <= n; i++) {
      transaction.append(
        'words',
        partitionForString(word, PARTITIONS),
        i * MINUTE_MS,
        Buffer.from(word),
        Buffer.from(word),
      );
    }
  }
  await transaction.commit();
  for (const [member, applicationServer] of instances.entries())
    await startInstance(member, instances.length, applicationServer);
  await until(async () => {
    const { items } = await ask('/stores/counts?limit=1000');
    return (items as { value: number }[] | undefined)?.reduce((sum, { value }) => sum + value, 0) === 21;
  });
}

async function startInstance(member: number, members: number, applicationServer: ApplicationServer): Promise<void> {
  const lengths = keyValueStore({
    name: 'lengths',
    keySerde: numberSerde,
    valueSerde: jsonSerde<{ words: string[] }>(),
  });
  const times = versionedStore({
    ...{ name: 'times', keySerde: stringSerde, valueSerde: numberSerde },
    historyRetention: '1h',
  });
  const builder = new StreamsBuilder();
  const words = builder.stream('words', { key: stringSerde, value: stringSerde, nulls: 'skip' });
  words.groupByKey().count({ name: 'counts' });
  words.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace('1m', '1h')).count({ name: 'minutes' });
  words.groupByKey().windowedBy(SessionWindows.ofInactivityGapAndGrace('30s', '1h')).count({ name: 'visits' });
  words.groupByKey().windowedBy(SessionWindows.ofInactivityGapAndGrace('90s', '1h')).count({ name: 'stays' });
  words.process(
    () => {
      let store: ReturnType<typeof times.create>;
      return {
        init: (context) => {
          store = context.stateStore(times) as typeof store;
        },
        process: ({ key, timestamp }) => store.put(key, timestamp / MINUTE_MS, timestamp),
      };
    },
    { stores: [times] },
  );
  words.process(
    () => {
      let store: ReturnType<typeof lengths.create>;
      return {
        init: (context) => {
          store = context.stateStore(lengths) as typeof store;
        },
        process: ({ value }) => store.put(value.length, { words: [value] }),
      };
    },
    { stores: [lengths] },
  );
  const topology = builder.build();
  const log = members === 1 ? server.log : memberLog(server.log as never, member, members);
  const streams = new Streams(topology, { applicationId: 'app', log, commitInterval: 20, applicationServer });
  running.push(streams);
  StatusPublisher.start({
    ...{ streams, topology, version: 'test', onNotice: () => {}, applicationId: 'app', instance: `${member}` },
    ...{ topic: DEFAULT_APPLICATION_CONFIG.topics.pipelineStatus, use: (tell) => tell(server.log) },
    answersOverTls: applicationServer.tls !== undefined,
  });
  await streams.start();
}

/** All items, by pages of so many. */
async function paged(path: string, limit: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let cursor: unknown = ''; cursor !== null; ) {
    const query = `limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page = await ask(`${path}${path.includes('?') ? '&' : '?'}${query}`);
    items.push(...(page['items'] as unknown[]));
    cursor = page['next_cursor'];
  }
  return items;
}

async function ask(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/api/v1${path}`);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    ...((await response.json()) as object),
  };
}

const LOCAL: ApplicationServer = { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: TOKEN };
const HERE: StateAccess = { token: TOKEN, isOfThisMachine: true };

describe('the stores of a pipeline of two processes', () => {
  beforeEach(() => serveWords(HERE, [LOCAL, LOCAL]));

  it('are read by key, in whichever process the key is', async () => {
    for (const [n, word] of WORDS.entries()) {
      const { items, next_cursor, partitions, type } = await ask(`/stores/counts?key=${encodeURIComponent(word)}`);
      expect({ items, next_cursor, partitions, type }).toEqual({
        items: [{ key: word, value: n + 1, partition: partitionForString(word, PARTITIONS) }],
        ...{ next_cursor: null, partitions: 2, type: 'key-value' },
      });
    }
    expect(await ask('/stores/counts?key=none')).toMatchObject({ status: 200, items: [] });
    // In quotes it is JSON's.
    expect(await ask('/stores/counts?key=%227%22')).toMatchObject({ items: [{ key: '7', value: 5 }] });
  });

  it('are read by a range of keys, page by page', async () => {
    const inOrder = [0, 1].flatMap((partition) =>
      WORDS.filter((word) => partitionForString(word, PARTITIONS) === partition)
        .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
        .map((key) => ({ key, value: WORDS.indexOf(key) + 1, partition })),
    );
    expect((await ask('/stores/counts'))['items']).toEqual(inOrder);
    expect(await paged('/stores/counts', 1)).toEqual(inOrder);
    expect((await ask('/stores/counts?from=g&to=plum'))['items']).toEqual(
      inOrder.filter(({ key }) => key === 'pear' || key === 'plum'),
    );
  });

  it('of windows are read by key and by time, page by page', async () => {
    const { items } = await ask('/stores/minutes?key=fig');
    const partition = partitionForString('fig', PARTITIONS);
    expect(items).toEqual(
      [0, 1, 2, 3].map((n) => ({
        ...{ key: 'fig', value: 1, partition },
        ...{ window_start: n * MINUTE_MS, window_end: (n + 1) * MINUTE_MS },
      })),
    );
    const from = await ask(`/stores/minutes?key=fig&from=${MINUTE_MS}&to=${3 * MINUTE_MS}`);
    expect(from['items']).toMatchObject([{ window_start: MINUTE_MS }, { window_start: 2 * MINUTE_MS }]);
    const all = (await ask('/stores/minutes'))['items'] as { key: string; window_start: number; window_end: number }[];
    expect(all.length).toBe(21);
    expect(all.every(({ window_end: end, window_start: start }) => end - start === MINUTE_MS)).toBe(true);
    expect(await paged('/stores/minutes', 2)).toEqual(all);
  });

  it('of sessions are read by key and by time, page by page', async () => {
    const partition = partitionForString('fig', PARTITIONS);
    const visit = (n: number) => ({
      ...{ key: 'fig', value: 1, partition },
      ...{ window_start: n * MINUTE_MS, window_end: n * MINUTE_MS },
    });
    expect(await ask('/stores/visits?key=fig')).toMatchObject({
      ...{ status: 200, type: 'session', next_cursor: null },
      items: [0, 1, 2, 3].map(visit),
    });
    expect((await ask(`/stores/visits?key=fig&from=${MINUTE_MS}&to=${3 * MINUTE_MS}`))['items']).toEqual(
      [1, 2].map(visit),
    );
    expect(await paged('/stores/visits?key=fig', 1)).toEqual([0, 1, 2, 3].map(visit));
    const { items } = await ask('/stores/visits');
    expect(items).toHaveLength(21);
    for (const limit of [1, 2, 5]) expect(await paged('/stores/visits', limit)).toEqual(items);
    // Four records, each a minute after the one before, are one stay that is there at any time between.
    expect((await ask(`/stores/stays?key=fig&from=${MINUTE_MS}&to=${MINUTE_MS + 1}`))['items']).toEqual([
      { key: 'fig', value: 4, partition, window_start: 0, window_end: 3 * MINUTE_MS },
    ]);
    expect((await ask(`/stores/stays?key=fig&from=${3 * MINUTE_MS + 1}`))['items']).toEqual([]);
  });

  it('that are versioned are read by key: what it was, and from when to when', async () => {
    const partition = partitionForString('fig', PARTITIONS);
    const version = (n: number) => ({
      ...{ key: 'fig', value: n, partition, valid_from: n * MINUTE_MS },
      valid_to: n === 3 ? null : (n + 1) * MINUTE_MS,
    });
    expect(await ask('/stores/times?key=fig')).toMatchObject({ type: 'versioned', items: [0, 1, 2, 3].map(version) });
    expect(await paged('/stores/times?key=fig', 1)).toEqual([0, 1, 2, 3].map(version));
    // One moment.
    expect((await ask(`/stores/times?key=fig&from=${MINUTE_MS + 5}&to=${MINUTE_MS + 6}`))['items']).toEqual([
      version(1),
    ]);
    expect((await ask('/stores/times?key=none'))['items']).toEqual([]);
    expect(await ask('/stores/times')).toMatchObject({ status: 422, type: 'urn:millrace:problem:key-missing' });
  });

  it('of every kind answer what the OpenAPI document says', async () => {
    const document = await openApiOf(server.url);
    const { content } = document.paths['/stores/{name}']?.['get']?.responses['200'] ?? {};
    const validate = validatorOf(document, content?.['application/json']?.schema ?? {});
    for (const path of ['counts', 'counts?key=fig', 'minutes', 'minutes?key=fig', 'visits', 'times?key=fig']) {
      const body = await (await fetch(`${server.url}/api/v1/stores/${path}`)).json();
      expect(validate(body), `${path}: ${JSON.stringify(validate.errors?.slice(0, 3))}`).toBe(true);
      expect((body as { items: unknown[] }).items, path).not.toEqual([]);
    }
    expect(validate({ items: [{ value: 1 }], next_cursor: null })).toBe(false);
  });

  it('take keys of the kind that they have, and say so of others', async () => {
    expect((await ask('/stores/lengths?key=3'))['items']).toMatchObject([{ key: 3, value: { words: ['fig'] } }]);
    expect(await ask('/stores/lengths?key=three')).toMatchObject({
      ...{ status: 400, type: 'urn:millrace:problem:invalid-key' },
    });
    expect(await ask('/stores/none?key=a')).toMatchObject({ status: 404, type: 'urn:millrace:problem:not-found' });
    expect(await ask('/stores/minutes?from=noon')).toMatchObject({ status: 400 });
    expect(await ask('/stores/minutes?cursor=bm8')).toMatchObject({ status: 400 });
  });

  it('say of a partition whose process is away that it is, and when to ask again', async () => {
    const [one, other] = running;
    await one?.close();
    const away = WORDS.filter((word) => partitionForString(word, PARTITIONS) === 0);
    for (const word of WORDS) {
      const answer = await ask(`/stores/counts?key=${encodeURIComponent(word)}`);
      if (away.includes(word)) {
        expect(answer).toMatchObject({ status: 503, type: 'urn:millrace:problem:partition-away', retryAfter: '2' });
      } else expect(answer).toMatchObject({ status: 200, items: [{ key: word }] });
    }
    expect(other?.state).toBe('RUNNING');
  });
});

it('stores are asked over HTTPS where their processes have certificates, and with the token that they take', async () => {
  const secure = { ...LOCAL, tls: TLS };
  await serveWords({ token: TOKEN, isOfThisMachine: false, ca: TLS.ca }, [secure, secure]);
  expect(await ask('/stores/counts?key=plum')).toMatchObject({ status: 200, items: [{ value: 6 }] });
});

it('a server with another token is told so', async () => {
  await serveWords(HERE, [LOCAL]);
  (server.services.stores.access as { token: string }).token = 'another';
  expect(await ask('/stores/counts?key=plum')).toMatchObject({
    ...{ status: 503, type: 'urn:millrace:problem:state-token-refused' },
  });
});

it('the stores of a start hold clients as they were masked at the door, and are there for its server and for one beside it', async () => {
  const directory = await temporaryDirectory();
  const log = join(directory.path, 'access.log');
  const now = new Date().toISOString();
  const line = (client: string) =>
    JSON.stringify({ client_ip: client, host: 'a', method: 'GET', status: 200, request_time: 0.1, '@timestamp': now });
  await writeFile(log, `${['203.0.113.7', '203.0.113.9', '198.51.100.1'].map(line).join('\n')}\n`);
  const at = ['--data-dir', join(directory.path, 'data'), '--no-auth', '--http', '0'];
  const pipeline = new Millrace(['start', '--input', log, '--follow', '--mask', 'client_ip=/24', '--no-lake', ...at]);
  const urlOf = ({ stderr, stdout }: Millrace) => /dashboard: (http:\/\/[\d.:]+)/.exec(stderr + stdout)?.[1];
  const countsOf = async (url: string, query = '') => {
    const response = await fetch(`${url}/api/v1/stores/goal1?limit=1000${query}`);
    const { items = [] } = (await response.json()) as { items?: { key: string; value: number }[] };
    const largest = new Map<string, number>();
    for (const { key, value } of items) largest.set(key, Math.max(value, largest.get(key) ?? 0));
    return largest.size === 0 ? undefined : Object.fromEntries(largest);
  };
  try {
    const url = await until(() => urlOf(pipeline));
    expect(await until(() => countsOf(url))).toEqual({ '203.0.113.0': 2, '198.51.100.0': 1 });
    const beside = new Millrace(['serve', ...at]);
    const other = await until(() => urlOf(beside));
    expect(await until(() => countsOf(other, '&key=203.0.113.0'))).toEqual({ '203.0.113.0': 2 });
    await beside.kill('SIGTERM');
  } finally {
    await pipeline.kill('SIGTERM');
    await directory.remove();
  }
});
