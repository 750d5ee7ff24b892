import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROLES, type Role } from '../../../api/auth/visitor.js';
import type { Route } from '../../../api/route.js';
import { RESOURCES } from '../../../api/routes/table.js';
import { type Served, served } from './served.js';

const MANY = 1_000_000;
const PASSWORD = 'correct horse battery';
/** What must come back from nowhere. */
const SECRETS = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY12',
  'Bearer s3cr3t-of-a-header',
];

let server: Served;
const tokens = new Map<string, string>();

beforeAll(async () => {
  server = await served({ auth: true, rateLimits: { all: MANY, heavy: MANY, 'sign-in': MANY } });
  const { accounts } = server.services;
  for (const name of [...ROLES, 'eve']) {
    const role = name === 'eve' ? 'operator' : (name as Role);
    await accounts?.addUser(name, role, PASSWORD);
    const made = await accounts?.addMachineToken(name, role, null, 'admin');
    tokens.set(name, made?.token ?? '');
  }
  for (const channel of [
    {
      name: 'hook',
      type: 'webhook',
      url: 'https://127.0.0.1:9/',
      secret: SECRETS[0],
      headers: { authorization: SECRETS[2] },
    },
    { name: 'pager', type: 'pagerduty', routing_key: SECRETS[1] },
  ]) {
    expect((await ask('POST', '/channels', { as: 'admin', body: channel })).status).toBe(201);
  }
});

afterAll(() => server.stop());

interface Asked {
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(method: string, path: string, { as, body, headers = {} }: Asked = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${tokens.get(as)}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const ROUTES: readonly Route[] = RESOURCES.flatMap(({ routes }) => routes);

function pathOf({ path }: Route): string {
  return path.replace(/\{\w+\}/g, 'none');
}

function lowerThan(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role));
}

it('lets nobody into any route that needs a role, whatever the request holds', async () => {
  for (const route of ROUTES) {
    if (route.role === 'anybody') continue;
    const response = await ask(route.method.toUpperCase(), pathOf(route), {
      ...(route.body === undefined ? {} : { body: {} }),
    });
    expect(response.status, `${route.method} ${route.path}`).toBe(401);
    await response.body?.cancel();
  }
});

it('lets no lower role into any route, before it looks at what is asked', async () => {
  for (const route of ROUTES) {
    if (route.role === 'anybody') continue;
    for (const as of lowerThan(route.role)) {
      const body = route.body === undefined ? {} : { body: { role: 'admin' } };
      const response = await ask(route.method.toUpperCase(), pathOf(route), { as, ...body });
      expect(response.status, `${route.method} ${route.path} as ${as}`).toBe(403);
    }
  }
});

it('asks the same of old paths as of new ones', async () => {
  for (const path of ['/api/metrics', '/api/logs', '/api/anomalies', '/events']) {
    expect((await fetch(`${server.url}${path}`)).status, path).toBe(401);
  }
  const query = { method: 'POST', body: '{"sql":"SELECT 1"}', headers: { 'content-type': 'application/json' } };
  expect((await fetch(`${server.url}/api/query`, query)).status).toBe(401);
});

it("lets nobody but an admin delete what is somebody else's, nor a machine that is called as its owner", async () => {
  const body = { name: 'mine', sql: 'SELECT 1' };
  const made = (await (await ask('POST', '/queries', { as: 'operator', body })).json()) as { id: string };
  const signedIn = await ask('POST', '/auth/token', { body: { name: 'operator', password: PASSWORD } });
  const { access_token: user } = (await signedIn.json()) as { access_token: string };
  const asUser = { headers: { authorization: `Bearer ${user}` } };
  expect((await ask('DELETE', `/queries/${made.id}`, { as: 'eve' })).status).toBe(403);
  expect((await ask('DELETE', `/queries/${made.id}`, asUser)).status).toBe(403);
  const { items } = (await (await ask('GET', '/queries', { as: 'eve' })).json()) as {
    items: { id: string; can_delete: boolean }[];
  };
  expect(items).toMatchObject([{ id: made.id, can_delete: false }]);
  expect((await ask('DELETE', `/queries/${made.id}`, { as: 'operator' })).status).toBe(204);
  const other = (await (await ask('POST', '/queries', { as: 'eve', body })).json()) as { id: string };
  expect((await ask('DELETE', `/queries/${other.id}`, { as: 'admin' })).status).toBe(204);
});

