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

function alertOf(service: string, windowStart: number, sizeMs = 5000): Alert {
  return {
    ...{ id: `alert of ${service}`, time: windowStart + 10_000, source_kind: 'service', entity: service },
    ...{ scope: `service/${service}`, detector: 'errors', state: 'opened', severity: 'critical', value: 9 },
    ...{ expected_low: null, expected_high: 1, window_start: windowStart, window_end: windowStart + sizeMs },
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
    incidentOf('long over', opened - 100_000, opened - 90_000),
  ]);
  await until(async () => (await groupOf('shop'))?.others.length === 3 || undefined);
  const group = await groupOf('shop');
  // Mail and the last one began long before and share no request; one that began with it counts although it is over.
  expect(group.others).toMatchObject([
    { incident: { id: 'database' }, began: opened - 200_000, shared_requests: 2 },
    { incident: { id: 'search' }, began: opened - 30_000, shared_requests: 0 },
    { incident: { id: 'over' }, began: opened - 10_000, shared_requests: 0 },
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

it('a window of a minute does not begin first because it began before a fault that is in it', async () => {
  const opened = NOW - 30 * MINUTE_MS;
  await server.append('alerts', [
    alertOf('slow to tell', opened, MINUTE_MS),
    alertOf('quick to tell', opened + 40_000),
    alertOf('afterwards', opened + 60_000),
  ]);
  const names = ['slow to tell', 'quick to tell', 'afterwards'];
  await server.append(
    'incidents',
    names.map((name) => incidentOf(name, opened + 70_000)),
  );
  await until(async () => (await groupOf('afterwards'))?.others.length === 2 || undefined);
  // The first fault may be in any second of that minute: before, or after, that of the window at 40 s.
  expect((await groupOf('afterwards')).first).toBeNull();
});

it('an incident of a host has the alerts of all hosts together that it names, and of no other host', async () => {
  const opened = NOW - 60 * MINUTE_MS;
  const ofHost = (host: string): Alert => ({
    ...alertOf(host, opened - MINUTE_MS, MINUTE_MS),
    ...{ id: `web/${host}/errors`, time: opened, source_kind: 'web', scope: `web/${host}` },
  });
  await server.append('alerts', ['*', 'a.example', 'b.example'].map(ofHost));
  const about = {
    source_kind: 'web',
    scope: 'web/a.example',
    entities: ['a.example', '*'],
    detectors: ['errors'],
  } as const;
  await server.append('incidents', [anIncident('of-a', { ...about, opened, updated: opened, state: 'ongoing' })]);
  const alertsOf = async () => {
    const response = await fetch(`${server.url}/api/v1/incidents/of-a`);
    const { alerts_list: alerts = [] } = (await response.json()) as { alerts_list?: Alert[] };
    return alerts.map(({ entity }) => entity).sort();
  };
  await until(async () => (await alertsOf()).length > 0 || undefined);
  expect(await alertsOf()).toEqual(['*', 'a.example']);
});
