import { expect, it } from 'vitest';
import { levelShift } from '../../../detection/level-shift.js';
import { Random } from '../../../producer/random.js';

/** The indices of the values that are anomalous. */
function anomaliesIn(values: readonly number[]): number[] {
  const detector = levelShift();
  const state = detector.initial();
  return values.flatMap((value, index) => (detector.observe(state, index, value).isAnomalous ? [index] : []));
}

function normals(count: number, level: (index: number) => number, seed = 1): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, index) => level(index) + random.normal());
}

it('finds a large shift with its first value, and one of four deviations within five', () => {
  expect(anomaliesIn(normals(230, (index) => (index < 200 ? 50 : 65)))[0]).toBe(200);
  const first = anomaliesIn(normals(230, (index) => (index < 200 ? 50 : 54)))[0] as number;
  expect(first).toBeGreaterThanOrEqual(201);
  expect(first).toBeLessThan(206);
});

it('finds a drop, and a slow ramp', () => {
  expect(anomaliesIn(normals(230, (index) => (index < 200 ? 50 : 30)))[0]).toBe(200);
  const ramp = anomaliesIn(normals(260, (index) => (index < 200 ? 50 : 50 + 0.2 * (index - 200))))[0] as number;
  expect(ramp).toBeGreaterThan(205);
  expect(ramp).toBeLessThan(235);
});

it('finds nothing in 50,000 normal numbers', () => {
  expect(anomaliesIn(normals(50_000, () => 50))).toEqual([]);
});

it('takes a shift that stays for usual in the end, and finds the way back', () => {
  const found = anomaliesIn(normals(2500, (index) => (index >= 300 && index < 1500 ? 56 : 50)));
  expect(found).toContain(301);
  expect(found.filter((index) => index >= 800 && index < 1500)).toEqual([]);
  expect(found).toContain(1501);
  expect(found.filter((index) => index >= 2000)).toEqual([]);
});

it('finds the same anomaly again, however often it comes', () => {
  const isAnomaly = (index: number) => index >= 200 && index % 200 < 5;
  const found = anomaliesIn(normals(4000, (index) => (isAnomaly(index) ? 70 : 50)));
  for (let start = 200; start < 4000; start += 200) expect(found).toContain(start);
});

it('survives a constant series', () => {
  const constant = Array.from({ length: 100 }, () => 7);
  expect(anomaliesIn(constant)).toEqual([]);
  expect(anomaliesIn([...constant, 8])).toEqual([100]);
  expect(anomaliesIn(Array.from({ length: 100 }, () => 0))).toEqual([]);
});
