import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceFault, ServiceFaultKind } from '../../../../producer/service-faults.js';
import { SERVICES, ServiceLogSimulator } from '../../../../producer/service-log-simulator.js';
import type { Alert, Incident, ServiceHealth, ServiceLog } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const MINUTE_MS = 60_000;
const KINDS: readonly ServiceFaultKind[] = [
  'latency-step',
  'error-burst',
  'surge',
  'silence',
  'latency-ramp',
  'error-creep',
  'deploy',
];

/** One fault a kind, of a minute, every five minutes. */
const FAULTS: readonly ServiceFault[] = KINDS.map((kind, index) => {
  const startMs = START_MS + (10 + 5 * index) * MINUTE_MS;
  return { kind, service: SERVICES[index % SERVICES.length] as string, startMs, endMs: startMs + MINUTE_MS };
});

function linesOf(minutes: number, faults: readonly ServiceFault[], linesPerSecond = 100): ServiceLog[] {
  const simulator = new ServiceLogSimulator({ seed: 1, startMs: START_MS, linesPerSecond, faults });
  const lines: ServiceLog[] = [];
  while (simulator.arrivalMs < START_MS + minutes * MINUTE_MS) lines.push(simulator.next().line);
  return lines;
}

const byService = ({ service }: ServiceLog) => service;

/** Opened alerts, but those of endpoints, which come at the end of their minute. */
function openedOf(alerts: readonly Alert[]): Alert[] {
  return alerts
    .filter(({ entity, state }) => state === 'opened' && !entity.includes(' /'))
    .sort((one, other) => one.time - other.time);
}

/** Records of one key stay in their order; which key is written first depends on when commits are. */
function inOrderOfKeys<R extends { readonly key: string }>(records: readonly R[]): R[] {
  return records.toSorted((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)));
}

describe('service logs with a fault of each kind', () => {
  const lines = linesOf(50, FAULTS);
  let alerts: Alert[];
  let health: ServiceHealth[];
  let incidents: Incident[];

  beforeAll(async () => {
    const run = await ApplicationRun.create({ config: { pipelines: ['services'] }, partitions: 4 });
    await run.append('serviceLogs', lines, byService);
    await run.drain();
    const valuesOf = async <R extends 'alerts' | 'serviceHealth'>(role: R) =>
      (await run.read(role)).map(({ value }) => value);
    alerts = await valuesOf('alerts');
    health = await valuesOf('serviceHealth');
    const last = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
    incidents = [...last.values()].filter((incident) => incident !== null);
    await run.close();
  });

  it.each(FAULTS)('finds the $kind of $service within 30 s', ({ endMs, service, startMs }) => {
    const found = openedOf(alerts).filter(
      ({ entity, time }) => entity === service && time > startMs && time <= endMs + 10_000,
    );
    expect(found.length).toBeGreaterThan(0);
    expect((found[0] as Alert).time - startMs).toBeLessThanOrEqual(30_000);
  });

  it('makes one incident of each fault, also where several things alert', () => {
    for (const { service, startMs, endMs } of FAULTS) {
      const during = incidents.filter(
        ({ scope, opened }) => scope === `service/${service}` && opened > startMs && opened <= endMs + MINUTE_MS,
      );
      expect(during, service).toHaveLength(1);
    }
  });

  it('alerts about nothing else', () => {
    const isDuring = ({ scope, time }: Alert) =>
      FAULTS.some(
        ({ kind, service, startMs, endMs }) =>
          scope === `service/${service}` &&
          time > startMs &&
          time <= (kind === 'deploy' ? Number.POSITIVE_INFINITY : endMs + 20_000),
      );
    expect(openedOf(alerts).filter((alert) => !isDuring(alert))).toEqual([]);
  });

  it('tells throughput, latency, errors and sessions as they are', () => {
    const windows = new Map<string, ServiceLog[]>();
    for (const line of lines) {
      const id = `${line.service}@${Math.floor(line.timestamp / 5000) * 5000}`;
      windows.set(id, [...(windows.get(id) ?? []), line]);
    }
    for (const actual of health) {
      const expected = windows.get(`${actual.service}@${actual.window_start}`) ?? [];
      const errors = expected.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL').length;
      const times = expected.map(({ response_time }) => response_time ?? 0);
      expect(actual.count).toBe(expected.length);
      expect(actual.throughput).toBeCloseTo(expected.length / 5, 9);
      if (expected.length === 0) {
        expect(actual.health).toBe('down');
        continue;
      }
      expect(actual.error_rate).toBeCloseTo(errors / expected.length, 9);
      expect(actual.avg_response_time).toBeCloseTo(times.reduce((sum, time) => sum + time, 0) / times.length, 6);
      expect(actual.bytes).toBe(expected.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0));
      const sessions = new Set(expected.map(({ session_id }) => session_id)).size;
      // Five standard errors, in thousands of windows.
      expect(Math.abs(actual.active_sessions - sessions)).toBeLessThanOrEqual(Math.max(2, 0.15 * sessions));
    }
  });
});

