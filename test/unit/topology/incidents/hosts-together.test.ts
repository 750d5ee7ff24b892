import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { Alert, Counted, Incident } from '../../../../schemas/records.js';
import { familyOf } from '../../../../topology/incidents/hosts-together.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const MINUTE_MS = 60_000;

/** What a window of a minute tells at its end. */
function alert(host: string, minute: number, changes: Partial<Alert> = {}): Alert {
  const { detector = 'traffic-surge' } = changes;
  return {
    id: `web/${host}/${detector}@${minute}`,
    time: (minute + 1) * MINUTE_MS,
    source_kind: 'web',
    entity: host,
    scope: `web/${host}`,
    detector,
    state: 'opened',
    severity: 'warning',
    value: 600,
    expected_low: null,
    expected_high: 120,
    window_start: minute * MINUTE_MS,
    window_end: (minute + 1) * MINUTE_MS,
    explanation: `${host}: ${detector}.`,
    fields: [],
    hosts: null,
    ...changes,
  };
}

const over = (one: Alert, minute: number): Alert => ({ ...one, state: 'resolved', time: minute * MINUTE_MS });
const counts = (hosts: Readonly<Record<string, number>>): Counted[] =>
  Object.entries(hosts).map(([value, count]) => ({ value, count }));

async function incidentsOf(alerts: readonly Alert[]): Promise<Incident[]> {
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] } });
  await run.append('alerts', alerts, ({ scope }) => familyOf(scope));
  await run.drain();
  const last = await newestOf(run);
  await run.close();
  return last;
}

async function newestOf(run: ApplicationRun): Promise<Incident[]> {
  const last = new Map<string, Incident | null>();
  for (const { key, value } of await run.readAll('incidents')) last.set(key, value);
  return [...last.values()].filter((one) => one !== null).sort((one, other) => (one.scope < other.scope ? -1 : 1));
}

const entitiesOf = (incidents: readonly Incident[]) =>
  Object.fromEntries(incidents.map(({ entities, scope }) => [scope, entities.toSorted()]));

// Usual are 100 of a and 900 of others: 1000, of which chance makes 120 and 1070 at most.
const ofA = alert('a', 5);
const allByA = alert('*', 5, { value: 1500, expected_high: 1070, hosts: counts({ a: 600, b: 500, c: 400 }) });

it('what all hosts together show is of the one host that makes it, whichever is told first', async () => {
  for (const order of [
    [ofA, allByA, over(ofA, 8), over(allByA, 9)],
    [allByA, ofA, over(allByA, 9), over(ofA, 8)],
  ]) {
    const incidents = await incidentsOf(order);
    expect(incidents).toMatchObject([
      { scope: 'web/a', summary: 'a: traffic-surge.', alerts: 2, entities: ['a', '*'], resolved: 9 * MINUTE_MS },
    ]);
  }
});

it('a surge of all hosts that none of them makes is apart from a host that happens to have one', async () => {
  const long = alert('a', 0, { value: 200 });
  const all = alert('*', 30, { value: 1500, expected_high: 1070, hosts: counts({ a: 200, b: 700, c: 600 }) });
  expect(entitiesOf(await incidentsOf([long, all]))).toEqual({ 'web/*': ['*'], 'web/a': ['a'] });
});

it('hosts that change with all others are of the incident of all', async () => {
  const hosts = ['a', 'b', 'c', 'd', 'e'].map((host) => alert(host, 5, { value: 300 }));
  const all = alert('*', 5, {
    value: 3000,
    expected_high: 1070,
    hosts: counts({ a: 300, b: 300, c: 300, d: 300, e: 300, f: 300 }),
  });
  const slow = alert('b', 6, { detector: 'erratic-response-times' });
  const incidents = await incidentsOf([...hosts, all, slow]);
  expect(entitiesOf(incidents)).toEqual({ 'web/*': ['*', 'a', 'b', 'c', 'd', 'e'] });
  expect(incidents[0]).toMatchObject({ alerts: 7, summary: '*: traffic-surge.' });
});

