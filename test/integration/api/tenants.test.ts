import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AccessFile } from '../../../api/auth/access-file.js';
import { Accounts } from '../../../api/auth/accounts.js';
import { TenantAccess } from '../../../api/auth/tenant-access.js';
import type { Route } from '../../../api/route.js';
import { RESOURCES } from '../../../api/routes/table.js';
import { EmbeddedLog } from '../../../streams/log/embedded/embedded-log.js';
import { anIncident } from '../../unit/notify/incident.js';
import { until } from '../../until.js';
import { Millrace, temporaryDirectory } from '../millrace.js';
import { type Served, served } from './served.js';

const MANY = 1_000_000;
/** Stands in everything that is beta's. */
const SECRET = 'zebra';
const PASSWORD = 'correct horse battery';
const ROUTES: readonly Route[] = RESOURCES.flatMap(({ routes }) => routes);
const TENANTS = ['acme', 'beta'] as const;
type Tenant = (typeof TENANTS)[number];

/** Of all tenants. */
let root: { readonly path: string; remove(): Promise<void> };
let log: EmbeddedLog;
const servers = {} as Record<Tenant, Served>;
/** An admin's. */
const tokens = {} as Record<Tenant, string>;

beforeAll(async () => {
  root = await temporaryDirectory();
  log = await EmbeddedLog.inMemory();
  for (const name of TENANTS) {
    const server = await served({
      auth: true,
      rateLimits: { all: MANY, heavy: MANY, 'sign-in': MANY },
      tenant: { name, log, accessDirectory: root.path },
      // Of lines, acme may send one a second.
      ...(name === 'acme' && { receiveLimits: { lines: 1 } }),
      receives: { format: 'auto', host: 'unknown', server: 'unknown', excludedPaths: [] },
    });
    servers[name] = server;
    const { accounts } = server.services;
    await accounts?.addUser('ada', 'admin', `${PASSWORD} of ${name}`);
    tokens[name] = (await accounts?.addMachineToken('robot', 'admin', null, 'ada'))?.token ?? '';
  }
});

afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
  await log.close();
  await root.remove();
});

