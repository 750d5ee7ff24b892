import { expect, it } from 'vitest';
import { countLate, countSkipped, newMetrics } from '../../../../streams/runtime/metrics.js';

it.each(['constructor', 'toString', '__proto__'])('a node and a reason named "%s" are counted as any other', (name) => {
  const metrics = newMetrics();
  for (let i = 0; i < 2; i++) {
    countSkipped(metrics, name, name);
    countLate(metrics, { node: name, dropped: true, latenessMs: 5, graceNeededMs: 7, windows: 1 });
    metrics.counted[name] = (metrics.counted[name] ?? 0) + 3;
  }
  expect(metrics.recordsSkipped).toBe(2);
  expect(Object.entries(metrics.skipped[name] ?? {})).toEqual([[name, 2]]);
  expect(metrics.late[name]).toEqual({ records: 2, dropped: 2, maxLatenessMs: 5, graceNeededMs: 7 });
  expect(Object.entries(metrics.counted)).toEqual([[name, 6]]);
});

it('reasons beyond the twentieth of a node are counted together', () => {
  const metrics = newMetrics();
  for (let i = 0; i < 50; i++) countSkipped(metrics, 'node', `reason ${i}`);
  const reasons = metrics.skipped.node ?? {};
  expect(Object.keys(reasons)).toHaveLength(21);
  expect(reasons['other reasons']).toBe(30);
});
