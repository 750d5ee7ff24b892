import { expect, it } from 'vitest';
import { addToTail, emptyTail, surpriseOf } from '../../../detection/tail.js';

const TUNING = { priorWeight: 10, priorFreedom: 4, memory: 1000, slack: 0 };

/** A tail that has seen `count` magnitudes in the middle of a bin. */
function tailOf(...seen: [magnitude: number, count: number][]) {
  const tail = emptyTail();
  for (const [magnitude, count] of seen) addToTail(tail, magnitude, count, TUNING);
  return tail;
}

it('goes by its prior while it has seen nothing', () => {
  // (1 + 6^2 / 4)^-2 = 1 / 100.
  expect(surpriseOf(emptyTail(), 6, TUNING)).toBeCloseTo(2, 10);
});

it('is the more surprised by what is new the longer all was calm', () => {
  // The prior's 10 observations of 110: 1 / 1100.
  expect(surpriseOf(tailOf([0.6, 100]), 6, TUNING)).toBeCloseTo(Math.log10(1100), 10);
});

it('is surprised by what it has seen as often as that comes', () => {
  // 5 larger ones, and a tenth from the prior, of 110.
  expect(surpriseOf(tailOf([0.6, 95], [50, 5]), 6, TUNING)).toBeCloseTo(-Math.log10(5.1 / 110), 10);
});

it('takes the upper part of a bin for as large', () => {
  // Bins are a quarter of an octave; 2^2.625 is the middle of one: half of it is above.
  const middle = 2 ** 2.625;
  const prior = (1 + middle ** 2 / 4) ** -2 * 10;

  expect(surpriseOf(tailOf([middle, 40]), middle, TUNING)).toBeCloseTo(-Math.log10((20 + prior) / 50), 10);
});

it('takes what was a little smaller for as large, by its slack', () => {
  const tail = tailOf([0.6, 95], [5.2, 5]);
  const strict = surpriseOf(tail, 6, TUNING);

  expect(strict).toBeCloseTo(-Math.log10(0.1 / 110), 10);
  expect(surpriseOf(tail, 6, { ...TUNING, slack: 2 })).toBeCloseTo(-Math.log10(5.1 / 110), 10);
});

it('counts what is over its last bin', () => {
  const tail = tailOf([1e9, 1]);

  expect(surpriseOf(tail, 1e12, TUNING)).toBeCloseTo(-Math.log10(1 / 11), 6);
});

it('forgets: weights stay bounded', () => {
  const tail = emptyTail();
  for (let i = 0; i < 10_000; i++) addToTail(tail, i % 10, 0.3, TUNING);

  expect(tail.total).toBeLessThanOrEqual(1000);
  expect(tail.counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(tail.total, 6);
});
