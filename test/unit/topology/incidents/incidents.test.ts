import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { Alert, Incident } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const SECOND_MS = 1000;

function alert(name: string, second: number, changes: Partial<Alert> = {}): Alert {
  return {
    id: `service/shop/${name}`,
    time: second * SECOND_MS,
    source_kind: 'service',
    entity: 'shop',
    scope: 'service/shop',
    detector: name,
    state: 'opened',
    severity: 'warning',
    value: 1,
    expected_low: null,
    expected_high: 0,
    window_start: 0,
    window_end: 0,
    explanation: `shop: ${name}.`,
    fields: [],
    ...changes,
  };
}

/** What incidents were, one line a change, and what they are at the end. */
async function incidentsOf(alerts: readonly Alert[]) {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'], incidentQuiet: '30s' } });
  await run.append('alerts', alerts, ({ scope }) => scope);
  await run.drain();
  const records = await run.readAll('incidents');
  await run.close();
  const last = new Map<string, Incident>();
  for (const { key, value } of records) {
    if (value === null) last.delete(key);
    else last.set(key, value);
  }
  return {
    changes: records.map(({ key, value }) => {
      const name = key.split('/').at(-1);
      return value === null ? `${name} is no more` : `${name} ${value.state} ${value.alerts}`;
    }),
    last: [...last.values()].sort((one, other) => one.opened - other.opened),
  };
}

const over = { state: 'resolved' } as const;

it('is one incident while any of its alerts is open, and has the gravest words and severity', async () => {
  const { changes, last } = await incidentsOf([
    alert('slow', 10),
    alert('errors', 12, { severity: 'critical', entity: 'shop /cart' }),
    alert('slow', 20, { state: 'resolved' }),
    alert('errors', 40, { state: 'resolved' }),
  ]);
  expect(changes).toEqual(['slow opened 1', 'slow ongoing 2', 'slow ongoing 2', 'slow resolved 2']);
  expect(last).toHaveLength(1);
  expect(last[0]).toMatchObject({
    severity: 'critical',
    summary: 'shop: errors.',
    opened: 10 * SECOND_MS,
    resolved: 40 * SECOND_MS,
    detectors: ['slow', 'errors'],
    entities: ['shop', 'shop /cart'],
  });
});

it('goes on when the next alert comes soon after its end, and is another when it comes later', async () => {
  const { changes } = await incidentsOf([
    alert('a', 0),
    alert('a', 10, over),
    alert('b', 40),
    alert('b', 50, over),
    alert('c', 81),
  ]);
  expect(changes).toEqual(['a opened 1', 'a resolved 1', 'a ongoing 2', 'a resolved 2', 'c opened 1']);
});

it('joins two incidents when an alert between them comes late, and parts one whose alert was over before the next', async () => {
  const { changes } = await incidentsOf([
    alert('a', 100),
    alert('a', 110, over),
    alert('b', 160),
    alert('c', 130),
    alert('c', 150, over),
    alert('d', 400),
    alert('b', 170, over),
    alert('d', 410, over),
  ]);
  expect(changes).toEqual([
    ...['a opened 1', 'a resolved 1', 'b opened 1'],
    ...['b is no more', 'a ongoing 3'],
    ...['a ongoing 4', 'a resolved 3', 'd opened 1', 'd resolved 1'],
  ]);
});

it('is the same at the end in whatever order the alerts of entities come', async () => {
  const random = new Random(5);
  for (let round = 0; round < 20; round++) {
    const queues = Array.from({ length: 4 }, (_, entity) =>
      Array.from({ length: 10 }, (_, n) => {
        const opened = n * 100 + random.below(60);
        const severity = random.uniform() < 0.5 ? 'warning' : 'critical';
        const one = alert(`${entity}-${n}`, opened, { severity });
        return [one, { ...one, ...over, time: (opened + 1 + random.below(30)) * SECOND_MS }];
      }).flat(),
    );
    const byTime = queues.flat().sort((one, other) => one.time - other.time);
    const mixed: Alert[] = [];
    while (queues.some((queue) => queue.length > 0)) {
      const queue = queues[random.below(queues.length)] as Alert[];
      mixed.push(...queue.splice(0, 1 + random.below(6)));
    }
    const contents = (incidents: readonly Incident[]) => incidents.map(({ id: _id, ...content }) => content);
    const [inOrder, otherwise] = [await incidentsOf(byTime), await incidentsOf(mixed)];
    expect(contents(otherwise.last)).toEqual(contents(inOrder.last));
    expect(inOrder.last.length).toBeGreaterThan(3);
  }
});

it('counts all alerts of one that is long, and names some of their entities', async () => {
  const { changes, last } = await incidentsOf(
    Array.from({ length: 300 }, (_, n) => [
      alert(`${n}`, 10 * n, { entity: `client-${n}`, ...(n === 100 ? { severity: 'critical' } : {}) }),
      alert(`${n}`, 10 * n + 5, over),
    ]).flat(),
  );
  expect(changes).toHaveLength(600);
  expect(last).toHaveLength(1);
  expect(last[0]).toMatchObject({ alerts: 300, opened: 0, resolved: 2995 * SECOND_MS, severity: 'critical' });
  expect(last[0]?.summary).toBe('shop: 100.');
  expect(last[0]?.entities).toHaveLength(50);
});

it('of more open alerts than are remembered one by one is over when the last of them is', async () => {
  const instances = Array.from({ length: 260 }, (_, n) => `${n}`);
  const opened = instances.map((name, n) => alert(name, n, { entity: `shop-${name}` }));
  const resolved = (names: readonly string[], second: number) => names.map((name) => alert(name, second, over));
  const almost = await incidentsOf([...opened, ...resolved(instances.slice(1), 300)]);
  expect(almost.last).toMatchObject([{ state: 'ongoing', alerts: 260, resolved: null }]);
  // What is told twice is no end of another.
  const twice = [...opened, ...resolved(instances.slice(1), 300), ...resolved(['7', '7'], 310)];
  expect((await incidentsOf(twice)).last[0]?.state).toBe('ongoing');
  const { last } = await incidentsOf([...opened, ...resolved(instances.slice(1), 300), ...resolved(['0'], 320)]);
  expect(last).toMatchObject([{ state: 'resolved', alerts: 260, opened: 0, resolved: 320 * SECOND_MS }]);
});

it('keeps scopes apart, and takes an alert that is told twice for one', async () => {
  const { changes } = await incidentsOf([
    alert('a', 0),
    alert('a', 0),
    alert('z', 5, { scope: 'service/till' }),
    alert('unknown', 6, { state: 'resolved' }),
  ]);
  expect(changes).toEqual(['a opened 1', 'z opened 1']);
});

it('what a window of a minute tells at its end belongs to an incident of that minute, although that is over', async () => {
  const ofMinute = { window_start: 120_000, window_end: 180_000 };
  const { changes } = await incidentsOf([
    alert('burst', 125),
    alert('burst', 135, { state: 'resolved' }),
    alert('surge', 180, ofMinute),
    alert('surge', 240, { ...ofMinute, state: 'resolved' }),
    // A window of five seconds that comes as late is of nothing that was before.
    alert('later', 290, { window_start: 285_000, window_end: 290_000 }),
  ]);
  expect(changes).toEqual([
    ...['burst opened 1', 'burst resolved 1', 'burst ongoing 2', 'burst resolved 2'],
    'later opened 1',
  ]);
});