it('two hosts that make it together are of the incident of all, and come again without a new one', async () => {
  const [a, b] = [alert('a', 5), alert('b', 6)];
  const again = alert('b', 12);
  const all = alert('*', 5, { value: 1900, expected_high: 1070, hosts: counts({ a: 600, b: 600, c: 700 }) });
  const incidents = await incidentsOf([a, b, all, over(b, 8), again]);
  expect(entitiesOf(incidents)).toEqual({ 'web/*': ['*', 'a', 'b'] });
});

it('errors are of the host that has most of them, and of all hosts where many fail at once', async () => {
  const failing = { detector: 'high-error-rate', severity: 'critical', expected_high: 0.05 } as const;
  const ofOne = alert('a', 5, { ...failing, value: 0.5 });
  const allByOne = alert('*', 5, { ...failing, value: 0.07, hosts: counts({ a: 50, b: 10, c: 10 }) });
  expect(entitiesOf(await incidentsOf([ofOne, allByOne]))).toEqual({ 'web/a': ['*', 'a'] });
  const each = ['a', 'b', 'c', 'd'].map((host) => alert(host, 5, { ...failing, value: 0.07 }));
  const all = alert('*', 5, { ...failing, value: 0.07, hosts: counts({ a: 40, b: 20, c: 10, d: 5 }) });
  expect(entitiesOf(await incidentsOf([...each, all]))).toEqual({ 'web/*': ['*', 'a', 'b', 'c', 'd'] });
});

it('a host without traffic has what all hosts lack, and response times that are mixed otherwise are of it', async () => {
  const low = { detector: 'traffic-drop', expected_high: null } as const;
  const down = alert('a', 5, { ...low, value: 0, expected_low: 80 });
  const all = alert('*', 5, { ...low, value: 900, expected_low: 930, hosts: counts({ b: 500, c: 400 }) });
  const erratic = alert('*', 6, { detector: 'erratic-response-times' });
  expect(entitiesOf(await incidentsOf([down, all, erratic]))).toEqual({ 'web/a': ['*', 'a'] });
});

it('incidents of hosts are the same at the end in whatever order their alerts come', async () => {
  const random = new Random(3);
  for (let round = 0; round < 4; round++) {
    const queues = ['*', 'a', 'b', 'c', 'd', 'e'].map((host) =>
      Array.from({ length: 6 }, (_, n) => {
        const minute = 20 * n + random.below(6);
        const hosts = host === '*' ? counts({ a: 600 * random.below(2), b: 200, c: 200, d: 100, e: 100 }) : null;
        const one = alert(host, minute, host === '*' ? { value: 1500, expected_high: 1070, hosts } : {});
        return [one, over(one, minute + 2 + random.below(5))];
      }).flat(),
    );
    const byTime = queues.flat().sort((one, other) => one.time - other.time);
    const mixed: Alert[] = [];
    while (queues.some((queue) => queue.length > 0)) {
      mixed.push(...(queues[random.below(queues.length)] as Alert[]).splice(0, 1 + random.below(5)));
    }
    const contents = (incidents: readonly Incident[]) =>
      incidents.map(({ id: _id, ...content }) => JSON.stringify(content)).sort();
    expect(contents(await incidentsOf(mixed))).toEqual(contents(await incidentsOf(byTime)));
  }
});

it('a restart between the host and all hosts makes no incident more', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'millrace-hosts-'));
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] } });
  for (const told of [[allByA], [ofA], [over(ofA, 8), over(allByA, 9)]]) {
    await run.append('alerts', told, ({ scope }) => familyOf(scope));
    await run.process({ stateDirectory });
  }
  const incidents = await newestOf(run);
  await run.close();
  await rm(stateDirectory, { recursive: true });
  expect(incidents).toMatchObject([{ scope: 'web/a', alerts: 2, state: 'resolved' }]);
});

it('of 70 alerts of an incident of all hosts the oldest become one, and the others remain its own', async () => {
  const hosts = Array.from({ length: 70 }, (_, index) => alert(`h${index}`, 5));
  const all = alert('*', 5, { value: 9000, expected_high: 1070, hosts: counts({ h1: 600 }) });
  const ended = [all, ...hosts].map((one) => over(one, 8));
  expect(await incidentsOf([all, ...hosts, ...ended])).toMatchObject([{ scope: 'web/*', alerts: 71 }]);
});
