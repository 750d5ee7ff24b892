import { expect } from 'vitest';
import type { ReferenceResults, referenceGoals } from './goals.js';

type Goals = ReturnType<typeof referenceGoals>;

function counts(results: ReferenceResults): Record<string, number> {
  return Object.fromEntries([...results].map(([key, { count }]) => [key, count] as const).sort());
}

export function expectSameGoals(actual: Goals, expected: Goals): void {
  for (const goal of ['goal1', 'goal2', 'goal3', 'goal4'] as const) {
    expect(counts(actual[goal]), goal).toEqual(counts(expected[goal]));
  }
  // Means are sums of doubles in another order: they may differ in the last digits.
  for (const [key, { avg_request_time }] of expected.goal4) {
    expect(actual.goal4.get(key)?.avg_request_time).toBeCloseTo(avg_request_time ?? 0, 9);
  }
}
