import { expect } from 'vitest';
import type { ReferenceResults, referenceGoals } from './goals.js';

type Goals = ReturnType<typeof referenceGoals>;

/** Means are sums of doubles in another order: they may differ in the last digits. */
function rounded(results: ReferenceResults): Record<string, string> {
  const entries = [...results].map(([key, { avg_request_time, count }]) => [
    key,
    avg_request_time === undefined ? String(count) : `${count} ${avg_request_time.toPrecision(9)}`,
  ]);
  return Object.fromEntries(entries.sort());
}

export function expectSameGoals(actual: Goals, expected: Goals): void {
  for (const goal of ['goal1', 'goal2', 'goal3', 'goal4'] as const) {
    expect(rounded(actual[goal]), goal).toEqual(rounded(expected[goal]));
  }
}
