import { Cron } from 'croner';
import { NotifyError } from './notify-error.js';

/** Times that come again, such as a maintenance window: each begins by the clock of a place and lasts for a while. */
export interface ScheduleSpec {
  /** When it begins: minute, hour, day of the month, month, weekday, such as `0 2 * * SAT`. */
  readonly cron: string;
  readonly durationMs: number;
  /** IANA's name, such as `Europe/Berlin`; default UTC. */
  readonly timeZone: string;
}

export interface Schedule {
  isIn(time: number): boolean;
  /** The next begin after the time; undefined when there is none. */
  nextBegin(time: number): number | undefined;
  /** When it is next in or out, after the time. */
  nextChange(time: number): number | undefined;
}

const LONGEST_MS = 31 * 86_400_000;

/** @throws NotifyError NOTIFY_SCHEDULE */
export function scheduleOf({ cron, durationMs, timeZone }: ScheduleSpec): Schedule {
  if (!(durationMs > 0 && durationMs <= LONGEST_MS)) {
    throw new NotifyError('NOTIFY_SCHEDULE', `a schedule lasts for at most 31 days, and not ${durationMs} ms`);
  }
  let job: Cron;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    job = new Cron(cron, { timezone: timeZone, paused: true });
    if (cron.trim().split(/\s+/).length !== 5) throw new Error('it has five fields');
  } catch (cause) {
    throw new NotifyError(
      'NOTIFY_SCHEDULE',
      `the schedule "${cron}" in ${timeZone} cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
  const nextBegin = (time: number): number | undefined => job.nextRun(new Date(time))?.getTime();
  /** The last of those that have begun and go on. */
  const begun = (time: number): number | undefined => {
    let last: number | undefined;
    // A begin is after the given time, and croner counts in seconds.
    for (let at = nextBegin(time - durationMs); at !== undefined && at <= time; at = nextBegin(at)) last = at;
    return last;
  };
  return {
    isIn: (time) => {
      const first = nextBegin(time - durationMs);
      return first !== undefined && first <= time;
    },
    nextBegin,
    nextChange: (time) => {
      const last = begun(time);
      return last === undefined ? nextBegin(time) : last + durationMs;
    },
  };
}
