import { expect, it } from 'vitest';
import { TrafficSimulator } from '../../../../producer/traffic-simulator.js';
import type { AccessLog, WebStatistics } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1, 9);

function simulated(count: number): AccessLog[] {
  const simulator = new TrafficSimulator({ seed: 5, startMs: START_MS, eventsPerSecond: 200, disorderMs: 2000 });
  return Array.from({ length: count }, () => simulator.next().event);
}

/** The windows by the definitions, from all of their requests at once. */
function reference(events: readonly AccessLog[]) {
  const requests = new Map<string, AccessLog[]>();
  for (const event of events) {
    const start = Math.floor(event.timestamp / MINUTE_MS) * MINUTE_MS;
    for (const host of ['*', event.host]) {
      const id = `${host}@${start}`;
      const known = requests.get(id);
      if (known === undefined) requests.set(id, [event]);
      else known.push(event);
    }
  }
  return requests;
}

function expectWindow(actual: WebStatistics, requests: readonly AccessLog[]): void {
  const times = requests
    .flatMap(({ request_time: time }) => (time === null ? [] : [1000 * time]))
    .sort((a, b) => a - b);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1);
  const failed = (from: number, to: number) => requests.filter(({ status }) => status >= from && status <= to).length;
  expect(actual.request_count).toBe(requests.length);
  expect(actual.client_errors).toBe(failed(400, 499));
  expect(actual.server_errors).toBe(failed(500, 599));
  expect(actual.error_rate).toBeCloseTo(failed(400, 599) / requests.length, 12);
  expect(actual.avg_response_time).toBeCloseTo(mean, 6);
  if (times.length > 1) expect(actual.stddev_response_time).toBeCloseTo(Math.sqrt(variance), 6);
  const quantiles = [actual.p50_response_time, actual.p95_response_time, actual.p99_response_time];
  for (const [index, q] of [0.5, 0.95, 0.99].entries()) {
    const exact = times[Math.floor(q * (times.length - 1))] as number;
    expect(Math.abs((quantiles[index] as number) - exact)).toBeLessThanOrEqual(0.0101 * exact);
  }
}

it('web statistics of 200,000 requests are what a plain computation finds, one record a window', async () => {
  const events = simulated(200_000);
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] }, partitions: 4 });
  await run.append('accessLog', events, ({ client_ip }) => client_ip);
  await run.drain();
  const found = await run.read('webStatistics');
  await run.close();
  const expected = reference(events);
  const withRequests = found.filter(({ value }) => value.request_count > 0);
  expect(withRequests.map(({ key }) => key).sort()).toEqual([...expected.keys()].sort());
  for (const { key, value } of withRequests) expectWindow(value, expected.get(key) ?? []);
});

it('flags the minutes of a host whose requests fail, by name, value and limit, and alerts once', async () => {
  const events: AccessLog[] = [];
  for (let second = 0; second < 720; second++) {
    for (const host of ['good.example.com', 'bad.example.com']) {
      const fails = host.startsWith('bad') && second >= 300 && second < 480;
      events.push({
        server: 'web-0',
        client_ip: '198.51.100.7',
        method: 'GET',
        status: fails ? 503 : 200,
        request_time: 0.1,
        host,
        country: 'DE',
        timestamp: START_MS + 1000 * second,
      });
    }
  }
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] } });
  await run.append('accessLog', events, ({ client_ip }) => client_ip);
  await run.drain();
  const flagged = (await run.read('webStatistics')).map(({ value }) => value).filter(({ is_anomaly }) => is_anomaly);
  const alerts = (await run.read('alerts')).map(({ value }) => value);
  await run.close();
  const bad = flagged.filter(({ host }) => host === 'bad.example.com');
  expect(bad.map(({ window_start }) => (window_start - START_MS) / MINUTE_MS)).toEqual([5, 6, 7]);
  expect(bad[0]?.rules).toEqual([{ rule: 'high-error-rate', value: 1, limit: 0.2 }]);
  expect(flagged.filter(({ host }) => host === 'good.example.com')).toEqual([]);
  const ofBad = alerts.filter(({ entity }) => entity === 'bad.example.com');
  expect(ofBad.map(({ detector, state }) => `${detector} ${state}`).sort()).toEqual([
    ...['high-error-rate opened', 'high-error-rate resolved'],
    ...['unusual-behaviour opened', 'unusual-behaviour resolved'],
  ]);
});
