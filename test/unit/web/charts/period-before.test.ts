import { expect, test } from 'vitest';
import { linesBefore } from '../../../../web/charts/period-before.js';
import { valuesText } from '../../../../web/charts/values-text.js';
import { rangeBefore, rangeOf } from '../../../../web/shell/range.js';

const MINUTE = 60_000;
const times = [10, 11, 12, 13].map((minute) => minute * MINUTE);
const lines = [{ name: 'p95', colour: 'p95' as const, values: [1, 2, 3, 4] }];

test('values of the time before stand at the times of those that they are compared with', () => {
  const before = { spanMs: 4 * MINUTE, times: [6, 7, 9].map((minute) => minute * MINUTE), values: [[60, 70, 90]] };
  const [line] = linesBefore(lines, times, before, 30_000);
  expect(line).toMatchObject({ name: 'p95 before', isBefore: true, values: [60, 70, null, 90] });
});

test('a value that does not stand at the same time counts until it is too old', () => {
  const before = { spanMs: 4 * MINUTE, times: [6 * MINUTE - 10_000, 8 * MINUTE - 50_000], values: [[60, 80]] };
  const [line] = linesBefore(lines, times, before, 30_000);
  expect(line?.values).toEqual([60, null, null, null]);
});

test('where nothing is kept of the time before there is no line', () => {
  expect(linesBefore(lines, times, { spanMs: MINUTE, times: [], values: [[]] })).toEqual([]);
});

test('the time before a range that ends now ends where it begins, and also counts from the newest event', () => {
  expect(rangeBefore(rangeOf('now-30m', null))).toMatchObject({ from: 'latest-3600s', to: 'latest-1800s' });
  expect(rangeBefore(rangeOf('5000', '8000'))).toMatchObject({ from: '2000', to: '5000' });
});

test('values are copied as exact as they are, with times in ISO 8601, divided by tabs', () => {
  const columns = [
    { name: 'p95', values: [0.123456789, null] },
    { name: 'p50', values: [1, 2] },
  ];
  expect(valuesText([0, 1_000], columns)).toBe(
    'time\tp95\tp50\n1970-01-01T00:00:00.000Z\t0.123456789\t1\n1970-01-01T00:00:01.000Z\t\t2',
  );
});
