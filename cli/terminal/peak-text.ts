import type { Peak } from '../../app/results/goal-results.js';
import { number } from './quantities.js';
import { SafeText, safe } from './safe-text.js';
import { clockText, timeText } from './times.js';
import { cut, widthOf } from './width.js';

/** What the count of a goal's result counts. */
const COUNTED = {
  1: ['request', 'requests'],
  2: ['response of status 4xx', 'responses of status 4xx'],
  3: ['success', 'successes'],
  4: ['request', 'requests'],
} as const;

/** An entity and the most that it reached, in a line: `203.0.113.5 20 requests from 2026-01-31T10:05:00Z`. */
export function peakText(goal: 1 | 2 | 3 | 4, peak: Peak): SafeText {
  return safe`${peak.entity} ${figures(goal, peak)} from ${timeText(peak.windowStart)}`;
}

/** The same, as much of it as fits; the figures stay where the entity must be cut off. */
export function peakWithin(goal: 1 | 2 | 3 | 4, peak: Peak, columns: number): SafeText {
  const { count, entity, mean, windowStart } = peak;
  const least = mean === undefined ? number(count) : `${mean.toFixed(3)} s`;
  const forms = [
    safe`${entity} ${figures(goal, peak)} from ${timeText(windowStart)}`,
    safe`${entity} ${figures(goal, peak)}, ${clockText(windowStart)}`,
    safe`${entity} ${figures(goal, peak)}`,
    safe`${entity} ${least}`,
  ];
  const rest = safe` ${least}`;
  return (
    forms.find((form) => widthOf(form) <= columns) ??
    safe`${cut(SafeText.of(entity), Math.max(1, columns - widthOf(rest)))}${rest}`
  );
}

function figures(goal: 1 | 2 | 3 | 4, { count, mean }: Peak): string {
  const [one, many] = COUNTED[goal];
  const counted = `${number(count)} ${count === 1 ? one : many}`;
  return mean === undefined ? counted : `${mean.toFixed(3)} s over ${counted}`;
}