describe('a fault of a part of a service', () => {
  /** The service with the most lines, one fault after the other. */
  const faultOf = (kind: ServiceFaultKind, index: number): ServiceFault => {
    const startMs = START_MS + (10 + 5 * index) * MINUTE_MS;
    return { kind, service: 'web-api', startMs, endMs: startMs + MINUTE_MS };
  };
  const faults = (['bad-instance', 'abusive-address', 'scan'] as const).map(faultOf);
  const expected = {
    'bad-instance': { detector: 'unlike-its-peers', entity: /^web-api web-api-\d+$/, within: 30_000 },
    'abusive-address': { detector: 'ABUSIVE_ADDRESS', entity: /^web-api 185\.220\.101\.\d+$/, within: 21_000 },
    scan: { detector: 'CLIENT_ERROR_SCAN', entity: /^web-api 185\.220\.101\.\d+$/, within: 21_000 },
  };
  let alerts: Alert[];

  beforeAll(async () => {
    const run = await ApplicationRun.create({ config: { pipelines: ['services'] }, partitions: 4 });
    await run.append('serviceLogs', linesOf(30, faults), byService);
    await run.drain();
    alerts = (await run.read('alerts')).map(({ value }) => value);
    await run.close();
  });

  it.each(Object.entries(expected))('is found, and named: %s', (kind, { detector, entity, within }) => {
    const { endMs, startMs } = faults.find((fault) => fault.kind === kind) as ServiceFault;
    const found = alerts.filter((alert) => alert.detector === detector);
    expect(found.map(({ state }) => state)).toEqual(['opened', 'resolved']);
    const [opened, resolved] = found as [Alert, Alert];
    expect(opened.entity).toMatch(entity);
    expect(opened.scope).toBe('service/web-api');
    expect(opened.time - startMs).toBeLessThanOrEqual(within);
    expect(resolved.id).toBe(opened.id);
    expect(resolved.time - endMs).toBeLessThanOrEqual(90_000);
  });
});

describe('an application that is stopped and started again', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-services-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('finds what it would have found in one go', async () => {
    const lines = linesOf(25, FAULTS.slice(0, 3), 50);
    const config = { pipelines: ['services'] } as const;
    const whole = await ApplicationRun.create({ config });
    await whole.append('serviceLogs', lines, byService);
    await whole.drain();
    const parts = await ApplicationRun.create({ config });
    for (let start = 0; start < lines.length; start += 20_000) {
      await parts.append('serviceLogs', lines.slice(start, start + 20_000), byService);
      await parts.process({ stateDirectory: directory });
    }
    await parts.drain({ stateDirectory: directory });
    expect(inOrderOfKeys(await parts.read('serviceHealth'))).toEqual(inOrderOfKeys(await whole.read('serviceHealth')));
    // What is judged by the minute and what is by seconds take turns at each commit.
    const ofEach = (alerts: Awaited<ReturnType<typeof whole.read<'alerts'>>>) =>
      alerts.toSorted(({ value: one }, { value: other }) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
    expect(ofEach(await parts.read('alerts'))).toEqual(ofEach(await whole.read('alerts')));
    await whole.close();
    await parts.close();
  });
});
