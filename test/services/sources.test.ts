import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Alert, Incident, SensorHour, ServiceHealth, ServiceLog, WebStatistics } from '../../schemas/records.js';
import { jsonLines, millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { type Services, startServices, whyNoServices } from './services.js';

const SERVICES = ['kafka', 'registry', 'connect', 'elasticsearch', 'influxdb'] as const;
const CONNECTORS = [
  'elasticsearch-alerts',
  'elasticsearch-logs',
  'elasticsearch-results',
  'influxdb-service-health',
  'influxdb-web-statistics',
];
const WITHIN_MS = 90_000;

const reason = await whyNoServices(SERVICES);

let services: Services;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

function connection(): string[] {
  const { brokers, registryUrl } = services.addresses;
  return ['--brokers', brokers, '--registry', registryUrl, '--data-dir', join(directory.path, 'data')];
}

/** The values of a topic; the last of each key where keys are given. */
async function valuesOf<V>(topic: string, which = '--from-beginning'): Promise<V[]> {
  const { brokers, registryUrl } = services.addresses;
  const { code, stderr, stdout } = await millrace([
    ...['consume', topic, '--brokers', brokers, '--registry', registryUrl, which],
  ]);
  expect(code, stderr).toBe(0);
  return jsonLines<{ value: V }>(stdout).map(({ value }) => value);
}

const found = z.object({ hits: z.object({ total: z.object({ value: z.int() }), hits: z.array(z.unknown()) }) });

async function elasticsearch(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${services.addresses.elasticsearchUrl}/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  return response.json();
}

async function search(index: string, query: unknown): Promise<{ total: number; hits: unknown[] }> {
  const { hits } = found.parse(await elasticsearch(`${index}/_search`, { query, track_total_hits: true }));
  return { total: hits.total.value, hits: hits.hits };
}

/** Waits until the index has so many documents. */
async function expectCount(index: string, count: number): Promise<void> {
  const countOf = async () => {
    await elasticsearch(`${index}/_refresh`);
    return (await search(index, { match_all: {} })).total;
  };
  await until(async () => (await countOf().catch(() => 0)) >= count, { progress: countOf, patienceMs: WITHIN_MS });
  expect(await countOf(), index).toBe(count);
}

async function pointsOf(measurement: string): Promise<number> {
  const query = new URLSearchParams({ db: 'millrace', q: `SELECT count("count") FROM "${measurement}"` });
  const response = await fetch(`${services.addresses.influxUrl}/query?${query}`);
  const { results } = z
    .object({ results: z.array(z.object({ series: z.array(z.object({ values: z.array(z.array(z.unknown())) })) })) })
    .catch({ results: [] })
    .parse(await response.json());
  return Number(results[0]?.series[0]?.values[0]?.[1] ?? 0);
}

describe.skipIf(reason)('requests, service logs and sensors on Kafka, into Elasticsearch and InfluxDB', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    services = await startServices(SERVICES);
    // Five minutes of each, with the faults that are put into them.
    const { code, stderr } = await millrace([
      ...['start', ...connection(), '--pipelines', 'web-statistics,sensors,services', '--once'],
      ...['--partitions', '2', '--count', '15000', '--rate', '50', '--log-rate', '50', '--seed', '4'],
    ]);
    expect(code, stderr).toBe(0);
    const { connectUrl, elasticsearchUrl, influxUrl, registryUrl } = services.internalAddresses;
    const applied = await millrace([
      ...['connectors', 'apply', ...CONNECTORS, '--variant', 'local', '--connect', connectUrl],
      ...['--registry', registryUrl, '--elasticsearch', elasticsearchUrl, '--influxdb', influxUrl],
    ]);
    expect(applied.code, applied.stderr).toBe(0);
  }, 300_000);

  afterAll(async () => {
    await services?.close();
    await directory?.remove();
  });

  it('finds lines of logs by the words of their messages', async () => {
    const lines = await valuesOf<ServiceLog>('logs');
    await expectCount('logs', lines.length);
    const timedOut = lines.filter(({ message }) => message === 'upstream timed out');
    expect(timedOut.length).toBeGreaterThan(0);
    expect((await search('logs', { match_phrase: { message: 'Upstream TIMED out' } })).total).toBe(timedOut.length);
    const ofDatabase = timedOut.filter(({ service }) => service === 'database');
    const both = [{ match: { message: 'timed' } }, { term: { service: 'database' } }];
    expect((await search('logs', { bool: { must: both } })).total).toBe(ofDatabase.length);
  });

  it('shows what a sensor has read, by the hour', async () => {
    const hours = await valuesOf<SensorHour>('sensor-history', '--latest-by-key');
    await expectCount('sensor-history', hours.length);
    const { hits } = await search('sensor-history', { term: { sensor_id: 'sensor-3' } });
    const sources = z.array(z.object({ _source: z.looseObject({ sensor_id: z.string() }) })).parse(hits);
    expect(sources.map(({ _source }) => _source)).toEqual(hours.filter(({ sensor_id }) => sensor_id === 'sensor-3'));
  });

  it('keeps one document an alert and an incident, each as it was last', async () => {
    const last = new Map<string, Alert>();
    for (const alert of await valuesOf<Alert>('alerts')) last.set(alert.id, alert);
    expect(last.size).toBeGreaterThan(0);
    await expectCount('alerts', last.size);
    const resolved = [...last.values()].filter(({ state }) => state === 'resolved').length;
    await until(
      async () => ((await search('alerts', { term: { state: 'resolved' } })).total === resolved ? true : undefined),
      { patienceMs: WITHIN_MS },
    );
    const incidents = await valuesOf<Incident>('incidents', '--latest-by-key');
    await until(
      async () => ((await search('incidents', { match_all: {} })).total === incidents.length ? true : undefined),
      { patienceMs: WITHIN_MS },
    );
  });

  it('writes one point a window to InfluxDB', async () => {
    const health = await valuesOf<ServiceHealth>('service-health', '--latest-by-key');
    await until(async () => ((await pointsOf('service_health')) === health.length ? true : undefined), {
      patienceMs: WITHIN_MS,
    });
    const statistics = await valuesOf<WebStatistics>('web-stats-topic', '--latest-by-key');
    const query = new URLSearchParams({ db: 'millrace', q: 'SELECT sum("request_count") FROM "web_analytics"' });
    const wanted = statistics.reduce((sum, { request_count }) => sum + request_count, 0);
    const sum = async () =>
      z
        .object({
          results: z.tuple([
            z.object({ series: z.tuple([z.object({ values: z.array(z.tuple([z.unknown(), z.number()])) })]) }),
          ]),
        })
        .parse(await (await fetch(`${services.addresses.influxUrl}/query?${query}`)).json()).results[0].series[0]
        .values[0]?.[1];
    await until(async () => ((await sum().catch(() => 0)) === wanted ? true : undefined), { patienceMs: WITHIN_MS });
  });
});
