import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { analyze } from '../../../lake/reports/analyze.js';
import { Random } from '../../../producer/random.js';
import type { Alert, ServiceLog } from '../../../schemas/records.js';
import { topicSchema } from '../../../schemas/subjects.js';
import { temporaryDirectory } from '../millrace.js';
import { openDataDirectory, type Produced, produce, REQUEST, type Request, requests } from './events.js';

const HOUR_MS = 3_600_000;
const LOG = topicSchema('serviceLogs').schema;
const ALERT = topicSchema('alerts').schema;

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T;
}

function serviceLogs(count: number): Produced<ServiceLog>[] {
  const random = new Random(21);
  return Array.from({ length: count }, () => {
    const timestamp = Date.UTC(2026, 2, 1, 9) + random.below(3 * HOUR_MS);
    const user = random.below(10) === 0 ? null : `user-${random.below(7)}`;
    const value = {
      timestamp,
      service: 'shop',
      message: 'done',
      method: 'GET',
      request_id: null,
      ip: null,
      bytes: 12,
      level: pick(random, ['INFO', 'INFO', 'INFO', 'WARN', 'ERROR', 'CRITICAL'] as const),
      response_time: random.below(5) === 0 ? null : random.below(500),
      endpoint: pick(random, ['/a', '/b', '/c', null]),
      status: pick(random, [200, 200, 404, 500, null]),
      user_id: user,
      session_id: user === null ? null : `session-${random.below(5)}`,
      source: pick(random, ['web', 'app']),
      is_anomaly: random.below(8) === 0,
    };
    return { partition: 0, timestamp, key: null, value };
  });
}

const alerts = (
  [
    ['service', 'checkout', 'z-score', 'critical', 'opened'],
    ['service', 'search', 'z-score', 'critical', 'opened'],
    ['service', 'checkout', 'z-score', 'critical', 'resolved'],
    ['sensor', 'boiler', 'threshold', 'warning', 'opened'],
  ] as const
).map(([source_kind, entity, detector, severity, state], n): Produced<Alert> => {
  const time = Date.UTC(2026, 2, 1, 9, n);
  const value: Alert = {
    id: `${source_kind}/${entity}`,
    time,
    source_kind,
    entity,
    scope: entity,
    detector,
    state,
    severity,
    value: 1,
    expected_low: null,
    expected_high: 0.5,
    window_start: time,
    window_end: time + 5000,
    explanation: 'more than usual',
    fields: ['value'],
  };
  // Processed a year later: the time of the event is what counts.
  return { partition: 0, timestamp: Date.UTC(2027, 0, 1), key: null, value };
});

const logs = serviceLogs(3000).map(({ value }) => value as ServiceLog);
const accesses = requests(3000, 1, 22).map(({ value }) => value as Request);

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let lake: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  lake = join(directory.path, 'lake');
  const data = await openDataDirectory(directory.path);
  const topics = { access: 'requests', service: 'logs', alert: 'alerts' };
  for (const topic of Object.values(topics)) await data.log.ensureTopic(topic, { partitions: 1 });
  await produce(data, 'requests', REQUEST, requests(3000, 1, 22));
  await produce(data, 'logs', LOG, serviceLogs(3000));
  await produce(data, 'alerts', ALERT, alerts);
  const sources = Object.entries(topics).map(([kind, topic]) => ({
    kind,
    topic,
    ...(kind === 'alert' ? { timeField: 'time' } : {}),
  }));
  const writer = await LakeWriter.open({ ...data, directory: lake, sources });
  await writer.drain();
  await writer.close();
  await data.log.close();
});

afterAll(() => directory.remove());

async function report(name: string, options: Parameters<typeof analyze>[2] = { limit: 1000 }) {
  const result = (await analyze(lake, undefined, options)).find((made) => made.report.name === name);
  if (result === undefined) throw new Error(`there is no report ${name}`);
  const { missing, names, rows } = result;
  return { missing, rows: rows.map((row) => Object.fromEntries(names.map((column, index) => [column, row[index]]))) };
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string | null): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== null) found.set(key, [...(found.get(key) ?? []), item]);
  }
  return [...found];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** With linear interpolation between the two values around it. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] as number;
  return low + ((sorted[Math.ceil(at)] as number) - low) * (at - Math.floor(at));
}

