import { expect, test } from 'vitest';
import type { LogLine } from '../../../../web/api/client.js';
import { rowsOf } from '../../../../web/pages/logs/list-rows.js';

const line = (time: number): LogLine => ({ id: `logs/0/${time}`, time, kind: 'services' });
const gap = (from: number, to: number) => ({ from, to, missed: 2_212, shown: 176 });

test('lines that were left out have a row above the lines of their second, the newest first', () => {
  const rows = rowsOf([line(3_500), line(2_900), line(2_100), line(1_800)], [gap(1_000, 1_900), gap(2_000, 2_950)]);
  expect(rows.map(({ id }) => id)).toEqual([
    'logs/0/3500',
    'left-out/2950/2212',
    'logs/0/2900',
    'logs/0/2100',
    'left-out/1900/2212',
    'logs/0/1800',
  ]);
});

test('what was left out before the oldest line that is kept has no row, and without gaps there are lines alone', () => {
  expect(rowsOf([line(5_000)], [gap(1_000, 1_900)])).toEqual([line(5_000)]);
  expect(rowsOf([line(2_000), line(1_000)], [])).toEqual([line(2_000), line(1_000)]);
});
