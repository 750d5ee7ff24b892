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

function alertOf(service: string, failures: number | null): Alert {
  return {
    ...{ id: `alert of ${service}`, time: OPENED, source_kind: 'service', entity: service },
    ...{ scope: `service/${service}`, detector: 'errors', state: 'opened', severity: 'critical', value: 9 },
    ...{ expected_low: null, expected_high: 1, window_start: OPENED - 5000, window_end: OPENED },
    ...{ explanation: '9 errors', fields: [], observed_count: failures, observed_failures: failures },
  };
}

function lineOf(service: string, request: string): ServiceLog {
  return {
    ...{ timestamp: OPENED - 2000, service, level: 'ERROR', message: 'timed out', request_id: request },
    ...{ endpoint: '/', status: 503, response_time: 1, source: 'a' },
  } as unknown as ServiceLog;
}

const detailOf = async (id: string) =>
  (await (await fetch(`${server.url}/api/v1/incidents/${id}`)).json()) as { maintained?: unknown[] };

it('an incident names the service that is maintained, and is of its maintenance where they fail in the same requests', async () => {
  const requests = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}-${n}`);
  await server.append('alerts', [
    ...[alertOf('checkout', 8), alertOf('search', 8), alertOf('mostly-own', 8), alertOf('slow', null)],
  ]);
  await server.append('serviceLogs', [
    ...[...requests('a', 6), ...requests('b', 4), ...requests('c', 6)].map((request) => lineOf('stock', request)),
    // Six of eight fail in the stock, none does, four of twelve do.
    ...[...requests('a', 6), ...requests('x', 2)].map((request) => lineOf('checkout', request)),
    ...requests('y', 8).map((request) => lineOf('search', request)),
    ...[...requests('b', 4), ...requests('z', 8)].map((request) => lineOf('mostly-own', request)),
    ...requests('c', 6).map((request) => lineOf('slow', request)),
  ]);
  const names = ['checkout', 'search', 'mostly-own', 'slow'];
  await server.append('incidents', names.map(incidentOf));
  server.useRules({ config: { ...DEFAULT_APPLICATION_CONFIG, calendar: calendarOf(60) }, rules: undefined });
  await until(async () => (await detailOf('slow')).maintained?.length === 1 || undefined);
  const maintained = async (name: string) => (await detailOf(name)).maintained;
  expect(await maintained('checkout')).toEqual([{ service: 'stock', shared_requests: 6, is_cause: true }]);
  expect(await maintained('search')).toEqual([{ service: 'stock', shared_requests: 0, is_cause: false }]);
  expect(await maintained('mostly-own')).toEqual([{ service: 'stock', shared_requests: 4, is_cause: false }]);

  const { live } = server.services;
  const held = (minutes: number) =>
    names.filter((name) => isOfMaintenance(live, new Calendar(calendarOf(minutes)), incidentOf(name)));
  // What is slow is no failure; and when the maintenance is over, what still fails is told.
  expect(held(60)).toEqual(['checkout']);
  expect(held(-4)).toEqual([]);
});
