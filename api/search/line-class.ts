import type { Fields } from './log-query.js';

/** What lines are told apart by in a histogram. */
export function classOf({ is_anomaly: isAnomaly, level, status }: Fields): string {
  if (typeof level === 'string') return level;
  if (typeof status === 'number') return `${Math.floor(status / 100)}xx`;
  return isAnomaly === true ? 'anomaly' : 'other';
}
