import { expect, test } from 'vitest';
import { day, numbers, share, when } from '../../../../web/parts/wording.js';

test('a share on an axis has its sign, and no more digits than it needs', () => {
  expect([0, 0.5, 1, 0.125, 0.0333, 0.0004].map(share)).toEqual(['0 %', '50 %', '100 %', '12.5 %', '3.3 %', '0.04 %']);
});

test('both ends of a range are as exact as the greater one', () => {
  expect(numbers(68.4, 350.2)).toBe('68 to 350');
  expect(numbers(0.63, 12.44)).toBe('0.6 to 12.4');
  expect(numbers(-40.25, 3)).toBe('-40.3 to 3.0');
});

test('a day of another year has its year', () => {
  const now = Date.UTC(2026, 10, 27, 14, 32, 5);
  expect(day(Date.UTC(2026, 4, 17), now)).toBe('17 May');
  expect(day(Date.UTC(2015, 4, 17), now)).toBe('17 May 2015');
  expect(when(Date.UTC(2015, 10, 27, 9, 5, 49), now)).toBe('27 Nov 2015 09:05');
  expect(when(now, now)).toBe('14:32:05');
});
