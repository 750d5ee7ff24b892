import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Alert, ServiceLog } from '../../../schemas/records.js';
import { anIncident } from '../../unit/notify/incident.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

const NOW = Date.now();
const MINUTE_MS = 60_000;

let server: Served;
beforeAll(async () => {
  server = await served({ auth: false });
});
afterAll(() => server?.stop());

interface Group {
  readonly began: number;
  readonly first: string | null;
  readonly others: readonly { incident: { id: string }; began: number; shared_requests: number }[];
}

async function groupOf(id: string): Promise<Group> {
  const response = await fetch(`${server.url}/api/v1/incidents/${id}`);
  return ((await response.json()) as { together: Group }).together;
}

function incidentOf(service: string, opened: number, resolved: number | null = null) {
  const state = resolved === null ? ('opened' as const) : ('resolved' as const);
  return anIncident(service, { scope: `service/${service}`, opened, updated: opened, resolved, state });
}

function alertOf(service: string, windowStart: number): Alert {
  return {
    ...{ id: `alert of ${service}`, time: windowStart + 10_000, source_kind: 'service', entity: service },
    ...{ scope: `service/${service}`, detector: 'errors', state: 'opened', severity: 'critical', value: 9 },
    ...{ expected_low: null, expected_high: 1, window_start: windowStart, window_end: windowStart + 5000 },
    ...{ explanation: '9 errors', fields: [] },
  };
}

function lineOf(service: string, request: string, time: number): ServiceLog {
  return {
    ...{ timestamp: time, service, level: 'ERROR', message: 'timed out', request_id: request },
    ...{ endpoint: '/', status: 503, response_time: 1, source: 'a' },
  } as unknown as ServiceLog;
}

it('an incident names those that fail in the same requests or began with it, and which began first', async () => {
  const opened = NOW - 10 * MINUTE_MS;
  await server.append('alerts', [alertOf('shop', opened - 20_000), alertOf('database', opened - 200_000)]);
  await server.append('serviceLogs', [
    ...['a', 'b', 'c'].map((request) => lineOf('shop', request, opened + 1000)),
    ...['b', 'c', 'd'].map((request) => lineOf('database', request, opened + 1000)),
    lineOf('mail', 'x', opened + 1000),
  ]);
  await server.append('incidents', [
    incidentOf('shop', opened),
    incidentOf('database', opened - 180_000),
    incidentOf('mail', opened - 5 * MINUTE_MS),
    incidentOf('search', opened - 30_000),
    incidentOf('over', opened - 10_000, opened - 5000),
  ]);
  await until(async () => (await groupOf('shop'))?.others.length === 2 || undefined);
  const group = await groupOf('shop');
  // Mail began long before and shares no request; the last one was over when the shop's began.
  expect(group.others).toMatchObject([
    { incident: { id: 'database' }, began: opened - 200_000, shared_requests: 2 },
    { incident: { id: 'search' }, began: opened - 30_000, shared_requests: 0 },
  ]);
  expect(group).toMatchObject({ began: opened - 20_000, first: 'database' });
  expect((await groupOf('mail')).others).toEqual([]);
});

it('no incident is named as the first where two begin in one window', async () => {
  const opened = NOW - 2 * MINUTE_MS;
  await server.append('incidents', [incidentOf('east', opened), incidentOf('west', opened + 2000)]);
  await until(async () => (await groupOf('west'))?.others.length === 1 || undefined);
  expect(await groupOf('east')).toMatchObject({ first: null, others: [{ incident: { id: 'west' } }] });
});
