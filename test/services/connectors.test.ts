import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConnectClient } from '../../connectors/connect-client.js';
import { connectorDirectory, loadConnectors } from '../../connectors/connector-files.js';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog, Goal1, Goal3, Goal4 } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { type Finished, millrace } from '../integration/millrace.js';
import { until } from '../until.js';
import { type Services, startServices, whyNoServices } from './services.js';

const SERVICES = ['kafka', 'registry', 'connect', 'elasticsearch', 'influxdb'] as const;
const PARTITIONS = 4;
const DEAD_LETTERS = 'connect-dlq-';
const WITHIN_MS = 60_000;
const reason = await whyNoServices(SERVICES);

let services: Services;
let log: KafkaLog;
let serdes: GoalSerdes;

function connectors(...args: readonly string[]): Promise<Finished> {
  return millrace(['connectors', ...args, '--connect', services.addresses.connectUrl]);
}

function apply(...args: readonly string[]): Promise<Finished> {
  const { elasticsearchUrl, influxUrl, registryUrl } = services.addresses;
  const urls = ['--elasticsearch', elasticsearchUrl, '--influxdb', influxUrl, '--registry', registryUrl];
  return connectors('apply', '--variant', 'local', ...urls, ...args);
}

interface Written {
  readonly key: string | null;
  readonly value: Uint8Array;
  readonly partition?: number;
}

async function write(topic: string, records: readonly Written[]): Promise<void> {
  const transaction = log.transaction();
  for (const { key, partition = 0, value } of records) {
    transaction.append(topic, partition, Date.now(), key === null ? null : Buffer.from(key), value);
  }
  await transaction.commit();
}

const request = (number: number): AccessLog => ({
  server: 'web-1',
  client_ip: `10.1.${number >> 8}.${number & 255}`,
  method: 'GET',
  status: 200,
  request_time: number % 2 === 0 ? null : 0.25,
  host: 'api.example.com',
  country: 'DE',
  timestamp: Date.UTC(2025, 5, 1) + number,
});

/** Copied, for a serde reuses its buffer. */
const requests = (from: number, to: number): Written[] =>
  Array.from({ length: to - from }, (_, index) => ({
    key: request(from + index).client_ip,
    value: Buffer.from(serdes.accessLog.serialize('test-inter', request(from + index))),
    partition: index % PARTITIONS,
  }));

const hits = z.object({ hits: z.object({ hits: z.array(z.object({ _id: z.string(), _source: z.unknown() })) }) });

async function elasticsearch(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${services.addresses.elasticsearchUrl}/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  return response.json();
}

async function count(index: string, query: unknown = { match_all: {} }): Promise<number> {
  await elasticsearch(`${index}/_refresh`);
  return z
    .object({ count: z.int() })
    .catch({ count: -1 })
    .parse(await elasticsearch(`${index}/_count`, { query })).count;
}

async function documents(index: string): Promise<{ _id: string; _source: unknown }[]> {
  await elasticsearch(`${index}/_refresh`);
  const found = hits.safeParse(await elasticsearch(`${index}/_search`, { size: 100, sort: ['@timestamp'] }));
  return found.success ? found.data.hits.hits : [];
}

const untilCount = (index: string, expected: number) =>
  until(async () => (await count(index).catch(() => -1)) >= expected, {
    progress: () => count(index),
    patienceMs: WITHIN_MS,
  });

/** The points of a measurement, oldest first, with times in milliseconds. */
async function points(measurement: string): Promise<Record<string, unknown>[]> {
  const query = new URLSearchParams({ db: 'millrace', epoch: 'ms', q: `SELECT * FROM ${measurement}` });
  const response = await fetch(`${services.addresses.influxUrl}/query?${query}`);
  const series = z.object({ columns: z.array(z.string()), values: z.array(z.array(z.unknown())) });
  const answer = z
    .object({ results: z.array(z.object({ series: z.array(series).default([]) })) })
    .parse(await response.json());
  return answer.results
    .flatMap((result) => result.series)
    .flatMap(({ columns, values }) =>
      values.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
    );
}

interface DeadLetter {
  readonly key: string | null;
  readonly message: string;
}

