import type { Severity } from '../schemas/records.js';

/** Whether, and as what, a group is told; the words of Alertmanager's log of notifications. */
export type Reason = 'opened' | 'worse' | 'resolved' | 'repeated';

/** What a channel was last told of a group; plain data. */
export interface LastTold {
  /** By incident, its severity when it was told. */
  readonly firing: Readonly<Record<string, Severity>>;
  readonly resolved: readonly string[];
  readonly time: number;
}

/** A member of a group at the time that it is looked at. */
export interface Member {
  readonly id: string;
  readonly firing: boolean;
  readonly severity: Severity;
}

const GRAVITY: readonly Severity[] = ['info', 'warning', 'critical'];

export function gravityOf(severity: Severity): number {
  return GRAVITY.indexOf(severity);
}

/**
 * Alertmanager's decision (its DedupStage), and why: something new goes on, or is worse than was told; nothing goes on any
 * more of what was told; something more is over; or nothing has changed for as long as the repeat interval.
 *
 * @returns undefined: nothing is told
 */
export function reasonToTell(
  last: LastTold | undefined,
  members: readonly Member[],
  options: { readonly tellsResolved: boolean; readonly repeatIntervalMs: number; readonly now: number },
): Reason | undefined {
  const firing = members.filter((member) => member.firing);
  const resolved = members.filter((member) => !member.firing);
  if (last === undefined) return firing.length > 0 ? 'opened' : undefined;
  if (firing.some(({ id }) => last.firing[id] === undefined)) return 'opened';
  if (firing.some(({ id, severity }) => gravityOf(severity) > gravityOf(last.firing[id] ?? severity))) return 'worse';
  // What was told as going on is settled, even where its end is not told: it opens anew the next time.
  if (firing.length === 0) return Object.keys(last.firing).length > 0 ? 'resolved' : undefined;
  if (options.tellsResolved && resolved.some(({ id }) => !last.resolved.includes(id))) return 'resolved';
  return last.time < options.now - options.repeatIntervalMs ? 'repeated' : undefined;
}

export function toldNow(members: readonly Member[], now: number): LastTold {
  const firing = members.filter((member) => member.firing).map(({ id, severity }) => [id, severity] as const);
  return {
    firing: Object.fromEntries(firing),
    resolved: members.filter((member) => !member.firing).map(({ id }) => id),
    time: now,
  };
}
