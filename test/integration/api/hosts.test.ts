import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Traffic, WebStatistics } from '../../../schemas/records.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

let server: Served;

beforeEach(async () => {
  server = await served({ auth: false });
});

afterEach(() => server.stop());

const START = Date.UTC(2026, 0, 5, 12);

function traffic(host: string, at: number, counts: Partial<Traffic> = {}): Traffic {
  return {
    ...{ host, window_start: START + at, window_end: START + at + 5000, requests: 10 },
    ...{ status_1xx: 0, status_2xx: 7, status_3xx: 0, status_4xx: 2, status_5xx: 1 },
    ...{ p50_response_time: 10, p95_response_time: 20, p99_response_time: 30, bytes: 1000, clients: 3 },
    ...counts,
  };
}

const MINUTE: WebStatistics = {
  ...{ host: 'old', window_start: START - 60_000, window_end: START, request_count: 600 },
  ...{ avg_response_time: 5, stddev_response_time: 1, p50_response_time: 5, p95_response_time: 9 },
  ...{ p99_response_time: 9, client_errors: 6, server_errors: 0, error_rate: 0.01, bytes: 600 },
  ...{ is_anomaly: false, rules: [] },
};

interface Host {
  host: string;
  topic: string;
  request_count: number;
  error_rate: number;
  client_errors: number;
  server_errors: number;
  bytes: number | null;
  p95_response_time: number | null;
  window_start: number;
  window_end: number;
}

it('shows a host before its first minute is over, by what its windows of traffic add up to', async () => {
  await server.append('webStatistics', [MINUTE]);
  await server.append('traffic', [
    traffic('new', 0),
    traffic('old', 0),
    traffic('new', 5000, { requests: 11 }),
    // The same window again, as it is at its end.
    traffic('new', 5000, { requests: 30, status_5xx: 21, bytes: null }),
  ]);
  const found = await until(async () => {
    const response = await fetch(`${server.url}/api/v1/hosts/new`);
    const body = (await response.json()) as { latest: Host; series: unknown[]; traffic: Traffic[] };
    return response.status === 200 && body.latest.request_count === 40 ? body : undefined;
  });
  expect(found.latest).toMatchObject({
    ...{ topic: 'traffic', request_count: 40, client_errors: 4, server_errors: 22, error_rate: 26 / 40 },
    ...{ bytes: 1000, p95_response_time: null, window_start: START, window_end: START + 10_000 },
  });
  expect(found.series).toEqual([]);
  expect(found.traffic.map(({ requests }) => requests)).toEqual([10, 30]);
  const { items } = (await (await fetch(`${server.url}/api/v1/hosts`)).json()) as { items: Host[] };
  expect(items.map(({ host, topic }) => [host, topic])).toEqual([
    ['old', 'web-stats-topic'],
    ['new', 'traffic'],
  ]);
  expect((await fetch(`${server.url}/api/v1/hosts/none`)).status).toBe(404);
});
