import { afterAll, beforeAll, expect, it } from 'vitest';
import { isOfMaintenance } from '../../../api/live/maintained-beside.js';
import type { Alert, ServiceLog } from '../../../schemas/records.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { Calendar } from '../../../topology/calendar.js';
import { anIncident } from '../../unit/notify/incident.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

const MINUTE_MS = 60_000;
const OPENED = Date.now() - 10 * MINUTE_MS;

let server: Served;
beforeAll(async () => {
  server = await served({ auth: false });
});
afterAll(() => server?.stop());

function calendarOf(minutes: number) {
  const maintenance = [{ from: OPENED - 5 * MINUTE_MS, to: OPENED + minutes * MINUTE_MS, of: ['service:stock'] }];
  return { timeZone: 'UTC', holidays: [], maintenance };
}

function incidentOf(service: string) {
  const scope = `service/${service}`;
  return anIncident(service, { source_kind: 'service', scope, opened: OPENED, updated: OPENED, state: 'opened' });
}

function alertOf(service: string, failures: number | null, ...fields: readonly string[]): Alert {
  return {
    ...{ id: `alert of ${service}`, time: OPENED, source_kind: 'service', entity: service },
    ...{ scope: `service/${service}`, detector: 'errors', state: 'opened', severity: 'critical', value: 9 },
    ...{ expected_low: null, expected_high: 1, window_start: OPENED - 5000, window_end: OPENED },
    ...{ explanation: '9 errors', fields, observed_count: failures, observed_failures: failures },
  };
}

function lineOf(service: string, request: string, time = 1, timestamp = OPENED - 2000): ServiceLog {
  return {
    ...{ timestamp, service, level: 'ERROR', message: 'timed out', request_id: request },
    ...{ endpoint: '/', status: 503, response_time: time, source: 'a' },
  } as unknown as ServiceLog;
}

const FINE = { level: 'INFO', message: 'served', status: 200 } as const;

const detailOf = async (id: string) =>
  (await (await fetch(`${server.url}/api/v1/incidents/${id}`)).json()) as { maintained?: unknown[] };

it('an incident names the service that is maintained, and is of its maintenance where they fail in the same requests', async () => {
  const requests = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}-${n}`);
  await server.append('alerts', [
    ...[alertOf('checkout', 8, 'level'), alertOf('search', 8, 'level'), alertOf('mostly-own', 8, 'level')],
    ...[alertOf('fewer', null, 'level', 'service')],
    ...[alertOf('waiting', null, 'level', 'response_time'), alertOf('slow', null, 'response_time')],
  ]);
  await server.append('serviceLogs', [
    ...[...requests('a', 6), ...requests('b', 4), ...requests('c', 6)].map((request) => lineOf('stock', request)),
    // Six of eight fail in the stock, none does, four of twelve do.
    ...[...requests('a', 6), ...requests('x', 2)].map((request) => lineOf('checkout', request)),
    ...requests('y', 8).map((request) => lineOf('search', request)),
    ...[...requests('b', 4), ...requests('z', 8)].map((request) => lineOf('mostly-own', request)),
    ...requests('c', 6).map((request) => lineOf('fewer', request)),
    // Both wait for the stock; one is slow in other requests as well.
    ...['waiting', 'slow'].flatMap((service) => [
      ...requests('w', 20).map((request) => ({ ...lineOf(service, request, 20, OPENED - 60_000), ...FINE })),
      ...requests('a', 6).map((request) => lineOf(service, request, 900)),
      ...requests('v', 20).map((request) => ({ ...lineOf(service, request, service === 'slow' ? 90 : 21), ...FINE })),
    ]),
    // What was before it is all in memory.
    { ...lineOf('search', 'last', 1, OPENED + 1000), ...FINE },
  ]);
  const names = ['checkout', 'search', 'mostly-own', 'fewer', 'waiting', 'slow'];
  await server.append('incidents', names.map(incidentOf));
  server.useRules({ config: { ...DEFAULT_APPLICATION_CONFIG, calendar: calendarOf(60) }, rules: undefined });
  await until(async () => (await detailOf('slow')).maintained?.length === 1 || undefined);
  const maintained = async (name: string) => (await detailOf(name)).maintained;
  expect(await maintained('checkout')).toEqual([{ service: 'stock', shared_requests: 6, is_cause: true }]);
  expect(await maintained('search')).toEqual([{ service: 'stock', shared_requests: 0, is_cause: false }]);
  expect(await maintained('mostly-own')).toEqual([{ service: 'stock', shared_requests: 4, is_cause: false }]);

  const { live } = server.services;
  const held = (minutes: number, time = OPENED + 1000) =>
    names.filter((name) => isOfMaintenance(live, new Calendar(calendarOf(minutes)), incidentOf(name), time));
  // Fewer lines are no failure; and when the maintenance is over, what still fails is told.
  expect(held(60)).toEqual(['checkout', 'waiting']);
  expect(held(-4)).toEqual([]);
  // By the incident's time, and not by that of the newest line: what was held is held when lines are read far ahead.
  await server.append('serviceLogs', [{ ...lineOf('search', 'later', 1, OPENED + 5 * MINUTE_MS), ...FINE }]);
  await until(async () => live.latestTime > OPENED + 4 * MINUTE_MS || undefined);
  expect(held(1)).toEqual(['checkout', 'waiting']);
  expect(held(1, OPENED + 2 * MINUTE_MS)).toEqual([]);
});
