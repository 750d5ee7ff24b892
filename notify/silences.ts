import type { Labels } from './labels.js';
import { type Matcher, matchersOf, matchesAll } from './matchers.js';
import { type Schedule, type ScheduleSpec, scheduleOf } from './schedules.js';

/** What is not told: incidents that all matchers match, from its begin to its end, and in its schedule if it has one. */
export interface SilenceSpec {
  readonly id: string;
  readonly matchers: readonly string[];
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Null: until it is deleted. */
  readonly until: number | null;
  readonly schedule: ScheduleSpec | null;
  readonly reason: string;
  readonly by: string;
}

export interface Silence {
  readonly spec: SilenceSpec;
  readonly matchers: readonly Matcher[];
  stateAt(time: number): 'pending' | 'active' | 'waiting' | 'expired';
  mutes(labels: Labels, time: number): boolean;
}

/** @throws NotifyError NOTIFY_MATCHER, NOTIFY_SCHEDULE */
export function silenceOf(spec: SilenceSpec): Silence {
  const matchers = matchersOf(spec.matchers);
  const schedule: Schedule | undefined = spec.schedule === null ? undefined : scheduleOf(spec.schedule);
  const stateAt = (time: number) => {
    if (spec.until !== null && time >= spec.until) return 'expired' as const;
    if (time < spec.from) return 'pending' as const;
    return schedule === undefined || schedule.isIn(time) ? ('active' as const) : ('waiting' as const);
  };
  return {
    spec,
    matchers,
    stateAt,
    mutes: (labels, time) => stateAt(time) === 'active' && matchesAll(matchers, labels),
  };
}

/** Of these incidents, those that the silence would keep from being told while it is active. */
export function mutedBy<Item extends { readonly labels: Labels }>(
  { matchers }: Silence,
  items: readonly Item[],
): readonly Item[] {
  return items.filter(({ labels }) => matchesAll(matchers, labels));
}
