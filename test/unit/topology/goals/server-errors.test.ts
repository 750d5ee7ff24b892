import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { AccessLog, HostServerErrors } from '../../../../schemas/records.js';
import type { ApplicationConfig } from '../../../../topology/application-config.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const START_MS = Date.UTC(2024, 2, 7, 11, 0);
const SECOND_MS = 1000;
const SIZE_MS = 10_000;

function request(host: string, timestamp: number, status: number): AccessLog {
  return {
    ...{ host, timestamp, status, server: 's', client_ip: '203.0.113.5', method: 'GET' },
    ...{ request_time: null, country: 'ZZ', bytes: null },
  };
}

/** The last record of each key, and all of them. */
async function burstsIn(requests: readonly AccessLog[], config: Partial<ApplicationConfig> = {}) {
  const run = await ApplicationRun.create({ config: { pipelines: ['goals'], ...config }, partitions: 2 });
  await run.append('accessLog', requests, ({ client_ip }) => client_ip);
  await run.drain();
  const records = await run.readAll('serverErrors');
  await run.close();
  const last = new Map(records.map(({ key, value }) => [key, value && { ...value }]));
  return { records, last: new Map([...last].filter(([, value]) => value !== null)) };
}

/** By the definition, window by window. */
function reference(requests: readonly AccessLog[], threshold = 10, share = 0.05): Map<string, HostServerErrors> {
  const bursts = new Map<string, HostServerErrors>();
  for (const host of new Set(requests.map((one) => one.host))) {
    const own = requests.filter((one) => one.host === host);
    const times = own.map(({ timestamp }) => timestamp);
    const first = Math.floor(Math.min(...times) / SECOND_MS) * SECOND_MS - SIZE_MS;
    for (let start = first; start <= Math.max(...times); start += SECOND_MS) {
      const window = own.filter(({ timestamp }) => timestamp >= start && timestamp < start + SIZE_MS);
      const errors = window.filter(({ status }) => status >= 500 && status <= 599).map(({ timestamp }) => timestamp);
      if (errors.length <= threshold || errors.length < share * window.length) continue;
      bursts.set(`${host}@${start}`, {
        ...{ host, window_start: start, window_end: start + SIZE_MS },
        ...{ count: errors.length, requests: window.length },
        ...{ first_error: Math.min(...errors), last_error: Math.max(...errors) },
      });
    }
  }
  return bursts;
}

function traffic(seed: number): AccessLog[] {
  const random = new Random(seed);
  const requests: AccessLog[] = [];
  for (let second = 0; second < 300; second++) {
    for (let index = 0; index < 20; index++) {
      const host = `host-${index % 4}.example`;
      const isOutage = second >= 100 && second < 100 + 15 * (index % 4);
      const isError = random.uniform() < (isOutage ? 0.5 : 0.002);
      const status = isError ? 500 + random.below(100) : [200, 304, 404, 499, 600][random.below(5)];
      requests.push(request(host, START_MS + second * SECOND_MS + random.below(1000), status as number));
    }
  }
  return requests.sort((one, other) => one.timestamp - other.timestamp);
}

it('are the windows in which a host has many errors and a large share of them', async () => {
  const requests = traffic(3);
  const { last } = await burstsIn(requests);
  expect(last).toEqual(reference(requests));
  expect(last.size).toBeGreaterThan(20);
});

it('are not where a busy host has a few errors, as busy hosts do', async () => {
  const requests = Array.from({ length: 20_000 }, (_, index) =>
    request('busy.example', START_MS + index, index % 500 === 0 ? 502 : 200),
  );
  expect((await burstsIn(requests)).records).toEqual([]);
  const { last } = await burstsIn(requests, {
    serverErrors: { size: '10s', advance: '1s', threshold: 10, share: 0.001 },
  });
  expect(last).toEqual(reference(requests, 10, 0.001));
});

it('that later requests make a small share of are deleted', async () => {
  const at = (count: number, status: number) =>
    Array.from({ length: count }, (_, index) => request('a.example', START_MS + index, status));
  const run = await ApplicationRun.create({ config: { pipelines: ['goals'] } });
  await run.append('accessLog', at(20, 503), () => 'a');
  await run.process();
  await run.append('accessLog', at(1000, 200), () => 'a');
  await run.drain();
  const records = await run.readAll('serverErrors');
  await run.close();
  expect(records.slice(0, 10).map(({ value }) => [value?.count, value?.requests])).toEqual(Array(10).fill([20, 20]));
  expect(records.slice(10).map(({ value }) => value)).toEqual(Array(10).fill(null));
  expect(records.slice(10).map(({ key }) => key)).toEqual(records.slice(0, 10).map(({ key }) => key));
});

it('are not looked for where the configuration says so', async () => {
  expect((await burstsIn(traffic(3), { serverErrors: undefined })).records).toEqual([]);
});