function ask(at: Tenant, method: string, path: string, headers: Record<string, string>, body?: unknown) {
  return fetch(`${servers[at].url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function by(tenant: Tenant): Record<string, string> {
  return { authorization: `Bearer ${tokens[tenant]}` };
}

function pathOf({ path }: Route): string {
  return `/api/v1${path.replace(/\{\w+\}/g, 'none')}`;
}

async function signIn(tenant: Tenant): Promise<{ readonly token: string; readonly cookies: readonly string[] }> {
  const signedIn = await ask(
    tenant,
    'POST',
    '/api/v1/auth/token',
    {},
    { name: 'ada', password: `${PASSWORD} of ${tenant}` },
  );
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  return { token, cookies: signedIn.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '') };
}

it('answers every route to a user and a machine of another tenant as it answers what does not exist', async () => {
  const { cookies, token } = await signIn('beta');
  // As if somebody had renamed them to those of the other server.
  const renamed = cookies.map((cookie) => cookie.replace('_beta=', '_acme=')).join('; ');
  for (const headers of [
    by('beta'),
    { authorization: `Bearer ${token}` },
    { cookie: renamed, 'x-millrace': '1' },
  ] as Record<string, string>[]) {
    const asked = ROUTES.filter(({ role }) => role !== 'anybody').map(async (route) => {
      const response = await ask('acme', route.method.toUpperCase(), pathOf(route), headers, route.body && {});
      expect(response.status, `${route.method} ${route.path}`).toBe(404);
      expect(((await response.json()) as { detail: string }).detail).toBe('There is nothing here.');
    });
    await Promise.all(asked);
    for (const path of ['/api/metrics', '/api/logs', '/api/anomalies', '/events', '/metrics']) {
      expect((await ask('acme', 'GET', path, headers)).status, path).toBe(
        path === '/metrics' && 'cookie' in headers ? 200 : 404,
      );
    }
  }
  for (const path of ['/v1/logs', '/api/v1/events', '/_bulk', '/elasticsearch/_bulk']) {
    expect((await ask('acme', 'POST', path, by('beta'), {})).status, path).toBe(404);
  }
});

it('signs nobody in or out at the server of another tenant', async () => {
  const { cookies, token } = await signIn('beta');
  const renamed = { cookie: cookies.map((cookie) => cookie.replace('_beta=', '_acme=')).join('; '), 'x-millrace': '1' };
  const opening = { name: 'ada', password: `${PASSWORD} of beta` };
  expect((await ask('acme', 'POST', '/api/v1/auth/token', {}, opening)).status).toBe(401);
  expect((await ask('acme', 'POST', '/api/v1/auth/refresh', renamed)).status).toBe(401);
  await ask('acme', 'POST', '/api/v1/auth/logout', renamed);
  expect((await ask('beta', 'GET', '/api/v1/me', { authorization: `Bearer ${token}` })).status).toBe(200);
  const setup = (await servers.beta.services.accounts?.newSetupToken()) ?? '';
  const used = await ask(
    'acme',
    'POST',
    '/api/v1/auth/setup',
    {},
    { token: setup, name: 'mallory', password: PASSWORD },
  );
  expect(used.status).toBe(410);
  const { ticket } = (await (await ask('beta', 'POST', '/api/v1/events/ticket', by('beta'), {})).json()) as {
    ticket: string;
  };
  expect((await ask('acme', 'GET', `/api/v1/events?ticket=${ticket}`, {})).status).toBe(401);
});

it('shows in no answer what another tenant has: lines, incidents, alerts, dead letters, queries, rules and users', async () => {
  const now = Date.now();
  const { beta } = servers;
  await beta.append('serviceLogs', [
    {
      ...{ timestamp: now, service: SECRET, level: 'ERROR', message: SECRET, request_id: null },
      ...{ endpoint: '/', status: 503, response_time: 1, source: 'a' },
    },
  ]);
  await beta.append('incidents', [anIncident(SECRET, { scope: `service/${SECRET}`, opened: now, updated: now })]);
  await beta.append('alerts', [
    {
      ...{ id: SECRET, time: now, source_kind: 'service', entity: SECRET, scope: `service/${SECRET}` },
      ...{ detector: 'errors', state: 'opened', severity: 'critical', value: 9, expected_low: null, expected_high: 1 },
      ...{ window_start: now, window_end: now + 5000, explanation: SECRET, fields: [] },
    },
  ]);
  const deadLetter = beta.log.transaction();
  deadLetter.append('test-inter-dlq', 0, now, null, Buffer.from(SECRET));
  await deadLetter.commit();
  const made = [
    ['/queries', { name: SECRET, sql: `SELECT '${SECRET}'` }],
    ['/channels', { name: SECRET, type: 'webhook', url: 'https://example.com/' }],
    ['/silences', { matchers: [`entity=${SECRET}`], comment: SECRET, ends: now + 3_600_000 }],
    ['/users', { name: SECRET, role: 'viewer', password: PASSWORD }],
    ['/tokens', { name: SECRET, role: 'viewer' }],
  ] as const;
  for (const [path, body] of made) {
    expect((await ask('beta', 'POST', `/api/v1${path}`, by('beta'), body)).status, path).toBe(201);
  }
  const lists = ROUTES.filter(({ method, path }) => method === 'get' && !path.includes('{') && path !== '/events');
  const textOf = async (tenant: Tenant, path: string) =>
    (await ask(tenant, 'GET', `/api/v1${path}`, by(tenant))).text();
  const shown = ['/logs', '/incidents', '/anomalies', '/dead-letters', ...made.map(([path]) => path)];
  for (const path of shown) {
    await until(async () => (await textOf('beta', path)).includes(SECRET) || undefined);
  }
  for (const { path } of lists) expect(await textOf('acme', path), path).not.toContain(SECRET);
  for (const path of ['/topics/logs/records', '/topics/incidents/records', '/topics/alerts/records']) {
    expect(await textOf('beta', path)).toContain(SECRET);
    expect(await textOf('acme', path)).not.toContain(SECRET);
  }
  // Not by the name that the other's topic has in the log, either.
  expect((await ask('acme', 'GET', '/api/v1/topics/beta.logs/records', by('acme'))).status).toBe(404);
});

it('has names of users anew for each tenant, and changes and removes those of its own alone', async () => {
  expect((await ask('acme', 'DELETE', `/api/v1/users/${SECRET}`, by('acme'))).status).toBe(404);
  const own = { name: SECRET, role: 'operator', password: PASSWORD };
  expect((await ask('acme', 'POST', '/api/v1/users', by('acme'), own)).status).toBe(201);
  expect(servers.beta.services.accounts?.user(SECRET)?.role).toBe('viewer');

  // One who is of both, as the command line makes them.
  const both = new TenantAccess(new AccessFile(root.path), TENANTS);
  await new Accounts(both).addUser('bob', 'viewer', PASSWORD);
  const bob = '/api/v1/users/bob';
  expect((await ask('acme', 'PUT', bob, by('acme'), { password: 'an admin of acme chose it' })).status).toBe(409);
  expect((await ask('acme', 'DELETE', bob, by('acme'))).status).toBe(204);
  expect((await ask('acme', 'DELETE', bob, by('acme'))).status).toBe(404);
  expect((await ask('beta', 'POST', '/api/v1/auth/token', {}, { name: 'bob', password: PASSWORD })).status).toBe(200);
});

it('lets in no user of a tenant at the server that is no tenant’s, nor the other way round', async () => {
  const everything = await served({ auth: true });
  const { accounts } = everything.services;
  const token = (await accounts?.addMachineToken('robot', 'admin', null, 'ada'))?.token ?? '';
  const file = join(everything.directory, 'access.json');
  const ofTenant = new Accounts(new TenantAccess(new AccessFile(everything.directory), ['acme']));
  const made = await ofTenant.addMachineToken('robot', 'admin', null, 'ada');
  const asked = await fetch(`${everything.url}/api/v1/topics`, { headers: { authorization: `Bearer ${made.token}` } });
  expect(asked.status).toBe(404);
  await expect(ofTenant.visitorOf(token)).rejects.toThrow('There is nothing here.');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ tokens: [{ tenants: [] }, { tenants: ['acme'] }] });
  await everything.stop();
});

it('keeps what the commands of a tenant do in a directory of its own', async () => {
  const directory = await temporaryDirectory();
  const of = (...args: string[]) => new Millrace([...args, '--data-dir', directory.path]).finished;
  const started = await of('start', '--once', '--count', '50', '--tenant', 'acme');
  expect(started.stdout).toContain(`--data-dir ${directory.path} --tenant acme goal`);
  expect(await readdir(directory.path)).toEqual(['tenants']);
  const [acme, beta, nobody] = await Promise.all([
    of('consume', 'test-inter', '--from-beginning', '--tenant', 'acme'),
    of('consume', 'test-inter', '--from-beginning', '--tenant', 'beta'),
    of('consume', 'test-inter', '--from-beginning'),
  ]);
  expect(acme.stdout.trim().split('\n')).toHaveLength(50);
  for (const { code, stderr } of [beta, nobody]) {
    expect(code).toBe(1);
    expect(stderr).toContain('there is no log in');
  }
  await directory.remove();
});

it('holds up the senders of a tenant that has sent more than it may, and no others', async () => {
  const line = JSON.stringify({ time: new Date().toISOString(), service: 'shop', level: 'INFO', message: 'sold' });
  const send = (tenant: Tenant) =>
    fetch(`${servers[tenant].url}/api/v1/events`, {
      method: 'POST',
      headers: by(tenant),
      body: Array.from({ length: 1000 }, (_, number) => line.replace('sold', `sold ${number}`)).join('\n'),
    });
  for (const tenant of TENANTS) expect((await send(tenant)).status).toBe(200);
  const refused = await send('acme');
  expect(refused.status).toBe(429);
  // A second's worth was there at first, and one comes with each second.
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(999);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(900);
  expect((await send('beta')).status).toBe(200);
  // Who sends nothing is not held up, and other tenants' senders are not told of it.
  expect((await ask('acme', 'GET', '/api/v1/me', by('acme'))).status).toBe(200);
  expect((await ask('acme', 'POST', '/api/v1/events', by('beta'), {})).status).toBe(404);
});
