import { expect, it } from 'vitest';
import { boundedRange } from '../../../api/parameters.js';

const HALF_AN_HOUR_MS = 1_800_000;
const LAST_YEAR = Date.UTC(2015, 4, 20, 21, 5);

it('a range that begins before the newest event ends with it, whatever the clock says', () => {
  const range = boundedRange({ from: { before: 'latest', ms: HALF_AN_HOUR_MS } }, LAST_YEAR, HALF_AN_HOUR_MS);
  expect(range).toEqual({ from: LAST_YEAR - HALF_AN_HOUR_MS, to: LAST_YEAR + 1 });
  expect(boundedRange({}, LAST_YEAR, HALF_AN_HOUR_MS).to).toBe(LAST_YEAR + 1);
});

it('a range that begins by the clock, or at a time, ends now', () => {
  const before = Date.now();
  for (const from of [{ before: 'now', ms: HALF_AN_HOUR_MS } as const, LAST_YEAR]) {
    expect(boundedRange({ from }, LAST_YEAR, HALF_AN_HOUR_MS).to).toBeGreaterThanOrEqual(before);
  }
});
