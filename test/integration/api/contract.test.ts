import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RESOURCES } from '../../../api/routes/table.js';
import { until } from '../../until.js';
import { Millrace, millrace, temporaryDirectory } from '../millrace.js';
import { type Example, examplesOf, type Known } from './examples.js';
import { type OpenApi, openApiOf, validatorOf } from './open-api.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: Millrace;
let url: string;
let document: OpenApi;
let known: Known;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  const run = await millrace(['start', '--data-dir', dataDir, '--lake', '--once', '--count', '40000', '--seed', '3']);
  expect(run.code, run.stderr).toBe(0);
  server = new Millrace(['serve', '--data-dir', dataDir, '--http', '127.0.0.1:0', '--no-auth']);
  url = await until(() => /http:\/\/\S+/.exec(server.stdout)?.[0], { progress: () => server.stderr });
  await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
  document = await openApiOf(url);
  const first = async (path: string) => {
    const { items } = (await (await fetch(`${url}/api/v1${path}`)).json()) as { items: Record<string, string>[] };
    const [item] = items;
    if (item === undefined) throw new Error(`the pipeline has found nothing for ${path}`);
    return item;
  };
  known = {
    service: (await first('/services'))['service'] ?? '',
    host: (await first('/hosts'))['host'] ?? '',
    sensor: (await first('/sensors'))['sensor_id'] ?? '',
    incident: (await first('/incidents'))['id'] ?? '',
    line: (await first('/logs'))['id'] ?? '',
  };
});

afterAll(async () => {
  await server?.kill('SIGTERM');
  await directory?.remove();
});

const operations = RESOURCES.flatMap(({ routes }) => routes).map(({ method, path }) => `${method} ${path}`);

it('names each route once, and the document has all of them', () => {
  expect(new Set(operations).size).toBe(operations.length);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual([...operations].sort());
});

it.each(operations)('%s answers what the document says', async (operation) => {
  const [method = '', path = ''] = operation.split(' ');
  const examples = examplesOf(known)[operation];
  expect(examples, 'add an example of it to examples.ts').toBeDefined();
  for (const example of examples ?? []) {
    const { body, contentType, status } = await ask(method, path, example);
    const said = document.paths[path]?.[method]?.responses ?? {};
    const shown = `${JSON.stringify(example)}: ${status} ${JSON.stringify(body)?.slice(0, 300)}`;
    expect(Object.keys(said), shown).toContain(String(status));
    if (example.status === undefined) expect(status, shown).toBeLessThan(300);
    else expect(status, shown).toBe(example.status);
    const content = said[status]?.content ?? {};
    if (Object.keys(content).length === 0) continue;
    expect(Object.keys(content), shown).toContain(contentType);
    if (!isJson(contentType)) continue;
    const validate = validatorOf(document, content[contentType]?.schema ?? {});
    expect(validate(body), `${shown} ${JSON.stringify(validate.errors?.slice(0, 3))}`).toBe(true);
  }
});

