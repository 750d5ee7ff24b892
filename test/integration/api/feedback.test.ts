import { afterAll, beforeAll, expect, it } from 'vitest';
import { anIncident } from '../../unit/notify/incident.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

let server: Served;
beforeAll(async () => {
  server = await served({ auth: false });
});
afterAll(() => server?.stop());

async function ask(path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', 'x-millrace': '1' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

it('an incident shows that what it is about was said to be fine, until when, and no longer when that is taken back', async () => {
  const now = Date.now();
  const nightly = (id: string) => anIncident(id, { scope: 'nightly', opened: now, updated: now });
  await server.append('incidents', [nightly('a'), nightly('b'), anIncident('c', { opened: now, updated: now })]);
  await until(async () => (await ask('/incidents/c'))['id'] === 'c');
  const said = await ask('/incidents/a/feedback', { was_fine: true, note: 'the backup', for: '2h' });
  expect(said).toMatchObject({ id: 'a', was_fine: true });
  const { fine_until: until2h, was_fine: wasFine } = await ask('/incidents/b');
  expect(wasFine).toBe(false);
  expect(Math.abs((until2h as number) - (now + 2 * 3_600_000))).toBeLessThan(60_000);
  expect((await ask('/incidents/c'))['fine_until']).toBeNull();
  await ask('/incidents/b/feedback', { was_fine: false });
  expect((await ask('/incidents/b'))['fine_until']).toBeNull();
});
