import { expect, test } from 'vitest';
import { everywhere, heldSince, isUnusualAt } from '../../../../web/charts/usual.js';

const TIMES = [1_000, 2_000, 3_000, 4_000];

test('from the moment that an incident opened the range from before it goes on', () => {
  const learned = { low: [null, 10, 20, 30], high: [100, 110, 120, 130] };
  expect(heldSince(learned, TIMES, 3_000)).toEqual({ low: [null, 10, 10, 10], high: [100, 110, 110, 110] });
});

test('without an open incident, or with one from before the first point, each point keeps its own range', () => {
  const learned = { low: [1, 2, 3, 4], high: [5, 6, 7, 8] };
  expect(heldSince(learned, TIMES, undefined)).toEqual(learned);
  expect(heldSince(learned, TIMES, 1_000)).toEqual(learned);
});

test('a value is unusual beyond an end that is known, and never where none is', () => {
  const usual = { low: [null, 10, null], high: [null, 20, 5] };
  expect([0, 1, 2].map((index) => isUnusualAt(usual, index, 9))).toEqual([false, true, true]);
  expect(isUnusualAt(usual, 1, 20)).toBe(false);
  expect(isUnusualAt(usual, 1, null)).toBe(false);
});

test('the range of an alert is the same at each point', () => {
  expect(everywhere({ low: 1, high: null }, 2)).toEqual({ low: [1, 1], high: [null, null] });
});
