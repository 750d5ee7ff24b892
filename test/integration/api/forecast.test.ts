import { type ApplicationServer, Streams } from '@millrace/streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StatusPublisher } from '../../../app/pipeline/status-publisher.js';
import { applicationTopology } from '../../../topology/application.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

const TOKEN = 'a token that all share';
const HERE: ApplicationServer = { host: '127.0.0.1', port: 0, listen: '127.0.0.1', token: TOKEN };
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 5, 1, 9);
const MINUTES = 60;
const LINES_A_MINUTE = 30;
const REQUESTS_A_MINUTE = 12;

let server: Served;
let streams: Streams;

beforeAll(async () => {
  server = await served({ auth: false, stateAccess: { token: TOKEN, isOfThisMachine: true } });
  const config = { ...DEFAULT_APPLICATION_CONFIG, watchesClock: false };
  const spread = (count: number) =>
    Array.from({ length: MINUTES * count }, (_, n) => START_MS + (n * MINUTE_MS) / count);
  await server.append(
    'serviceLogs',
    spread(LINES_A_MINUTE).map((timestamp, n) => ({
      ...{ timestamp, service: 'shop', level: n % 10 === 0 ? 'ERROR' : 'INFO', message: 'served' },
      ...{ endpoint: null, status: null, response_time: null, source: null },
    })),
  );
  await server.append(
    'accessLog',
    spread(REQUESTS_A_MINUTE).map((timestamp) => ({
      ...{ server: 'web-0', client_ip: '198.51.100.7', method: 'GET', status: 200, request_time: 0.1 },
      ...{ host: 'shop.example', country: 'DE', timestamp },
    })),
  );
  const topology = applicationTopology(config, server.serdes);
  streams = new Streams(topology, {
    ...{ applicationId: 'app', log: server.log, commitInterval: 20, applicationServer: HERE },
  });
  StatusPublisher.start({
    ...{ streams, topology, version: 'test', onNotice: () => {}, applicationId: 'app', instance: '0' },
    ...{ topic: config.topics.pipelineStatus, use: (tell) => tell(server.log), answersOverTls: false },
  });
  await streams.start();
});

afterAll(async () => {
  await streams?.close();
  await server?.stop();
});

type Rows = readonly Readonly<Record<string, { expected: number; low: number; high: number } | number>>[];

async function forecastOf(path: string): Promise<Rows> {
  return until(async () => {
    const response = await fetch(`${server.url}/api/v1${path}/forecast`);
    if (response.status !== 200) return undefined;
    const { is_learning, items } = (await response.json()) as { is_learning: boolean; items: Rows };
    expect(is_learning).toBe(true);
    // The pipeline may not have read all.
    return Number(items[0]?.['time']) >= START_MS + (MINUTES - 3) * MINUTE_MS ? items : undefined;
  });
}

it.each([
  ['/services/shop', 'lines', LINES_A_MINUTE],
  ['/services/shop', 'failures', LINES_A_MINUTE / 10],
  ['/hosts/shop.example', 'requests', REQUESTS_A_MINUTE],
  ['/hosts/*', 'requests', REQUESTS_A_MINUTE],
])('%s tells how many %s to expect in each minute of the next hour', async (path, name, usual) => {
  const items = await forecastOf(path);
  expect(items).toHaveLength(60);
  for (const [index, row] of items.entries()) {
    expect(row['time']).toBe(Number(items[0]?.['time']) + index * MINUTE_MS);
    const { expected, high, low } = row[name] as { expected: number; low: number; high: number };
    expect(Math.abs(expected - usual)).toBeLessThan(0.1 * usual);
    expect(low).toBeLessThanOrEqual(expected);
    expect(high).toBeGreaterThanOrEqual(expected);
  }
});

it('what is not known is not there', async () => {
  expect((await fetch(`${server.url}/api/v1/services/none/forecast`)).status).toBe(404);
});
