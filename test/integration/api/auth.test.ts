import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AccessFile } from '../../../api/auth/access-file.js';
import type { Accounts } from '../../../api/auth/accounts.js';
import { millrace } from '../millrace.js';
import { type Served, served } from './served.js';

const PASSWORD = 'correct horse battery';
const JSON_TYPE = { 'content-type': 'application/json' };

let server: Served;
let accounts: Accounts;

beforeEach(async () => {
  server = await served({ auth: true });
  accounts = server.services.accounts as Accounts;
});

afterEach(() => server.stop());

function call(path: string, init: RequestInit & { token?: string; cookie?: string } = {}): Promise<Response> {
  const { cookie, token, ...rest } = init;
  const headers = {
    ...(rest.headers as Record<string, string>),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(cookie === undefined ? {} : { cookie }),
  };
  return fetch(`${server.url}/api/v1${path}`, { ...rest, headers });
}

function post(path: string, body: unknown, init: Parameters<typeof call>[1] = {}): Promise<Response> {
  const headers = { ...JSON_TYPE, ...(init.headers as Record<string, string>) };
  return call(path, { method: 'POST', body: JSON.stringify(body), ...init, headers });
}

async function signIn(name: string): Promise<{ token: string; cookie: string }> {
  const response = await post('/auth/token', { name, password: PASSWORD });
  expect(response.status).toBe(200);
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { token, cookie: cookiesOf(response) };
}

function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** What a token of the server would be signed with. */
function key() {
  const { keys } = JSON.parse(readFileSync(join(server.directory, 'access.json'), 'utf8')) as {
    keys: { kid: string; secret: string }[];
  };
  const [newest] = keys.slice(-1);
  if (newest === undefined) throw new Error('there is no key');
  return { kid: newest.kid, secret: Buffer.from(newest.secret, 'base64url') };
}

async function forged(
  change: (token: SignJWT, session: string) => SignJWT,
  options: { secret?: Uint8Array; alg?: string; kid?: string } = {},
): Promise<string> {
  const { token } = await signIn('ada');
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string };
  const { kid, secret } = key();
  const signed = new SignJWT({ sid })
    .setProtectedHeader({ alg: options.alg ?? 'HS256', typ: 'at+jwt', kid: options.kid ?? kid })
    .setSubject('ada')
    .setIssuer('millrace')
    .setAudience('millrace-api')
    .setIssuedAt()
    .setExpirationTime('5m');
  return change(signed, sid).sign(options.secret ?? secret);
}

it('lets nobody in without a token, and says how in a problem', async () => {
  const response = await call('/metrics');
  expect(response.status).toBe(401);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({
    status: 401,
    type: 'urn:millrace:problem:not-signed-in',
    instance: '/api/v1/metrics',
  });
  expect(problem['request_id']).toBe(response.headers.get('x-request-id'));
});

it('says that nobody is signed in without refusing to say so, then who is, and whether a session can go on', async () => {
  const session = async (cookie?: string) =>
    (await call('/auth/session', cookie === undefined ? {} : { cookie })).json();
  expect(await session()).toEqual({ visitor: null, can_refresh: false });
  expect(await session('millrace_session=made-up')).toEqual({ visitor: null, can_refresh: false });
  await accounts.addUser('ida', 'viewer', PASSWORD);
  const cookies = cookiesOf(await post('/auth/token', { name: 'ida', password: PASSWORD }));
  expect(await session(cookies)).toEqual({ visitor: { name: 'ida', role: 'viewer', kind: 'user' }, can_refresh: true });
  const refresh = cookies.split('; ').find((cookie) => cookie.includes('refresh'));
  expect(await session(refresh)).toEqual({ visitor: null, can_refresh: true });
});

it('signs in by the link of the first start once', async () => {
  const token = server.setupUrl?.split('token=')[1];
  expect(token).toBeDefined();
  const first = await post('/auth/setup', { token, name: 'ada', password: PASSWORD });
  expect(first.status).toBe(200);
  const cookies = first.headers.getSetCookie();
  expect(cookies).toHaveLength(2);
  for (const cookie of cookies) expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
  expect((await call('/me', { cookie: cookiesOf(first) })).status).toBe(200);
  expect((await post('/auth/setup', { token, name: 'eve', password: PASSWORD })).status).toBe(410);
  expect((await post('/auth/setup', { token: 'made-up', name: 'eve' })).status).toBe(410);
});

