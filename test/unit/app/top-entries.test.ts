import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TopEntries } from '../../../app/results/top-entries.js';

it('has the highest of many keys, as sorting all of them gives it, and forgets the rest', () => {
  const entries = fc.array(fc.tuple(fc.nat(300), fc.nat(1000)), { maxLength: 2000 });
  fc.assert(
    fc.property(entries, (added) => {
      const top = new TopEntries<number>((value) => value, 20);
      const all = new Map<string, number>();
      for (const [key, value] of added) {
        top.add(String(key), value);
        all.set(String(key), Math.max(value, all.get(String(key)) ?? 0));
      }
      const sorted = [...all.values()].sort((one, other) => other - one);
      expect(top.top(10)).toEqual(sorted.slice(0, 10));
    }),
  );
});

it('counts keys until there are more than it keeps, and then says that there are more', () => {
  const top = new TopEntries<number>((value) => value, 4);
  for (let key = 0; key < 4; key++) top.add(String(key), key);
  expect(top.keys).toEqual({ count: 4, isMore: false });
  top.add('4', 4);
  expect(top.keys).toEqual({ count: 4, isMore: true });
  expect(top.top(9)).toEqual([4, 3]);
});