it('takes no fields that a caller may not set', async () => {
  const body = { name: 'x', sql: 'SELECT 1', id: 'chosen', by: 'admin', by_kind: 'user', created: 0 };
  const made = (await (await ask('POST', '/queries', { as: 'viewer', body })).json()) as Record<string, unknown>;
  expect(made['by']).toBe('viewer');
  expect(made['id']).not.toBe('chosen');
  expect(made['created']).toBeGreaterThan(0);
  const user = { name: 'new', role: 'viewer', password: PASSWORD, created: 0, __proto__: { role: 'admin' } };
  expect(await (await ask('POST', '/users', { as: 'admin', body: user })).json()).toMatchObject({ role: 'viewer' });
  expect(server.services.accounts?.user('new')?.created).toBeGreaterThan(0);
});

it('never answers a secret: not of channels, users, tokens, nor of the server', async () => {
  const access = JSON.parse(readFileSync(join(server.directory, 'access.json'), 'utf8')) as {
    users: { password: string }[];
    tokens: { hash: string }[];
    keys: { secret: string }[];
  };
  const secrets = [
    ...SECRETS,
    ...access.users.map(({ password }) => password),
    ...access.tokens.map(({ hash }) => hash),
    ...access.keys.map(({ secret }) => secret),
    ...tokens.values(),
  ];
  const found: string[] = [];
  const paths = ROUTES.filter(({ method, path }) => method === 'get' && path !== '/events').map(pathOf);
  for (const path of [...paths, '/topics/notify-config/records', '/topics/notify-deliveries/records']) {
    const text = await (await ask('GET', path, { as: 'admin' })).text();
    for (const secret of secrets) if (text.includes(secret)) found.push(`${path}: ${secret}`);
  }
  expect(found).toEqual([]);
  const log = readFileSync(join(server.directory, 'server.log'), 'utf8');
  for (const secret of [...secrets, PASSWORD]) expect(log).not.toContain(secret);
});

it('bounds what a request may ask for and hold', async () => {
  const tooMuch: [string, string][] = ROUTES.filter(({ method, query }) => method === 'get' && query !== undefined)
    .map(pathOf)
    .filter((path) => path !== '/events')
    .map((path) => [path, 'limit=1000000000']);
  const status = async (path: string) => {
    const response = await ask('GET', path, { as: 'admin' });
    await response.body?.cancel();
    return response.status;
  };
  for (const [path, query] of tooMuch) {
    // What has no limit ignores it, and is bounded by itself.
    expect([200, 400, 404], `${path}?${query}`).toContain(await status(`${path}?${query}`));
  }
  expect(await status('/logs?limit=1000000000')).toBe(400);
  expect(await status('/logs/export?limit=1000000000')).toBe(400);
  expect(await status(`/logs?q=${'a'.repeat(2001)}`)).toBe(400);
  expect(await status(`/logs?q=${encodeURIComponent('x '.repeat(60))}`)).toBe(400);
  expect(await status('/logs/histogram?from=0&to=2000000000000&step=1s')).toBe(400);
  expect(await status('/logs/context/logs%2F0%2F0?before=100000')).toBe(400);
  expect(await status('/events?lines_per_second=100000')).toBe(400);
});

