import { expect, it } from 'vitest';
import { normalSurprise, scoreOfSurprise } from '../../../detection/surprise.js';

it.each([
  // Python: -math.log10(math.erfc(z / math.sqrt(2)))
  [0, 0],
  [1, 0.498516],
  [2, 1.341986],
  [3, 2.568669],
  [4.9, 6.018468],
  [6, 8.704834],
  [10, 22.817023],
])('knows how rare a normal value is: z = %d has surprise %d', (z, surprise) => {
  expect(normalSurprise(z)).toBeCloseTo(surprise, 2);
  expect(normalSurprise(-z)).toBe(normalSurprise(z));
});

it('gives a half to what happens once in 100,000', () => {
  expect(scoreOfSurprise(5)).toBe(0.5);
  expect(scoreOfSurprise(0)).toBe(0);
  expect(scoreOfSurprise(-1)).toBe(0);
});
