import { expect, it } from 'vitest';
import { DistinctCount } from '../../../../topology/monitoring/distinct-count.js';

function countOf(from: number, to: number): DistinctCount {
  const count = new DistinctCount();
  for (let i = from; i < to; i++) {
    count.add(`session_${i}`);
    count.add(`session_${i}`);
  }
  return count;
}

// Three standard errors, of 1.04 / sqrt(1024) each.
it.each([0, 1, 10, 100, 1000, 5000, 100_000])('estimates %d different sessions within 10 %%', (sessions) => {
  const { estimate } = countOf(0, sessions);
  expect(Math.abs(estimate - sessions)).toBeLessThanOrEqual(0.1 * sessions);
});

it('is from merged parts that overlap, read from their bytes, what it is from the whole', () => {
  const merged = new DistinctCount();
  for (const part of [countOf(0, 700), countOf(500, 1500), countOf(1500, 2000)]) {
    const bytes = Buffer.alloc(5 + part.byteLength);
    expect(part.write(bytes, 5)).toBe(bytes.length);
    merged.addAll(DistinctCount.read(bytes, 5));
  }
  expect(merged.estimate).toBe(countOf(0, 2000).estimate);
});
