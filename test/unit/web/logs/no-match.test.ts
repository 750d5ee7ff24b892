import { expect, test } from 'vitest';
import { atFault, withoutEach } from '../../../../web/pages/logs/no-match.js';

test('a search is tried without each of its terms, the last one first, what is quoted as one', () => {
  expect(withoutEach('service:web status:504 "timed out"')).toEqual([
    { term: '"timed out"', rest: 'service:web status:504' },
    { term: 'status:504', rest: 'service:web "timed out"' },
    { term: 'service:web', rest: 'status:504 "timed out"' },
  ]);
});

test('the term at fault is the one without which most lines are left, wherever it stands', () => {
  const tried = withoutEach('status:504 service:web');
  expect(atFault(tried, [0, 5_528])).toEqual({ term: 'status:504', rest: 'service:web', total: 5_528 });
  expect(atFault(tried, [12, 5_528])?.term).toBe('status:504');
});

test('where each search is empty, or none is answered yet, no term alone is at fault', () => {
  const tried = withoutEach('status:504 service:nobody');
  expect(atFault(tried, [0, 0])).toBeUndefined();
  expect(atFault(tried, [undefined, undefined])).toBeUndefined();
});
