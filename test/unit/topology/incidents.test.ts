import { expect, it } from 'vitest';
import type { Alert, Incident } from '../../../schemas/records.js';
import { ApplicationRun } from '../../reference/run-application.js';

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

/** What incidents were, one line a change. */
async function incidentsOf(alerts: readonly Alert[]): Promise<{ changes: string[]; last: Incident | undefined }> {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'], incidentQuiet: '30s' } });
  await run.append('alerts', alerts, ({ scope }) => scope);
  await run.drain();
  const incidents = (await run.read('incidents')).map(({ value }) => value);
  await run.close();
  return {
    changes: incidents.map(({ alerts, id, state }) => `${id.split('/').at(-1)} ${state} ${alerts}`),
    last: incidents.at(-1),
  };
}

it('is one incident while any of its alerts is open, and has the gravest words and severity', async () => {
  const { changes, last } = await incidentsOf([
    alert('slow', 10),
    alert('errors', 12, { severity: 'critical', entity: 'shop /cart' }),
    alert('slow', 20, { state: 'resolved' }),
    alert('errors', 40, { state: 'resolved' }),
  ]);
  expect(changes).toEqual(['slow opened 1', 'slow ongoing 2', 'slow ongoing 2', 'slow resolved 2']);
  expect(last).toMatchObject({
    severity: 'critical',
    summary: 'shop: errors.',
    opened: 10 * SECOND_MS,
    resolved: 40 * SECOND_MS,
    detectors: ['slow', 'errors'],
    entities: ['shop', 'shop /cart'],
  });
});

it('goes on when the next alert comes soon after its end, and is another when it comes later', async () => {
  const over = { state: 'resolved' } as const;
  const { changes } = await incidentsOf([
    alert('a', 0),
    alert('a', 10, over),
    alert('b', 40),
    alert('b', 50, over),
    alert('c', 81),
  ]);
  expect(changes).toEqual(['a opened 1', 'a resolved 1', 'a ongoing 2', 'a resolved 2', 'c opened 1']);
});

it('keeps scopes apart, and takes an alert that is told twice for one', async () => {
  const { changes } = await incidentsOf([
    alert('a', 0),
    alert('a', 0),
    alert('z', 5, { scope: 'service/till' }),
    alert('unknown', 6, { state: 'resolved' }),
  ]);
  expect(changes).toEqual(['a opened 1', 'a opened 1', 'z opened 1']);
});