it('refuses a body that is large, also one that only becomes so when it is unpacked', async () => {
  const large = Buffer.from(JSON.stringify({ sql: 'x'.repeat(30_000_000) }));
  const post = (body: Buffer, headers: Record<string, string>) =>
    fetch(`${server.url}/api/v1/query`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.get('viewer')}`, ...headers },
    });
  expect((await post(gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(413);
  const deep = Buffer.from(`{"sql":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
  expect((await post(deep, {})).status).toBe(400);
});

/** What the server answers to bytes that no client would send. */
function raw(request: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

it('answers what is no request, or too large a one, with a problem', async () => {
  const { host } = new URL(server.url);
  const head = `Host: ${host}\r\nConnection: close\r\n`;
  const long = await raw(`GET /api/v1/logs?q=${'a'.repeat(70_000)} HTTP/1.1\r\n${head}\r\n`);
  expect(long).toMatch(/^HTTP\/1.1 431 [\s\S]*application\/problem\+json[\s\S]*"status":431/);
  const nonsense = await raw('NONSENSE\r\n\r\n');
  expect(nonsense).toMatch(/^HTTP\/1.1 400 [\s\S]*"status":400/);
  const smuggled = await raw(
    `POST /api/v1/query HTTP/1.1\r\n${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  );
  expect(smuggled).toMatch(/^HTTP\/1.1 400 /);
});

it('lets nothing of a request into a header of the answer', async () => {
  const { host } = new URL(server.url);
  const evil = '%0d%0aX-Evil:%20yes%0d%0a%0d%0a<script>';
  for (const path of [
    `/api/v1/logs/export?source=services${evil}`,
    `/api/v1/logs/export?q=${evil}&format=csv`,
    `/api/v1/hosts/${evil}`,
    `/api/v1/nothing/${evil}`,
    `/${evil}`,
  ]) {
    const authorization = `Authorization: Bearer ${tokens.get('viewer')}`;
    const answer = await raw(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n`,
    );
    const [head = ''] = answer.split('\r\n\r\n', 1);
    expect(head, path).not.toMatch(/x-evil|mine/i);
    expect(head, path).toMatch(/^X-Content-Type-Options: nosniff\r?$/im);
    if (path.startsWith('/api')) expect(head, path).not.toMatch(/^Content-Type: text\/html/im);
  }
});

it('writes a line of its log for each thing, whatever names and texts hold', async () => {
  const evil = 'ada\n{"level":30,"audit":true,"by":"admin","action":"user.add"}\u001b[2J\u2028';
  expect((await ask('POST', '/auth/token', { body: { name: evil, password: 'wrong password' } })).status).toBe(401);
  const q = encodeURIComponent(`"${evil}"`);
  expect((await ask('GET', `/logs/export?q=${q}`, { as: 'viewer' })).status).toBe(400);
  await (await ask('GET', `/logs/export?q=${encodeURIComponent('message:"a\nb\u001b[31m"')}`, { as: 'viewer' })).text();
  const lines = readFileSync(join(server.directory, 'server.log'), 'utf8').trimEnd().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { by?: string; action?: string });
  expect(entries).toContainEqual(expect.objectContaining({ by: evil, action: 'auth.sign-in.refused' }));
  expect(entries.filter(({ action, by }) => action === 'user.add' && by !== 'admin')).toEqual([]);
  expect(lines.join('')).not.toContain('\u001b');
  expect(entries).toContainEqual(expect.objectContaining({ by: 'viewer', action: 'logs.export' }));
});

it('says nothing of itself that helps nobody but an attacker, and lets no page elsewhere read', async () => {
  const response = await ask('GET', '/logs', { as: 'viewer', headers: { origin: 'https://evil.example' } });
  expect(response.status).toBe(200);
  const { headers } = response;
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('server')).toBeNull();
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
  const preflight = await ask('OPTIONS', '/users', { headers: { origin: 'https://evil.example' } });
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  const failed = await ask('GET', '/topics/%00/records', { as: 'admin' });
  expect(await failed.text()).not.toMatch(/\bat .*[.](js|ts):\d+|node_modules/);
});

it('says by Retry-After when too many calls have come from one address, whatever they say of where they are from', async () => {
  const strict = await served({ auth: true, rateLimits: { all: 5, heavy: 5, 'sign-in': 2 } });
  try {
    const answers: Response[] = [];
    for (let call = 0; call < 7; call++) {
      const headers = { 'x-forwarded-for': `203.0.113.${call}` };
      answers.push(await fetch(`${strict.url}/api/v1/me`, { headers }));
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    await strict.stop();
  }
});

it('keeps cookies to TLS where a proxy says that there is, from pages elsewhere, and from scripts', async () => {
  const signIn = (headers: Readonly<Record<string, string>>) =>
    ask('POST', '/auth/token', { body: { name: 'viewer', password: PASSWORD }, headers });
  const secure = (await signIn({ 'x-forwarded-proto': 'https' })).headers.getSetCookie();
  expect(secure).toHaveLength(2);
  for (const cookie of secure) expect(cookie).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  for (const cookie of (await signIn({})).headers.getSetCookie()) expect(cookie).not.toContain('Secure');
});
