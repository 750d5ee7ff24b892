import { expect, it } from 'vitest';
import { chanceOf, compare, gStatistic } from '../../../api/search/stand-out.js';

it('has the G statistic of a table of two by two', () => {
  // 2 Σ O ln(O / E) by hand: rows 30 and 70, columns 40 and 60, so that E is 12, 18, 28 and 42.
  const byHand =
    2 * (20 * Math.log(20 / 12) + 10 * Math.log(10 / 18) + 20 * Math.log(20 / 28) + 50 * Math.log(50 / 42));
  expect(gStatistic(20, 10, 20, 50)).toBeCloseTo(byHand, 10);
  expect(gStatistic(10, 10, 10, 10)).toBe(0);
  expect(gStatistic(5, 0, 0, 5)).toBeCloseTo(20 * Math.log(2), 10);
});

it('has the chances of chi-square of one degree of freedom', () => {
  // Tables of the distribution.
  expect(chanceOf(3.841459)).toBeCloseTo(0.05, 6);
  expect(chanceOf(10.827566)).toBeCloseTo(0.001, 7);
  expect(chanceOf(0)).toBeCloseTo(1, 6);
});

const lines = (count: number, make: (index: number) => Record<string, unknown>) =>
  Array.from({ length: count }, (_, index) => make(index));

it('names the value that failing lines have in common, and the fields in which they are as usual', () => {
  const usual = lines(1000, (index) => ({
    host: `h${index % 4}`,
    endpoint: `/e${index % 5}`,
    message: `took ${index} ms`,
  }));
  const failing = lines(100, (index) => ({ host: `h${index % 4}`, endpoint: '/e1', message: `took ${index} ms` }));
  const { alike, compared_with, selected, stand_out: standOut } = compare(failing, usual);
  expect([selected, compared_with]).toEqual([100, 1000]);
  expect(standOut).toMatchObject([{ field: 'endpoint', value: '/e1', share: 1, share_before: 0.2, lines: 100 }]);
  expect(alike).toContainEqual({ field: 'host', values: 4 });
  expect(alike).toContainEqual({ field: 'message', values: 1 });
});

it('says nothing of what chance explains, and leaves out what each line has of its own', () => {
  const usual = lines(1000, (index) => ({ host: `h${index % 10}`, user_id: `u${index}`, request_id: `r${index}` }));
  const some = lines(20, (index) => ({ host: `h${index % 3}`, user_id: `v${index}`, request_id: `s${index}` }));
  const { alike, stand_out: standOut } = compare(some, usual);
  expect(standOut.map(({ field }) => field)).not.toContain('user_id');
  expect(alike.map(({ field }) => field)).not.toContain('request_id');
});

it('compares nothing with nothing', () => {
  expect(compare([], [])).toEqual({ selected: 0, compared_with: 0, stand_out: [], alike: [] });
});
