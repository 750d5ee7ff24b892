import { expect, test } from 'vitest';
import { exact } from '../../../../web/pages/sql/result-table.js';

test('a number of a result is shown as exactly as it can be read', () => {
  expect([0.0034, 12_345_678, 1.5, 0.123456789, -7].map(exact)).toEqual([
    '0.0034',
    '12,345,678',
    '1.5',
    '0.1234568',
    '-7',
  ]);
});
