import type { Labels } from './labels.js';
import { type Matcher, matchersOf, matchesAll } from './matchers.js';

/** While a source goes on, targets that agree with it in some labels are not told. */
export interface InhibitionSpec {
  readonly sourceMatchers: readonly string[];
  readonly targetMatchers: readonly string[];
  readonly equal: readonly string[];
}

export interface Inhibition {
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  readonly equal: readonly string[];
}

/** @throws NotifyError NOTIFY_MATCHER */
export function inhibitionOf({ equal, sourceMatchers, targetMatchers }: InhibitionSpec): Inhibition {
  return { source: matchersOf(sourceMatchers), target: matchersOf(targetMatchers), equal };
}

/**
 * Whether one of those that go on keeps the target from being told. As in Alertmanager, what matches both sides of a rule
 * is not inhibited by another that does, and so not by itself.
 */
export function isInhibited(rules: readonly Inhibition[], target: Labels, goingOn: readonly Labels[]): boolean {
  for (const rule of rules) {
    if (!matchesAll(rule.target, target)) continue;
    const isOnBothSides = matchesAll(rule.source, target);
    for (const source of goingOn) {
      if (!matchesAll(rule.source, source)) continue;
      if (isOnBothSides && matchesAll(rule.target, source)) continue;
      if (rule.equal.every((label) => agree(source[label] ?? [], target[label] ?? []))) return true;
    }
  }
  return false;
}

/** Labels that both lack are equal; of several values one in common is enough. */
function agree(some: readonly string[], others: readonly string[]): boolean {
  return (some.length === 0 && others.length === 0) || some.some((one) => others.includes(one));
}
