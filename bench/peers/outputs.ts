import type { ReferenceResults } from '../../test/reference/goals.js';
import type { GoalConfig } from '../../topology/goals/goal-config.js';

/** Means are sums of doubles in another order: they may differ in the last digits. */
const MEAN_TOLERANCE = 1e-9;

export type GoalResults = Readonly<Record<'goal1' | 'goal2' | 'goal3' | 'goal4', ReferenceResults>>;

/** How the results of a goal compare with a plain computation: the last one of each key and window. */
export interface Comparison {
  readonly expected: number;
  readonly missing: number;
  /** With another count or mean. */
  readonly different: number;
  /** Of windows that should have none. */
  readonly unexpected: number;
  /** How many were sent, updates of one window too. */
  readonly records: number;
}

/** How the results of the goals that were run compare with those that a plain computation finds. */
export function compareGoals(
  goals: GoalConfig['goals'],
  actual: GoalResults & { readonly records: Readonly<Record<1 | 2 | 3 | 4, number>> },
  expected: GoalResults,
): Record<string, Comparison> {
  return Object.fromEntries(
    goals.map((goal) => [`goal${goal}`, compare(actual[`goal${goal}`], expected[`goal${goal}`], actual.records[goal])]),
  );
}

function compare(actual: ReferenceResults, expected: ReferenceResults, records: number): Comparison {
  let [missing, different] = [0, 0];
  for (const [id, { avg_request_time: mean = 0, count }] of expected) {
    const found = actual.get(id);
    if (found === undefined) missing++;
    else if (found.count !== count || Math.abs((found.avg_request_time ?? 0) - mean) > MEAN_TOLERANCE) different++;
  }
  const unexpected = [...actual.keys()].filter((id) => !expected.has(id)).length;
  return { expected: expected.size, missing, different, unexpected, records };
}

/** The share of windows that are not as they should be: from 0 to 1. */
export function lost(comparisons: Readonly<Record<string, Comparison>>): number {
  let [wrong, expected] = [0, 0];
  for (const goal of Object.values(comparisons)) {
    wrong += goal.missing + goal.different + goal.unexpected;
    expected += goal.expected;
  }
  return wrong / Math.max(1, expected);
}
