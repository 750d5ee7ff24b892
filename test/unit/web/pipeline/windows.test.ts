import { expect, it } from 'vitest';
import { windowsOf } from '../../../../web/pages/pipeline/windows.js';

const record = (offset: number, key: string | null, value: unknown) => ({
  key,
  offset,
  partition: 0,
  timestamp: 0,
  value,
});
const hop = (ip: string, start: number, count: number) => ({
  client_ip: ip,
  window_start: start,
  window_end: start + 20_000,
  count,
});

it('of each key the last record of a window counts, and windows are in the order of their starts', () => {
  const sent = windowsOf([
    record(4, 'b@1000', hop('b', 1_000, 12)),
    record(3, 'a@1000', hop('a', 1_000, 31)),
    record(2, 'a@0', hop('a', 0, 29)),
    record(1, 'a@0', hop('a', 0, 11)),
  ]);
  expect(
    sent?.windows.map(({ rows, start, total }) => [
      start,
      total,
      rows.map(({ entity, measure }) => `${entity} ${measure}`),
    ]),
  ).toEqual([
    [0, 29, ['a 29']],
    [1_000, 43, ['a 31', 'b 12']],
  ]);
  expect(sent).toMatchObject({ measure: 'count', entityField: 'client_ip', sizeMs: 20_000, hopMs: 1_000, others: [] });
});

it('without a count the keys are counted, and without a key the first word tells them apart', () => {
  const sent = windowsOf([
    record(2, null, { host: 'x', window_start: 0, window_end: 5_000, p95: 8 }),
    record(1, null, { host: 'y', window_start: 0, window_end: 5_000, p95: 9 }),
  ]);
  expect(sent?.windows[0]).toMatchObject({ total: 2, rows: [{ entity: 'x' }, { entity: 'y' }] });
  expect(sent?.others).toEqual(['p95']);
});

it('records that have no window are none', () => {
  expect(windowsOf([record(1, 'a', { count: 1 }), record(2, 'b', null), record(3, 'c', 'text')])).toBeUndefined();
});