it('tells a wrong password and an unknown name alike, and stops guessing', async () => {
  await accounts.addUser('ada', 'viewer', PASSWORD);
  const answers = await Promise.all(
    [
      ['ada', 'not the password'],
      ['nobody', 'not the password'],
    ].map(async ([name, password]) => {
      const response = await post('/auth/token', { name, password });
      const { detail } = (await response.json()) as { detail: string };
      return [response.status, detail];
    }),
  );
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]?.[0]).toBe(401);
  for (let tries = 0; tries < 9; tries++) await post('/auth/token', { name: 'ada', password: 'guess number x' });
  const stopped = await post('/auth/token', { name: 'ada', password: PASSWORD });
  expect(stopped.status).toBe(429);
  expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
});

it('accepts its own tokens, and none that is unsigned, of another algorithm or key, changed, or over', async () => {
  await accounts.addUser('ada', 'admin', PASSWORD);
  const status = async (token: string) => (await call('/me', { token })).status;
  expect(await status(await forged((token) => token))).toBe(200);
  const unsigned = new UnsecuredJWT({ sid: 'x' }).setSubject('ada').setIssuer('millrace').setAudience('millrace-api');
  expect(await status(unsigned.setExpirationTime('5m').encode()), 'alg none').toBe(401);
  expect(await status(await forged((token) => token, { alg: 'HS512', secret: Buffer.alloc(64) })), 'alg').toBe(401);
  expect(await status(await forged((token) => token, { alg: 'HS384', secret: key().secret })), 'same key').toBe(401);
  expect(await status(await forged((token) => token, { secret: Buffer.alloc(32) })), 'another key').toBe(401);
  expect(await status(await forged((token) => token, { kid: 'unknown' })), 'kid').toBe(401);
  expect(await status(await forged((token) => token, { kid: '../../etc/passwd' })), 'kid as a path').toBe(401);
  expect(await status(await forged((token) => token.setExpirationTime('-1s'))), 'expired').toBe(401);
  expect(await status(await forged((token) => token.setAudience('other'))), 'audience').toBe(401);
  expect(await status(await forged((token) => token.setIssuer('other'))), 'issuer').toBe(401);
  expect(await status(await forged((token) => token.setSubject('root'))), 'subject').toBe(401);
  const [head, body, signature] = (await signIn('ada')).token.split('.');
  const changed = Buffer.from(body ?? '', 'base64url')
    .toString()
    .replace('"ada"', '"bob"');
  expect(await status(`${head}.${Buffer.from(changed).toString('base64url')}.${signature}`), 'changed').toBe(401);
});

it('goes on with a token whose key was replaced, until the key is forgotten', async () => {
  await accounts.addUser('ada', 'viewer', PASSWORD);
  const { token } = await signIn('ada');
  await accounts.tokens.rotate();
  expect((await call('/me', { token })).status).toBe(200);
  expect((await signIn('ada')).token.split('.')[0]).not.toBe(token.split('.')[0]);
  await new AccessFile(server.directory).change((access) => ({
    access: { ...access, keys: access.keys.slice(-1) },
    result: undefined,
  }));
  expect((await call('/me', { token })).status).toBe(401);
});

it('lets a viewer read, an operator act and an admin add users, and no more', async () => {
  for (const role of ['viewer', 'operator', 'admin'] as const) await accounts.addUser(role, role, PASSWORD);
  const tried = async (name: string) => {
    const { token } = await signIn(name);
    return [
      (await call('/incidents', { token })).status,
      (await post('/incidents/none/ack', {}, { token })).status,
      (await call('/users', { token })).status,
    ];
  };
  expect(await tried('viewer')).toEqual([200, 403, 403]);
  expect(await tried('operator')).toEqual([200, 404, 403]);
  expect(await tried('admin')).toEqual([200, 404, 200]);
});

it('takes a role away at once', async () => {
  await accounts.addUser('root', 'admin', PASSWORD);
  await accounts.addUser('ada', 'admin', PASSWORD);
  const { token } = await signIn('ada');
  await accounts.changeUser('ada', { role: 'viewer' });
  expect((await call('/users', { token })).status).toBe(401);
  const { token: again } = await signIn('ada');
  expect((await call('/users', { token: again })).status).toBe(403);
  await accounts.removeUser('ada');
  expect((await call('/me', { token: again })).status).toBe(401);
});

it('refuses a change by cookie without the header, and one from a page of another server', async () => {
  await accounts.addUser('ada', 'admin', PASSWORD);
  const { cookie, token } = await signIn('ada');
  const user = { name: 'eve', role: 'admin', password: PASSWORD };
  expect((await post('/users', user, { cookie })).status).toBe(403);
  const headers = { 'x-millrace': '1', origin: 'https://evil.example' };
  expect((await post('/users', user, { cookie, headers })).status).toBe(403);
  expect((await post('/users', user, { token, headers: { origin: 'null' } })).status).toBe(403);
  expect((await post('/auth/token', { name: 'ada', password: PASSWORD }, { headers })).status).toBe(403);
  expect((await post('/users', user, { cookie, headers: { 'x-millrace': '1' } })).status).toBe(201);
});

