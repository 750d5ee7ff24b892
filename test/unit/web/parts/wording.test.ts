import { expect, test } from 'vitest';
import { numbers, share } from '../../../../web/parts/wording.js';

test('a share on an axis has its sign, and no more digits than it needs', () => {
  expect([0, 0.5, 1, 0.125, 0.0333, 0.0004].map(share)).toEqual(['0 %', '50 %', '100 %', '12.5 %', '3.3 %', '0.04 %']);
});

test('both ends of a range are as exact as the greater one', () => {
  expect(numbers(68.4, 350.2)).toBe('68 to 350');
  expect(numbers(0.63, 12.44)).toBe('0.6 to 12.4');
  expect(numbers(-40.25, 3)).toBe('-40.3 to 3.0');
});
