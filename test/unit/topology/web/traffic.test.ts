import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { TrafficSimulator } from '../../../../producer/traffic-simulator.js';
import type { AccessLog, Traffic } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const WINDOW_MS = 5000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The windows by the definitions, from all of their requests at once. */
function byWindow(events: readonly AccessLog[]): Map<string, AccessLog[]> {
  const windows = new Map<string, AccessLog[]>();
  for (const event of events) {
    for (const host of ['*', event.host]) {
      const key = `${host}@${Math.floor(event.timestamp / WINDOW_MS) * WINDOW_MS}`;
      windows.set(key, [...(windows.get(key) ?? []), event]);
    }
  }
  return windows;
}

function expectWindow(actual: Traffic, requests: readonly AccessLog[]): void {
  const ofClass = (digit: number) => requests.filter(({ status }) => Math.floor(status / 100) === digit).length;
  expect(actual.requests).toBe(requests.length);
  const { status_1xx, status_2xx, status_3xx, status_4xx, status_5xx } = actual;
  expect([status_1xx, status_2xx, status_3xx, status_4xx, status_5xx]).toEqual([1, 2, 3, 4, 5].map(ofClass));
  const sizes = requests.flatMap(({ bytes }) => (bytes === null || bytes === undefined ? [] : [bytes]));
  expect(actual.bytes).toBe(sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0));
  const clients = new Set(requests.map(({ client_ip }) => client_ip)).size;
  // The standard error of linear counting with 1,024 registers (Whang, Vander-Zanden and Taylor, 1990), of one in 10^9.
  const load = clients / 1024;
  const error = Math.sqrt(1024 * (Math.exp(load) - load - 1));
  expect(Math.abs(actual.clients - clients)).toBeLessThanOrEqual(Math.max(2, 6 * error));
  const times = requests
    .flatMap(({ request_time: time }) => (time === null ? [] : [1000 * time]))
    .sort((a, b) => a - b);
  const found = [actual.p50_response_time, actual.p95_response_time, actual.p99_response_time];
  if (times.length === 0) expect(found).toEqual([null, null, null]);
  else {
    for (const [index, q] of [0.5, 0.95, 0.99].entries()) {
      const exact = times[Math.floor(q * (times.length - 1))] as number;
      expect(Math.abs((found[index] as number) - exact)).toBeLessThanOrEqual(0.0101 * exact);
    }
  }
}

async function expectTraffic(events: readonly AccessLog[], grace: '5s' | '30d', partitions: number): Promise<void> {
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'], grace }, partitions });
  await run.append('accessLog', events, ({ client_ip }) => client_ip);
  await run.drain();
  const found = await run.read('traffic');
  await run.close();
  const expected = byWindow(events);
  expect(found.map(({ key }) => key).sort()).toEqual([...expected.keys()].sort());
  for (const { key, value } of found) {
    expect(key).toBe(`${value.host}@${value.window_start}`);
    expect(value.window_end - value.window_start).toBe(WINDOW_MS);
    expectWindow(value, expected.get(key) ?? []);
  }
}

it('the traffic of 60,000 simulated requests is what a plain computation finds, one record a host and 5 s', async () => {
  const simulator = new TrafficSimulator({
    ...{ seed: 7, startMs: Date.UTC(2026, 0, 1, 9), eventsPerSecond: 500, disorderMs: 2000 },
  });
  const events = Array.from({ length: 60_000 }, () => simulator.next().event);
  await expectTraffic(events, '5s', 4);
});

it('the traffic of a real log is what a plain computation finds, with the sizes and clients that it tells', async () => {
  const text = gunzipSync(readFileSync(new URL('../../../fixtures/access.log.gz', import.meta.url))).toString();
  const events = text.split('\n').flatMap((line): AccessLog[] => {
    const match = /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):(\d+):(\d+):(\d+) \+0000\] "(\w*)[^"]*" (\d+) (\d+|-)/.exec(
      line,
    );
    if (match === null) return [];
    const [, client_ip = '', day, month = '', year, hour, minute, second, method = '', status, size] = match;
    const timestamp = Date.UTC(
      ...([Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)] as const),
    );
    return [
      {
        ...{ server: 'w', client_ip, method, status: Number(status), request_time: null, host: 'www.example.net' },
        ...{ country: 'US', timestamp, bytes: size === '-' ? null : Number(size) },
      },
    ];
  });
  expect(events.length).toBeGreaterThan(9_900);
  await expectTraffic(events, '30d', 1);
});
