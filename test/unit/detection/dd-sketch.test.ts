import { expect, it } from 'vitest';
import { DDSketch } from '../../../detection/dd-sketch.js';
import { Random } from '../../../producer/random.js';

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1];

function logNormals(count: number, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.logNormal(80, 1.5));
}

function sketchOf(values: readonly number[]): DDSketch {
  const sketch = new DDSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

it.each([1, 2, 10, 1000, 50_000])('gives quantiles of %d numbers within 1 %%', (count) => {
  const values = logNormals(count, count);
  const sorted = values.toSorted((a, b) => a - b);
  const sketch = sketchOf(values);
  for (const q of QUANTILES) {
    const exact = sorted[Math.floor(q * (count - 1))] as number;
    const relativeError = Math.abs((sketch.quantile(q) as number) - exact) / exact;
    expect(relativeError, `${q}`).toBeLessThanOrEqual(0.0100001);
  }
});

it('gives the mean and the variance of logarithms', () => {
  const values = logNormals(5000, 3);
  const logs = values.map((value) => Math.log1p(value));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);

  const found = sketchOf(values).logMoments();

  expect(Math.abs(found.mean - mean)).toBeLessThan(0.01);
  expect(Math.abs(found.variance - variance)).toBeLessThan(0.03);
  expect(new DDSketch().logMoments()).toEqual({ mean: 0, variance: 0 });
});

it('is the same from parts, in any order, read from their bytes, as from the whole', () => {
  const values = logNormals(10_000, 7);
  const parts = [values.slice(5000), values.slice(0, 100), values.slice(100, 5000)].map(sketchOf);
  const merged = new DDSketch();
  for (const part of parts) {
    const bytes = Buffer.alloc(3 + part.byteLength);
    expect(part.write(bytes, 3)).toBe(bytes.length);
    merged.addAll(DDSketch.read(bytes, 3));
  }
  const whole = sketchOf(values);
  expect(merged.count).toBe(10_000);
  for (const q of QUANTILES) expect(merged.quantile(q)).toBe(whole.quantile(q));
});

it('counts zeros, and has no quantile of nothing', () => {
  expect(new DDSketch().quantile(0.5)).toBeNull();
  const sketch = sketchOf([0, 0, 0, 100]);
  expect(sketch.quantile(0.5)).toBe(0);
  expect(sketch.quantile(1)).toBeCloseTo(100, -0.5);
});
