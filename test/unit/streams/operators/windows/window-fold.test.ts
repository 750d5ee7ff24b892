import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberSerde, stringSerde } from '../../../../../streams/index.js';
import { foldWindows } from '../../../../../streams/operators/windows/window-fold.js';
import type { Aggregation } from '../../../../../streams/state/aggregation.js';
import { WholeWindows, WindowSlices } from '../../../../../streams/state/windows/window-slices.js';
import { WindowStore } from '../../../../../streams/state/windows/window-store.js';

const add = (left: number, right: number) => left + right;
const kinds = {
  whole: {},
  merged: { merge: add },
  'merged and subtracted': { merge: add, subtract: (total: number, part: number) => total - part },
} as const;

interface Entry {
  readonly time: number;
  /** Its windows that are left out, from the oldest. */
  readonly late: number;
}

/** A key with one partial a time, and every window's result by definition: what of it falls into the window. */
function folded(kind: keyof typeof kinds, sizeMs: number, advanceMs: number, entries: readonly Entry[]) {
  const slices = kind === 'whole' ? new WholeWindows(sizeMs, advanceMs) : new WindowSlices(sizeMs, advanceMs);
  const store = new WindowStore<string, number>({
    name: 's',
    slices,
    keySerde: stringSerde,
    aggregateSerde: numberSerde,
    initializer: () => 0,
    combine: (key, first, last, visit) => foldWindows(key, slices, aggregation, first, last, visit),
  });
  const key = store.key('a');
  const expected = new Map<number, number>();
  for (const { late, time } of entries) {
    const oldest = Math.max(0, Math.floor((time - sizeMs) / advanceMs) + 1);
    const newest = Math.floor(time / advanceMs);
    const first = Math.min(newest, oldest + late);
    for (let window = first; window <= newest; window++) expected.set(window, (expected.get(window) ?? 0) + 1);
    const parts = kind === 'whole' ? range(first, newest) : [slices.sliceOf(time)];
    for (const slice of parts) key.partial(slice, kind === 'whole' || late === 0 ? 0 : first, 0, store).aggregate++;
  }
  let steps = 0;
  const counted = <T extends (left: number, right: number) => number>(work: T) =>
    ((left: number, right: number) => {
      steps++;
      return work(left, right);
    }) as T;
  const { merge, subtract } = kinds[kind] as Pick<Aggregation<string, number, number>, 'merge' | 'subtract'>;
  const aggregation: Aggregation<string, number, number> = {
    initializer: () => 0,
    add: (_key, value, total) => total + value,
    ...(merge && { merge: counted(merge) }),
    ...(subtract && { subtract: counted(subtract) }),
    serde: numberSerde,
  };
  const actual = new Map<number, number>();
  const windows = [...expected.keys()];
  const startedAt = performance.now();
  foldWindows(key, slices, aggregation, Math.min(...windows), Math.max(...windows), (window, total) => {
    expect(actual.has(window)).toBe(false);
    actual.set(window, total);
  });
  return {
    actual: [...actual],
    expected: [...expected].sort(([a], [b]) => a - b),
    steps,
    ms: performance.now() - startedAt,
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('folding, %s', (kind) => {
  it('visits the windows that hold a record, in order, with what is in each, across any gap', () => {
    const time = fc.oneof(fc.nat(60), fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_060 }), fc.nat(2 ** 40));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.record({ time, late: fc.oneof(fc.constant(0), fc.nat(3)) }), { minLength: 1, maxLength: 20 }),
        (size, advance, entries) => {
          const { actual, expected } = folded(kind, Math.max(size, advance), advance, entries);
          expect(actual).toEqual(expected);
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });

  it('takes no longer for records 50 years apart than for records side by side', () => {
    const gap = 50 * 365 * 86_400_000;
    const { actual, expected, ms, steps } = folded(kind, 10_000, 100, [
      { time: 500_000, late: 0 },
      { time: 500_000 + gap, late: 0 },
    ]);
    expect(actual).toEqual(expected);
    expect(actual).toHaveLength(200);
    expect(steps).toBeLessThan(400);
    // A visit of each of the 15 billion windows between them would take minutes.
    expect(ms).toBeLessThan(2000);
  });
});