async function deadLetters(connector: string): Promise<DeadLetter[]> {
  const topic = `${DEAD_LETTERS}${connector}`;
  if ((await log.partitions(topic)) === undefined) return [];
  const end = await log.endOffset({ topic, partition: 0 });
  const consumer = log.consumer();
  consumer.assign({ topic, partition: 0 }, await log.startOffset({ topic, partition: 0 }));
  const letters: DeadLetter[] = [];
  try {
    for (let next = 0; next < end; ) {
      for (const cursor of await consumer.poll(100)) {
        while (cursor.next()) {
          const { headers, keyBytes, keyEnd, keyStart } = cursor;
          const header = headers.find(({ key }) => key === '__connect.errors.exception.message');
          letters.push({
            key: keyStart < 0 ? null : keyBytes.toString('utf8', keyStart, keyEnd),
            message: header?.value.toString() ?? '',
          });
        }
        next = cursor.nextOffset;
      }
    }
  } finally {
    await consumer.close();
  }
  return letters;
}

describe.skipIf(reason)('topics go into Elasticsearch and InfluxDB', () => {
  beforeAll(async () => {
    services = await startServices(SERVICES);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
    const { topics } = DEFAULT_GOAL_CONFIG;
    for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions: PARTITIONS });
    serdes = await registerSerdes(new ConfluentRegistry({ url: services.addresses.registryUrl }), topics);
  }, 180_000);
  afterAll(async () => {
    await log?.close();
    await services?.close();
  }, 60_000);

  it('says what it has applied, and leaves alone what has not changed', async () => {
    const first = await apply();
    const second = await apply();

    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('index template test-inter: created\n');
    expect(first.stdout).toContain('database millrace: created\n');
    expect(first.stdout).toContain('connector elasticsearch-goals: created, 1 task running\n');
    expect(second.code).toBe(0);
    // A template for each of 14 indices, 13 connectors, and a database.
    expect(second.stdout.trim().split('\n')).toHaveLength(28);
    expect(second.stdout).not.toMatch(/created|updated|restarted/);
  });

  it('shows that all connectors run', async () => {
    const { code, stdout } = await connectors('status');

    expect(code).toBe(0);
    expect(stdout.match(/RUNNING.*1\/1 running/g)).toHaveLength(13);
  });

  it('refuses settings that Connect does not take, and a class that is not installed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-connectors-'));
    try {
      const [connector] = await loadConnectors(connectorDirectory('local'), {}, ['elasticsearch-test-inter']);
      const file = (config: Record<string, string>) =>
        writeFile(
          join(directory, 'a.json'),
          JSON.stringify({ name: 'a', config: { ...connector?.config, ...config } }),
        );

      await file({ 'batch.size': '0', 'connection.password': 'hunter2', 'connection.url': 'nowhere' });
      const invalid = await connectors('apply', '--directory', directory);
      await file({ 'connector.class': 'com.example.NoSuchSink' });
      const missing = await connectors('apply', '--directory', directory);

      expect(invalid.code).toBe(1);
      expect(invalid.stderr).toContain('a: batch.size: Invalid value 0');
      expect(invalid.stderr).toContain('a: connection.url: Invalid value nowhere');
      expect(invalid.stderr).toContain('a: connection.username: There is a password, but no user.');
      expect(invalid.stderr).not.toContain('hunter2');
      expect(missing.code).toBe(1);
      expect(missing.stderr).toMatch(/^millrace: .* has no plugin for com\.example\.NoSuchSink \(a\); it has: .*\n$/);
      expect(await new ConnectClient({ url: services.addresses.connectUrl }).config('a')).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('loses and doubles no request when the worker is killed, and Elasticsearch and the registry are away', async () => {
    await write('test-inter', requests(0, 10_000));
    await untilCount('test-inter', 1);
    await services.kill('connect');
    await services.kill('elasticsearch');
    await services.kill('registry');
    await write('test-inter', requests(10_000, 20_000));
    // It comes back with no schema known, and nowhere to write to.
    await services.start('connect');
    await write('test-inter', requests(20_000, 30_000));
    await Promise.all([services.start('elasticsearch'), services.start('registry')]);

    await untilCount('test-inter', 30_000);

    // A request that came twice has the id that it had.
    expect(await count('test-inter')).toBe(30_000);
    expect(await deadLetters('elasticsearch-test-inter')).toEqual([]);
  });

  it('writes requests with the types that questions need', async () => {
    const inNetwork = { term: { client_ip: '10.1.0.0/24' } };
    const [start, end] = [Date.UTC(2025, 5, 1), Date.UTC(2025, 5, 1) + 100];

    expect(await count('test-inter', inNetwork)).toBe(256);
    expect(await count('test-inter', { range: { '@timestamp': { gte: start, lt: end } } })).toBe(100);
    expect(await count('test-inter', { range: { request_time: { gt: 0.2 } } })).toBe(15_000);
    expect(await count('test-inter', { exists: { field: 'request_time' } })).toBe(15_000);
    expect(await count('test-inter', { term: { host: 'api.example.com' } })).toBe(30_000);
    expect(await documents('test-inter')).toContainEqual(
      expect.objectContaining({ _id: 'test-inter+0+0', _source: expect.objectContaining(request(0)) }),
    );
  });

  it("keeps one document for each of a goal's windows: the last", async () => {
    const window = { window_start: Date.UTC(2025, 5, 1), window_end: Date.UTC(2025, 5, 1) + 20_000 };
    const goal1 = (client_ip: string, requestCount: number): Written => {
      const value: Goal1 = { client_ip, ...window, count: requestCount };
      return {
        key: `${client_ip}@${window.window_start}`,
        value: Buffer.from(serdes.goal1.serialize('goal1-topic', value)),
      };
    };

    await write('goal1-topic', [goal1('10.0.0.1', 11), goal1('10.0.0.2', 11), goal1('10.0.0.1', 12)]);
    await untilCount('goal1-topic', 2);
    await write('goal1-topic', [goal1('10.0.0.1', 13), goal1('10.0.0.3', 11)]);
    await untilCount('goal1-topic', 3);

    expect((await documents('goal1-topic')).map(({ _id, _source }) => [_id, _source]).sort()).toEqual([
      [`10.0.0.1@${window.window_start}`, { client_ip: '10.0.0.1', ...window, count: 13 }],
      [`10.0.0.2@${window.window_start}`, { client_ip: '10.0.0.2', ...window, count: 11 }],
      [`10.0.0.3@${window.window_start}`, { client_ip: '10.0.0.3', ...window, count: 11 }],
    ]);
  });

  it('writes a point for each window, also those that end while InfluxDB is away', async () => {
    const start = Date.UTC(2025, 5, 1);
    const minute = (number: number) => ({
      window_start: start + number * 60_000,
      window_end: start + (number + 1) * 60_000,
    });
    const goal3 = (number: number, country: string): Written => {
      const value: Goal3 = { country, ...minute(number), count: number + 1 };
      return { key: `${country}@${number}`, value: Buffer.from(serdes.goal3.serialize('goal3-topic', value)) };
    };
    const goal4 = (number: number): Written => {
      const value: Goal4 = { host: 'a, b=c', ...minute(number), avg_request_time: 0.5, count: number + 1 };
      return { key: `a@${number}`, value: Buffer.from(serdes.goal4.serialize('goal4-topic', value)) };
    };

    await write('goal3-topic', [goal3(0, 'DE'), goal3(0, 'FR')]);
    await until(async () => ((await points('goal3')).length === 2 ? true : undefined), { patienceMs: WITHIN_MS });
    await services.kill('influxdb');
    await write('goal3-topic', [goal3(1, 'DE'), goal3(1, 'DE')]);
    await write('goal4-topic', [goal4(0), goal4(1)]);
    await services.start('influxdb');
    const three = await until(
      async () => {
        const found = await points('goal3');
        return found.length === 3 && (await points('goal4')).length === 2 ? found : undefined;
      },
      { patienceMs: WITHIN_MS },
    );

    expect(three).toEqual(
      expect.arrayContaining([
        { time: start, country: 'DE', count: 1 },
        { time: start, country: 'FR', count: 1 },
        { time: start + 60_000, country: 'DE', count: 2 },
      ]),
    );
    expect(await points('goal4')).toEqual([
      { time: start, host: 'a, b=c', avg_request_time: 0.5, count: 1 },
      { time: start + 60_000, host: 'a, b=c', avg_request_time: 0.5, count: 2 },
    ]);
  });

  it('puts records that cannot be stored aside, with the reason, and goes on', async () => {
    const good = serdes.accessLog.serialize('test-inter', request(0));
    const cut = Buffer.from(good).subarray(0, 12);
    const unknown = Buffer.from([0, 0, 15, 255, 255, 0]);
    await write('test-inter', [
      { key: 'no avro', value: Buffer.from('hello') },
      { key: 'cut', value: cut },
      { key: 'unknown schema', value: unknown },
      ...requests(30_000, 30_001),
    ]);
    const window = { window_start: 0, window_end: 1 };
    const keyless = Buffer.from(serdes.goal1.serialize('goal1-topic', { client_ip: '::1', ...window, count: 1 }));
    await write('goal1-topic', [{ key: null, value: keyless }]);

    await untilCount('test-inter', 30_001);
    const letters = await until(
      async () => {
        const found = [
          ...(await deadLetters('elasticsearch-test-inter')),
          ...(await deadLetters('elasticsearch-goals')),
        ];
        return found.length === 4 ? found : undefined;
      },
      { patienceMs: WITHIN_MS },
    );

    expect(letters).toEqual([
      { key: 'no avro', message: expect.stringContaining('Unknown magic byte') },
      { key: 'cut', message: expect.stringContaining('EOFException') },
      { key: 'unknown schema', message: expect.stringContaining("'1048575'") },
      { key: null, message: expect.stringContaining("the key is the document's id") },
    ]);
    expect(await count('test-inter')).toBe(30_001);
  });

  it('puts aside what Elasticsearch and InfluxDB refuse, and writes the rest of the batch', async () => {
    const day = Date.UTC(2021, 0, 1);
    const line = `goal3,country=DE count="a text" ${day}`;
    const writeUrl = `${services.addresses.influxUrl}/write?db=millrace&precision=ms`;
    expect((await fetch(writeUrl, { method: 'POST', body: line })).status).toBe(204);
    const goal3 = (start: number, country: string): Written => {
      const value: Goal3 = { country, window_start: start, window_end: start + 60_000, count: 5 };
      return { key: `${country}@${start}`, value: Buffer.from(serdes.goal3.serialize('goal3-topic', value)) };
    };
    const before = (await points('goal3')).length;

    // InfluxDB has a text in that day's "count"; Elasticsearch takes ids of 512 bytes.
    const longKey = { ...goal3(day, 'XX'), key: 'x'.repeat(513) };
    await write('goal3-topic', [goal3(day + 60_000, 'US'), longKey, goal3(Date.UTC(2022, 0, 1), 'US')]);

    const [refusedPoints, refusedDocuments] = await until(
      async () => {
        const found = [
          await deadLetters('influxdb-goal3'),
          (await deadLetters('elasticsearch-goals')).slice(1),
        ] as const;
        return found[0].length === 2 && found[1].length === 1 ? found : undefined;
      },
      { patienceMs: WITHIN_MS },
    );
    expect(refusedPoints.map(({ message }) => message)).toEqual([
      expect.stringContaining('field type conflict'),
      expect.stringContaining('field type conflict'),
    ]);
    expect(refusedDocuments[0]?.message).toContain('Elasticsearch refuses the document');
    expect((await points('goal3')).length).toBe(before + 1);
    expect((await documents('goal3-topic')).map(({ _id }) => _id)).toEqual(
      expect.arrayContaining([`US@${day + 60_000}`, `US@${Date.UTC(2022, 0, 1)}`]),
    );
  });

  it('applies a change, and deletes what it is told to', async () => {
    const client = new ConnectClient({ url: services.addresses.connectUrl });
    const config = await client.config('influxdb-goal4');
    await client.putConfig('influxdb-goal4', { ...config, 'batch.size': '7' });

    const applied = await apply('influxdb-goal4');
    const deleted = await connectors('delete', 'influxdb-goal4');
    const again = await connectors('delete', 'influxdb-goal4');
    const status = await connectors('status', 'influxdb-goal4', 'influxdb-goal3');

    expect(applied.stdout).toContain('connector influxdb-goal4: updated, 1 task running');
    expect(deleted.stdout).toBe('connector influxdb-goal4: deleted\n');
    expect(again.stdout).toBe('connector influxdb-goal4: was not there\n');
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('MISSING');
    expect(status.stderr).toBe('millrace: not running: influxdb-goal4\n');
  });

  it('tells in a line that Connect is away', async () => {
    await services.stop('connect');

    const { code, stderr } = await connectors('apply', '--variant', 'local', '--timeout', '1s');

    expect(code).toBe(1);
    expect(stderr.split('\n').filter((line) => line.startsWith('millrace: '))).toEqual([
      `millrace: Kafka Connect does not answer at ${services.addresses.connectUrl} (ECONNREFUSED)`,
    ]);
  });
});