function numbers(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const failed = ({ level, status }: ServiceLog) => (status ?? 0) >= 500 || level === 'ERROR' || level === 'CRITICAL';
const hourOf = (time: number) => `${new Date(time).toISOString().slice(0, 13).replace('T', ' ')}:00:00+00`;
const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

describe('reports, against a plain computation', () => {
  it('endpoints', async () => {
    const expected = groups(logs, ({ endpoint }) => endpoint).map(([endpoint, ofIt]) => {
      const times = numbers(ofIt.map(({ response_time }) => response_time));
      const figures = { mean_ms: rounded(mean(times), 1), p95_ms: rounded(quantile(times, 0.95), 1) };
      return { endpoint, requests: ofIt.length, errors: ofIt.filter(failed).length, ...figures };
    });
    expected.sort((a, b) => b.requests - a.requests || (a.endpoint < b.endpoint ? -1 : 1));
    expect((await report('endpoints')).rows).toEqual(expected);
  });

  it('errors by endpoint and hour', async () => {
    const expected = groups(logs, ({ endpoint, timestamp }) => endpoint && `${endpoint}@${hourOf(timestamp)}`).map(
      ([key, ofIt]) => {
        const [endpoint, hour] = key.split('@');
        const errors = ofIt.filter(failed).length;
        const percent = rounded((100 * errors) / ofIt.length, 1);
        return { endpoint, hour, errors, requests: ofIt.length, percent };
      },
    );
    expect((await report('endpoint-errors')).rows.sort(byText)).toEqual(expected.sort(byText));
  });

  it('sessions by user', async () => {
    const expected = groups(logs, ({ user_id }) => user_id).map(([user_id, ofUser]) => {
      const sessions = groups(ofUser, ({ session_id }) => session_id).map(([, ofSession]) =>
        ofSession.map(({ timestamp }) => timestamp),
      );
      const seconds = sessions.map((times) => (Math.max(...times) - Math.min(...times)) / 1000);
      return {
        user_id,
        sessions: sessions.length,
        records: ofUser.length,
        mean_s: rounded(mean(seconds), 1),
        longest_s: rounded(Math.max(...seconds), 1),
        first: time(Math.min(...ofUser.map(({ timestamp }) => timestamp))),
        last: time(Math.max(...ofUser.map(({ timestamp }) => timestamp))),
      };
    });
    expect((await report('sessions')).rows.sort(byText)).toEqual(expected.sort(byText));
  });

  it('records marked as anomalies, by source and level', async () => {
    const expected = groups(logs, ({ level, source }) => `${source}@${level}`).map(([key, ofIt]) => {
      const [source, level] = key.split('@');
      const anomalies = ofIt.filter(({ is_anomaly }) => is_anomaly).length;
      return { source, level, anomalies, records: ofIt.length, percent: rounded((100 * anomalies) / ofIt.length, 1) };
    });
    expect((await report('flagged')).rows.sort(byText)).toEqual(expected.sort(byText));
  });

  it('alerts by source and type, with the time of the event', async () => {
    const at = (minute: number) => time(Date.UTC(2026, 2, 1, 9, minute));
    expect((await report('anomalies')).rows).toEqual([
      {
        source_kind: 'service',
        detector: 'z-score',
        severity: 'critical',
        alerts: 2,
        entities: 2,
        first: at(0),
        last: at(2),
      },
      {
        source_kind: 'sensor',
        detector: 'threshold',
        severity: 'warning',
        alerts: 1,
        entities: 1,
        first: at(3),
        last: at(3),
      },
    ]);
  });

  it('hosts', async () => {
    const expected = groups(accesses, ({ host }) => host).map(([host, ofIt]) => {
      const times = numbers(ofIt.map(({ request_time }) => request_time));
      const figures = { mean_s: rounded(mean(times), 3), p95_s: rounded(quantile(times, 0.95), 3) };
      const count = (from: number, to: number) => ofIt.filter(({ status }) => status >= from && status < to).length;
      return { host, requests: ofIt.length, '4xx': count(400, 500), '5xx': count(500, 600), ...figures };
    });
    expected.sort((a, b) => b.requests - a.requests || (a.host < b.host ? -1 : 1));
    expect((await report('hosts')).rows).toEqual(expected);
  });

  it('errors by host and hour, of a time', async () => {
    const sinceMs = Date.UTC(2026, 0, 31, 22, 30);
    const untilMs = Date.UTC(2026, 1, 1, 0, 30);
    const inTime = accesses.filter(({ timestamp }) => timestamp >= sinceMs && timestamp < untilMs);
    const expected = groups(inTime, ({ host, timestamp }) => `${host}@${hourOf(timestamp)}`).flatMap(([key, ofIt]) => {
      const [host, hour] = key.split('@');
      const client = ofIt.filter(({ status }) => status === 404).length;
      const server = ofIt.filter(({ status }) => status === 500).length;
      if (client + server === 0) return [];
      const percent = rounded((100 * (client + server)) / ofIt.length, 1);
      return [{ host, hour, '4xx': client, '5xx': server, requests: ofIt.length, percent }];
    });
    const { rows } = await report('host-errors', { limit: 1000, sinceMs, untilMs });
    expect(rows.sort(byText)).toEqual(expected.sort(byText));
  });

  it('say what the table lacks for them', async () => {
    expect(await report('clients')).toEqual({
      missing: 'the access logs in the table have no client_ip, country',
      rows: [],
    });
  });
});

function time(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '+00');
}
