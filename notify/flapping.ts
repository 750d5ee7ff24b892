/** When an incident that comes and goes is one that goes on. */
export interface FlappingRule {
  /** So many changes between going on and being over, in the time. */
  readonly changes: number;
  readonly withinMs: number;
  /** Without a change for so long it is stable again. */
  readonly stableMs: number;
}

export const DEFAULT_FLAPPING: FlappingRule = { changes: 4, withinMs: 10 * 60_000, stableMs: 10 * 60_000 };

/** What is known of the changes of a scope; plain data. */
export interface Changes {
  /** Whether what was last heard of went on. */
  readonly goesOn: boolean;
  /** When it changed, the oldest first. */
  readonly times: readonly number[];
  readonly flapping: boolean;
  /** The incident that stands for all of them: while the scope flaps, and then until what goes on is over. */
  readonly as: string | null;
}

export const NO_CHANGES: Changes = { goesOn: false, times: [], flapping: false, as: null };

/** The changes with what was heard of an incident of the scope at a time. */
export function heard(known: Changes, incident: string, goesOn: boolean, now: number, rule: FlappingRule): Changes {
  const calm = settled(known, now, rule);
  if (goesOn === calm.goesOn) return calm;
  const times = [...calm.times.filter((time) => time > now - rule.withinMs), now].slice(-rule.changes);
  const flapping = calm.flapping || times.length >= rule.changes;
  return { goesOn, times, flapping, as: calm.as ?? (flapping ? incident : null) };
}

/** The changes as they are at the time: no longer flapping when they have been stable. */
export function settled(known: Changes, now: number, rule: FlappingRule): Changes {
  const at = stableAt(known, rule);
  if (at === undefined || now < at) return known;
  return { ...known, times: [], flapping: false, as: known.goesOn ? known.as : null };
}

/** When it will be stable unless it changes; undefined while it does not flap. */
export function stableAt({ flapping, times }: Changes, rule: FlappingRule): number | undefined {
  return flapping ? (times.at(-1) ?? 0) + rule.stableMs : undefined;
}
