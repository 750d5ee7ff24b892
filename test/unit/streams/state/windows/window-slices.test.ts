import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowSlices } from '../../../../../streams/state/windows/window-slices.js';

const windows = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }))
  .map(([a, b]) => new WindowSlices(Math.max(a, b), Math.min(a, b)));
const time = fc.integer({ min: 0, max: 5000 });

/** The windows of a time by trying each. */
function windowsOf(slices: WindowSlices, timestamp: number): number[] {
  const found: number[] = [];
  for (let window = 0; window * slices.advanceMs <= timestamp; window++) {
    if (timestamp < window * slices.advanceMs + slices.sizeMs) found.push(window);
  }
  return found;
}

describe('WindowSlices', () => {
  it('puts two times into one slice only when they share their windows', () => {
    fc.assert(
      fc.property(windows, time, (slices, timestamp) => {
        const slice = slices.sliceOf(timestamp);
        const all = windowsOf(slices, timestamp);
        expect(slices.firstWindow(slice)).toBe(all[0]);
        expect(slices.lastWindow(slice)).toBe(all.at(-1));
        expect(slices.sliceStart(slice)).toBeLessThanOrEqual(timestamp);
        expect(slices.sliceOf(slices.sliceStart(slice))).toBe(slice);
        expect(slices.sliceStart(slice + 1)).toBeGreaterThan(timestamp);
      }),
    );
  });

  it('knows the slices of a window', () => {
    fc.assert(
      fc.property(windows, fc.nat(50), (slices, window) => {
        expect(slices.sliceStart(slices.firstSlice(window))).toBe(slices.windowStart(window));
        expect(slices.sliceOf(slices.windowEnd(window) - 1)).toBe(slices.lastSlice(window));
      }),
    );
  });

  it('cuts an advance into at most two slices', () => {
    const slices = new WindowSlices(1001, 1000);
    expect([0, 0.5, 1, 999, 1000].map((timestamp) => slices.sliceOf(timestamp))).toEqual([0, 0, 1, 1, 2]);
  });
});
