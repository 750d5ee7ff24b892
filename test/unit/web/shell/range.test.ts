import { expect, test } from 'vitest';
import { rangeOf } from '../../../../web/shell/range.js';

test('any length before now is a range that stays live', () => {
  expect(rangeOf('now-45m', null)).toEqual({
    ...{ from: 'latest-45m', to: undefined, spanMs: 2_700_000, isLive: true, label: 'Last 45 min' },
  });
  expect(rangeOf('now-3d', null)).toMatchObject({ from: 'latest-3d', spanMs: 259_200_000, label: 'Last 3 days' });
  expect(rangeOf('now-24h', null).label).toBe('Last 24 h');
});

test('what is no range is the usual one', () => {
  const usual = rangeOf(null, null);
  for (const from of ['now-0m', 'now-5y', 'yesterday']) expect(rangeOf(from, null)).toEqual(usual);
  expect(rangeOf('2000', '1000')).toEqual(usual);
});

test('a range between two times names its days', () => {
  const [from, to] = [Date.UTC(2015, 10, 27, 14), Date.UTC(2015, 10, 28, 14)].map(String);
  expect(rangeOf(from ?? '', to ?? '').label).toBe('27 Nov 2015 14:00:00 to 28 Nov 14:00:00');
});
