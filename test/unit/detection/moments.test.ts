import { expect, it } from 'vitest';
import { Moments } from '../../../detection/moments.js';
import { Random } from '../../../producer/random.js';

function momentsOf(values: readonly number[]): Moments {
  const moments = new Moments();
  for (const value of values) moments.add(value);
  return moments;
}

it('computes what the definitions say', () => {
  // Mean 5; squared distances 9, 1, 1, 1, 0, 0, 4, 16, which are 32, over 7.
  const moments = momentsOf([2, 4, 4, 4, 5, 5, 7, 9]);
  expect([moments.count, moments.mean, moments.min, moments.max]).toEqual([8, 5, 2, 9]);
  expect(moments.stddev).toBeCloseTo(Math.sqrt(32 / 7), 12);
});

it('knows nothing of nothing, and no spread of one number', () => {
  const none = new Moments();
  expect([none.mean, none.min, none.max, none.stddev]).toEqual([null, null, null, null]);
  expect(momentsOf([3]).stddev).toBeNull();
});

it('is from merged parts, read from their bytes, what it is from the whole, also far from 0', () => {
  const random = new Random(3);
  const values = Array.from({ length: 3000 }, () => 1e9 + random.normal());
  const merged = new Moments();
  for (const part of [values.slice(0, 10), [], values.slice(10, 2000), values.slice(2000)]) {
    const bytes = Buffer.alloc(2 + Moments.byteLength);
    expect(momentsOf(part).write(bytes, 2)).toBe(bytes.length);
    merged.addAll(Moments.read(bytes, 2));
  }
  const mean = values.reduce((sum, value) => sum + (value - 1e9), 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - 1e9 - mean) ** 2, 0);
  expect(merged.count).toBe(3000);
  expect((merged.mean as number) - 1e9).toBeCloseTo(mean, 5);
  expect(merged.stddev).toBeCloseTo(Math.sqrt(squares / 2999), 5);
  expect([merged.min, merged.max]).toEqual([Math.min(...values), Math.max(...values)]);
});
