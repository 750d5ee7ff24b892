import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Served, served } from './served.js';

let server: Served;
beforeAll(async () => {
  server = await served({ auth: false });
});
afterAll(() => server?.stop());

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-millrace': '1' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function audited(): Promise<{ readonly msg: string; readonly [field: string]: unknown }[]> {
  const lines = (await readFile(join(server.directory, 'server.log'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit === true);
}

it('a silence can be changed, and what is changed is checked and noted', async () => {
  const { body: made } = await ask('POST', '/silences', { matchers: ['scope="a"'], reason: 'moves' });
  const path = `/silences/${made['id']}`;
  const changed = { matchers: ['scope="b"'], from: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' };
  expect(await ask('PUT', path, changed)).toMatchObject({ status: 200, body: { state: 'expired', id: made['id'] } });
  const { body: list } = await ask('GET', '/silences');
  expect(list['items']).toEqual([expect.objectContaining({ matchers: ['scope="b"'], state: 'expired' })]);
  expect(await ask('PUT', path, { ...changed, until: changed.from })).toMatchObject({
    ...{ status: 422, body: { type: 'urn:millrace:problem:silence-without-time' } },
  });
  expect((await ask('PUT', path, { matchers: ['no="label"'] })).status).toBe(400);
  expect((await ask('PUT', path, { matchers: ['scope="b"'], schedule: 'none' })).status).toBe(422);
  expect((await audited()).map(({ id, matchers, msg }) => [msg, id, matchers])).toEqual([
    ['silence.put', made['id'], ['scope="a"']],
    ['silence.put', made['id'], ['scope="b"']],
  ]);
});

it('a schedule that a route or a silence names is there as long as they are', async () => {
  const nights = { cron: '0 22 * * *', duration: '8h', time_zone: 'Europe/Berlin' };
  await ask('POST', '/schedules', { name: 'nights', ...nights });
  expect((await ask('PUT', '/routes/by-day', { mute_schedules: ['days'] })).status).toBe(422);
  expect((await ask('PUT', '/routes/by-day', { mute_schedules: ['nights'] })).status).toBe(200);
  const { body: silence } = await ask('POST', '/silences', { matchers: ['scope="c"'], schedule: 'nights' });
  expect(await ask('DELETE', '/schedules/nights')).toMatchObject({
    ...{ status: 409, body: { detail: expect.stringContaining('route "by-day"') } },
  });
  await ask('DELETE', '/routes/by-day');
  expect((await ask('DELETE', '/schedules/nights')).status).toBe(409);
  expect(await ask('PUT', '/schedules/nights', { ...nights, duration: '9h' })).toMatchObject({
    ...{ status: 200, body: { name: 'nights', duration: 9 * 3_600_000 } },
  });
  await ask('DELETE', `/silences/${silence['id']}`);
  expect((await ask('DELETE', '/schedules/nights')).status).toBe(204);
});

it('inhibitions and flapping are what they were edited to be', async () => {
  const rules = () => server.services.notify?.settings.rules(() => false);
  const inhibition = { source_matchers: ['severity="critical"'], target_matchers: ['severity="info"'] };
  const { body: made } = await ask('POST', '/inhibitions', { ...inhibition, equal: ['scope'] });
  expect(rules()?.inhibitions.map(({ equal }) => equal)).toEqual([['scope']]);
  await ask('PUT', `/inhibitions/${made['id']}`, { ...inhibition, equal: ['entity'] });
  expect(rules()?.inhibitions.map(({ equal }) => equal)).toEqual([['entity']]);
  expect((await ask('DELETE', `/inhibitions/${made['id']}`)).status).toBe(204);
  expect(rules()?.inhibitions).toEqual([]);

  const byDefault = { changes: 4, within: 600_000, stable: 600_000, origin: 'default' };
  expect((await ask('GET', '/flapping')).body).toEqual(byDefault);
  await ask('PUT', '/flapping', { changes: 6, within: '5m' });
  expect(rules()?.flapping).toEqual({ changes: 6, withinMs: 300_000, stableMs: 600_000 });
  await ask('DELETE', '/flapping');
  expect((await ask('GET', '/flapping')).body).toEqual(byDefault);
  const noted = (await audited()).map(({ msg }) => msg).filter((msg) => /^(inhibition|flapping)/.test(msg));
  expect(noted).toEqual(['inhibition.put', 'inhibition.put', 'inhibition.delete', 'flapping.put', 'flapping.delete']);
});