it('replaces a refresh token with each use, and ends the session when one is used again later', async () => {
  await accounts.addUser('ada', 'viewer', PASSWORD);
  const { cookie } = await signIn('ada');
  const headers = { 'x-millrace': '1' };
  const first = await call('/auth/refresh', { method: 'POST', cookie, headers });
  expect(first.status).toBe(200);
  const next = cookiesOf(first);
  expect(next).not.toBe(cookie);
  // Two tabs.
  expect((await call('/auth/refresh', { method: 'POST', cookie, headers })).status).toBe(200);
  await new AccessFile(server.directory).change((access) => ({
    access: { ...access, sessions: access.sessions.map((one) => ({ ...one, rotated: one.rotated - 60_000 })) },
    result: undefined,
  }));
  expect((await call('/auth/refresh', { method: 'POST', cookie, headers })).status).toBe(401);
  expect((await call('/auth/refresh', { method: 'POST', cookie: next, headers })).status).toBe(401);
  expect((await call('/me', { cookie: next })).status).toBe(401);
});

it('ends a session by signing out', async () => {
  await accounts.addUser('ada', 'viewer', PASSWORD);
  const { cookie, token } = await signIn('ada');
  const done = await call('/auth/logout', { method: 'POST', cookie, headers: { 'x-millrace': '1' } });
  expect(done.status).toBe(204);
  expect((await call('/me', { token })).status).toBe(401);
});

it('shows a token of a machine once, and lets it in until it is removed', async () => {
  await accounts.addUser('ada', 'admin', PASSWORD);
  const { token } = await signIn('ada');
  const made = await post('/tokens', { name: 'ci', role: 'viewer' }, { token });
  expect(made.status).toBe(201);
  const { id, token: machine } = (await made.json()) as { id: string; token: string };
  expect(machine).toMatch(/^mlr_/);
  expect((await call('/metrics', { token: machine })).status).toBe(200);
  expect((await call('/tokens', { token: machine })).status).toBe(403);
  expect(await (await call('/tokens', { token })).text()).not.toContain(machine);
  expect(readFileSync(join(server.directory, 'access.json'), 'utf8')).not.toContain(machine);
  expect((await call(`/tokens/${id}`, { method: 'DELETE', token })).status).toBe(204);
  expect((await call('/metrics', { token: machine })).status).toBe(401);
});

it('takes a token that was made on the command line beside the server', async () => {
  const { code, stdout, stderr } = await millrace([
    'users',
    'token',
    'prometheus',
    '--data-dir',
    dirname(server.directory),
  ]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^mlr_\S+\n$/);
  expect((await call('/metrics', { token: stdout.trim() })).status).toBe(200);
  expect((await call('/tokens', { token: stdout.trim() })).status).toBe(403);
});

it('a ticket opens one stream and nothing twice', async () => {
  await accounts.addUser('ada', 'viewer', PASSWORD);
  const { token } = await signIn('ada');
  const { ticket } = (await (await post('/events/ticket', {}, { token })).json()) as { ticket: string };
  const stop = new AbortController();
  expect((await call(`/events?ticket=${ticket}`, { signal: stop.signal })).status).toBe(200);
  stop.abort();
  expect((await call(`/events?ticket=${ticket}`)).status).toBe(401);
});

it('keeps the last admin', async () => {
  await accounts.addUser('ada', 'admin', PASSWORD);
  await accounts.addUser('bob', 'viewer', PASSWORD);
  const { token } = await signIn('ada');
  expect((await call('/users/ada', { method: 'DELETE', token })).status).toBe(409);
  const body = JSON.stringify({ role: 'viewer' });
  expect((await call('/users/ada', { method: 'PUT', body, headers: JSON_TYPE, token })).status).toBe(409);
  expect((await call('/users/bob', { method: 'DELETE', token })).status).toBe(204);
  expect((await call('/users/ada', { method: 'DELETE', token })).status).toBe(409);
});

it('keeps passwords and tokens out of its files, which only their owner can read', async () => {
  await accounts.addUser('ada', 'admin', PASSWORD);
  await signIn('ada');
  for (const name of ['access.json', 'server.log']) {
    expect(statSync(join(server.directory, name)).mode & 0o777, name).toBe(0o600);
    expect(readFileSync(join(server.directory, name), 'utf8'), name).not.toContain(PASSWORD);
  }
  expect(readFileSync(join(server.directory, 'server.log'), 'utf8')).toContain('"action":"auth.sign-in"');
});

it('answers only by the names of this machine: a page that made its own name point here gets nothing', async () => {
  const { port } = new URL(server.url);
  const { get } = await import('node:http');
  const status = await new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/health', headers: { host: `evil.example:${port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
  expect(status).toBe(403);
});