it('goes through a list by its cursors without leaving out or repeating anything', async () => {
  for (const path of ['/incidents', '/logs?q=level:ERROR,WARN', '/anomalies', '/goals/3', '/topics/alerts/records']) {
    const whole = await ids(`${path}${path.includes('?') ? '&' : '?'}limit=1000`);
    const paged: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 2_000; pages++) {
      const query = `limit=7${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const response = await fetch(`${url}/api/v1${path}${path.includes('?') ? '&' : '?'}${query}`);
      const page = (await response.json()) as { items: { id?: string; key?: string }[]; next_cursor: string | null };
      paged.push(...page.items.map(({ id, key }) => id ?? key ?? ''));
      cursor = paged.length >= 1000 ? null : page.next_cursor;
    }
    expect(paged.slice(0, 1000), path).toEqual(whole);
    expect(whole.length, path).toBeGreaterThan(0);
  }
});

it('lists an alert that was told again once, as it was told last', async () => {
  const told = await fetchAll('/topics/alerts/records');
  const nameOf = ({ id, state }: Record<string, unknown>) => `${state} ${id}`;
  // The newest come first.
  const last = new Map(told.map(({ value }) => [nameOf(value), value] as const).reverse());
  expect(last.size).toBeLessThan(told.length);
  const { items } = (await (await fetch(`${url}/api/v1/anomalies?limit=1000`)).json()) as {
    items: Record<string, unknown>[];
  };
  expect(new Map(items.map((alert) => [nameOf(alert), alert]))).toEqual(last);
  expect(items.length).toBe(last.size);
});

it('finds the same lines in memory as a count of the topic does', async () => {
  const consumed = await fetchAll('/topics/logs/records');
  const errors = consumed.filter(({ value }) => value['level'] === 'ERROR').length;
  const response = await fetch(`${url}/api/v1/logs/histogram?q=level:ERROR&from=0&step=1d`);
  expect(response.status, await response.clone().text()).toBe(400);
  const facets = await fetch(`${url}/api/v1/logs/facets?from=0&fields=level`);
  const { facets: counted } = (await facets.json()) as {
    facets: { field: string; values: { value: string; count: number }[] }[];
  };
  expect(counted[0]?.values.find(({ value }) => value === 'ERROR')?.count).toBe(errors);
});

it('names other paths of other systems for the same answers', async () => {
  for (const [old, path] of [
    ['/api/metrics', '/api/v1/metrics'],
    ['/api/logs?limit=2', '/api/v1/logs?limit=2'],
    ['/api/anomalies', '/api/v1/anomalies'],
  ]) {
    const [one, other] = await Promise.all([fetch(`${url}${old}`), fetch(`${url}${path}`)]);
    expect(await one.json()).toEqual(await other.json());
  }
});

it('shows a page for the dashboard, with a policy that allows nothing unsafe and nothing from elsewhere', async () => {
  const response = await fetch(`${url}/incidents`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/html');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const docs = await fetch(`${url}/api/docs`);
  for (const [, file] of (await docs.text()).matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect((await fetch(`${url}${file}`)).status, file).toBe(200);
  }
  for (const path of ['/nothing.js', '/%2e%2e/package.json', '/..%2f..%2fpackage.json', '/.git/config']) {
    expect((await fetch(`${url}${path}`)).status, path).toBe(404);
  }
});

it('says of wrong methods, bodies and types what is wrong with them', async () => {
  const problem = async (path: string, init: RequestInit) => {
    const response = await fetch(`${url}/api/v1${path}`, { ...init, headers: { 'x-millrace': '1', ...init.headers } });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    return response.status;
  };
  const json = { 'content-type': 'application/json' };
  expect(await problem('/services', { method: 'DELETE' })).toBe(405);
  expect(await problem('/query', { method: 'POST', body: '{', headers: json })).toBe(400);
  expect(await problem('/query', { method: 'POST', body: 'sql=1', headers: { 'content-type': 'text/plain' } })).toBe(
    415,
  );
  const large = JSON.stringify({ sql: 'x'.repeat(2_000_000) });
  expect(await problem('/query', { method: 'POST', body: large, headers: json })).toBe(413);
  expect(await problem('/nothing', {})).toBe(404);
});

async function ask(method: string, path: string, { body, params = {}, query = {} }: Example) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const stop = new AbortController();
  const response = await fetch(`${url}/api/v1${filled}?${new URLSearchParams(query)}`, {
    method: method.toUpperCase(),
    headers: { 'x-millrace': '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: stop.signal,
  });
  const contentType = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const answered = isJson(contentType) ? ((await response.json()) as unknown) : undefined;
  stop.abort();
  return { status: response.status, contentType, body: answered };
}

async function ids(path: string): Promise<string[]> {
  const { items } = (await (await fetch(`${url}/api/v1${path}`)).json()) as { items: { id?: string; key?: string }[] };
  return items.map(({ id, key }) => id ?? key ?? '');
}

async function fetchAll(path: string): Promise<{ value: Record<string, unknown> }[]> {
  const all: { value: Record<string, unknown> }[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await fetch(`${url}/api/v1${path}?limit=1000${query}`);
    const page = (await response.json()) as { items: typeof all; next_cursor: string | null };
    all.push(...page.items);
    cursor = page.next_cursor;
  }
  return all;
}

/** Lines of JSON are none. */
function isJson(contentType: string): boolean {
  return /[/+]json$/.test(contentType);
}
