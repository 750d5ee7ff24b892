import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ApplicationServerTls,
  STATE_QUERIES_PATH,
  type StateQueryResult,
  Streams,
  StreamsBuilder,
  stringSerde,
} from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { partitionForString } from '../../../../streams/log/partitioner.js';
import { until } from '../../../until.js';
import { memberLog } from '../runtime/group-log.js';

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), 'utf8');
/** Certificates of 127.0.0.1, until 2126. */
const TLS = { ca: fixture('authority.pem'), cert: fixture('instance.pem'), key: fixture('instance.key') };
const PARTITIONS = 2;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

let log: EmbeddedLog;
const running: Streams[] = [];

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic('words', { partitions: PARTITIONS });
  const transaction = log.transaction();
  for (const [n, key] of KEYS.entries()) {
    const bytes = Buffer.from(key);
    for (let i = 0; i <= n; i++) transaction.append('words', partitionForString(key, PARTITIONS), 1, bytes, bytes);
  }
  await transaction.commit();
});
afterEach(async () => {
  for (const streams of running.splice(0)) await streams.close();
  await log.close();
});

function instance(member: number, tls: ApplicationServerTls | undefined): Streams {
  const builder = new StreamsBuilder();
  const words = builder.stream('words', { key: stringSerde, value: stringSerde, nulls: 'skip' });
  words.groupByKey().count({ name: 'counts' });
  const streams = new Streams(builder.build(), {
    ...{ applicationId: 'app', log: memberLog(log, member, 2), commitInterval: 20 },
    applicationServer: { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: 'shared', ...(tls && { tls }) },
  });
  running.push(streams);
  return streams;
}

async function entriesOf({
  partitions,
}: StateQueryResult<AsyncIterable<[unknown, unknown]>>): Promise<[string, number][]> {
  const entries: [string, number][] = [];
  for (const answer of partitions.values()) {
    if (!answer.isSuccess) throw new Error(answer.message);
    for await (const entry of answer.value) entries.push(entry as [string, number]);
  }
  return entries;
}

async function start(...tls: (ApplicationServerTls | undefined)[]): Promise<Streams[]> {
  const all = tls.map((one, member) => instance(member, one));
  for (const streams of all) await streams.start();
  for (const streams of all) {
    await until(
      () =>
        streams.metadataForAllStreamsClients().filter(({ stateStoreNames }) => stateStoreNames.includes('counts'))
          .length === 2,
    );
    await until(async () => {
      const entries = await entriesOf(await streams.query({ store: 'counts', query: { type: 'range' } }));
      return entries.length > 0 && entries.every(([key, count]) => count === KEYS.indexOf(key) + 1);
    });
  }
  return all;
}

/** Of a key that the other instance has. */
async function askOther(streams: Streams) {
  const key = KEYS.find(
    (one) =>
      !streams
        .metadataForAllStreamsClients()[0]
        ?.activePartitions['counts']?.includes(partitionForString(one, PARTITIONS)),
  );
  if (key === undefined) throw new Error('all keys are of this instance');
  const { partitions } = await streams.queryAnywhere<number>({ store: 'counts', query: { type: 'key', key } });
  const [answer] = partitions.values();
  return { key, answer };
}

describe('instances that have certificates', () => {
  it('ask each other over TLS, by a key and for all entries', async () => {
    const all = await start(TLS, TLS);
    for (const streams of all) {
      const { answer, key } = await askOther(streams);
      expect(answer).toMatchObject({ isSuccess: true, value: KEYS.indexOf(key) + 1, host: { host: '127.0.0.1' } });
      const entries = await entriesOf(await streams.queryAnywhere({ store: 'counts', query: { type: 'range' } }));
      expect(entries.sort()).toEqual(KEYS.map((one, n) => [one, n + 1]));
    }
  });

  it('do not speak without it, and tell nobody the token who has no certificate of the authority', async () => {
    const [one, other] = await start(TLS, { ...TLS, ca: fixture('other-authority.pem') });
    expect((await askOther(one as Streams)).answer).toMatchObject({ isSuccess: true });
    const refused = (await askOther(other as Streams)).answer;
    expect(refused).toMatchObject({ isSuccess: false, failure: 'UNREACHABLE' });
    expect(refused).toMatchObject({ message: expect.stringMatching(/certificate/i) });
    const port = one?.metadataForAllStreamsClients()[0]?.hostInfo?.port;
    await expect(fetch(`http://127.0.0.1:${port}${STATE_QUERIES_PATH}`, { method: 'POST' })).rejects.toThrow();
    const status = await new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path: STATE_QUERIES_PATH, method: 'POST', ca: TLS.ca },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end('{}');
    });
    // Who has no token is refused there, too.
    expect(status).toBe(401);
  });

  it('are told when the certificate is missing, or is none', async () => {
    expect(() => instance(0, { ca: TLS.ca })).toThrow(/cannot listen at 127.0.0.1 with TLS without a certificate/);
    const streams = instance(0, { ...TLS, cert: 'no certificate' });
    await expect(streams.start()).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
    running.splice(0);
  });
});
