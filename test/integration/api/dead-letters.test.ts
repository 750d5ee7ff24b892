import { type Header, type Log, Streams, StreamsBuilder, stringSerde } from '@millrace/streams';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

const { deadLetters, serviceLogs } = DEFAULT_APPLICATION_CONFIG.topics;

interface Raw {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: readonly Header[];
}

let server: Served;

beforeEach(async () => {
  server = await served({ auth: false });
});

afterEach(() => server.stop());

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-millrace': '1', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
}

interface Replayed {
  readonly replayed: number;
  readonly items: { id: string; state: string; topic: string | null; why: string | null }[];
}

async function recordsOf(log: Log, topic: string): Promise<Raw[]> {
  const at = { topic, partition: 0 };
  const end = await log.endOffset(at);
  const records: Raw[] = [];
  const consumer = log.consumer();
  consumer.assign(at, 0);
  for (let next = 0; next < end; ) {
    for (const cursor of await consumer.poll(100)) {
      while (cursor.next()) {
        const { headers, keyBytes, keyEnd, keyStart, timestamp, valueBytes, valueEnd, valueStart } = cursor;
        records.push({
          timestamp,
          key: keyStart < 0 ? null : Buffer.from(keyBytes.subarray(keyStart, keyEnd)),
          value: valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd)),
          headers: headers.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
        });
      }
      next = cursor.nextOffset;
    }
  }
  await consumer.close();
  return records;
}

/** Bytes that are no service log, with headers of their own: one of them is called as one that is added. */
const POISON: readonly Raw[] = [0xff, 0xfe].map((byte, index) => ({
  key: index === 0 ? Buffer.from('auth') : null,
  value: Buffer.from([byte, 0, 1, 2, 200]),
  timestamp: Date.now() - 1000 * (index + 1),
  headers: [
    { key: 'source', value: Buffer.from('elsewhere') },
    { key: 'reason', value: Buffer.from('why it was sent') },
    { key: 'bytes', value: Buffer.from([0, 255, 128]) },
  ],
}));

/** A pipeline that refuses what is no text of digits. */
async function refusing(): Promise<Streams> {
  const builder = new StreamsBuilder();
  builder
    .stream(serviceLogs, { key: stringSerde, value: stringSerde })
    .mapValues((text) => {
      if (text === null || !/^\d+$/.test(text)) throw new Error('it is no number');
      return text;
    })
    .to(DEFAULT_APPLICATION_CONFIG.topics.late, { key: stringSerde, value: stringSerde });
  const streams = new Streams(builder.build(), {
    applicationId: 'refusing',
    log: server.log,
    deadLetterTopic: deadLetters,
    processingExceptionHandler: () => 'dead-letter',
  });
  await streams.start();
  return streams;
}

async function refused(): Promise<string[]> {
  const transaction = server.log.transaction();
  for (const { headers, key, timestamp, value } of POISON) {
    transaction.append(serviceLogs, 0, timestamp, key, value, headers);
  }
  await transaction.commit();
  const streams = await refusing();
  const items = await until(async () => {
    const found = await ask<{ items: { id: string; replayable: boolean }[] }>('/dead-letters');
    return found.items.length === POISON.length ? found.items : undefined;
  });
  await streams.close();
  expect(items.every(({ replayable }) => replayable)).toBe(true);
  return items.map(({ id }) => id).sort();
}

it('sends dead letters again to where they were, byte for byte, with the key, headers and time that they had', async () => {
  const ids = await refused();
  const { items, replayed } = await ask<Replayed>('/dead-letters/replay', { ids });
  expect(replayed).toBe(2);
  expect(items.map(({ state, topic }) => [state, topic])).toEqual(ids.map(() => ['replayed', serviceLogs]));
  const all = await recordsOf(server.log, serviceLogs);
  expect(all.slice(2)).toEqual(all.slice(0, 2));
  expect(all.slice(0, 2)).toEqual(POISON);
});

it('sends a dead letter again once, however often and by whomever it is asked, and says who did', async () => {
  const ids = await refused();
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      ask<Replayed>('/dead-letters/replay', index % 2 === 0 ? { ids } : { reason: 'NO NUMBER' }),
    ),
  );
  expect(answers.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(2);
  const later = await ask<Replayed>('/dead-letters/replay', { ids });
  expect(later.replayed).toBe(0);
  expect(later.items.map(({ state }) => state)).toEqual(['already', 'already']);
  expect(later.items[0]?.why).toMatch(/^anybody has sent it again at \d{4}-/);
  expect(await recordsOf(server.log, serviceLogs)).toHaveLength(4);
  const { items } = await ask<{ items: { replay: { by: string; topic: string } | null }[] }>('/dead-letters');
  expect(items.map(({ replay }) => [replay?.by, replay?.topic])).toEqual(ids.map(() => ['anybody', serviceLogs]));
});

it('refuses what was never in a topic, is gone, or names a topic that is not to be written to, and says why', async () => {
  const header = (key: string, value: string) => ({ key, value: Buffer.from(value) });
  const from = (topic: string) => [
    header('reason', 'x'),
    header('source', topic),
    header('partition', '0'),
    header('offset', '7'),
  ];
  const letters = [
    [header('reason', 'no line of a log'), header('source', serviceLogs), header('line', '4')],
    from('incident-actions'),
    from('notify-config'),
    from(deadLetters),
    from('millrace-goal1-repartition'),
    from('nowhere'),
    from('../etc'),
    [header('source', serviceLogs), header('partition', '0'), header('offset', '7')],
  ];
  const transaction = server.log.transaction();
  for (const headers of letters) transaction.append(deadLetters, 0, Date.now(), null, Buffer.from('x'), headers);
  await transaction.commit();
  const ids = [...letters.keys(), 99].map((offset) => `${deadLetters}/0/${offset}`);
  const foreign = [`${serviceLogs}/0/0`, 'none', `${deadLetters}/5/0`];
  const { items, replayed } = await ask<Replayed>('/dead-letters/replay', { ids: [...ids, ...foreign] });
  expect(replayed).toBe(0);
  expect(items.map(({ state }) => state)).toEqual([...ids, ...foreign].map(() => 'refused'));
  expect(items.map(({ why }) => why?.slice(0, 40))).toEqual([
    'it is a line of an input and was never i',
    'it came from incident-actions, which is ',
    'it came from notify-config, which is not',
    'it came from test-inter-dlq, which is no',
    'it came from millrace-goal1-repartition,',
    'the topic nowhere is no longer there',
    'the topic ../etc is no longer there',
    'it has no reason: it was not written by ',
    ...Array.from({ length: 4 }, () => 'it is no longer in the topic of dead let'),
  ]);
});
