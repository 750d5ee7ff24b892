import { ArgumentError } from '../../errors.js';
import type { Cancellable, PunctuationType, Punctuator } from '../../topology/processor.js';

interface Schedule {
  readonly intervalMs: number;
  readonly punctuator: Punctuator;
  next: number;
  cancelled: boolean;
}

/**
 * A task's punctuators of one type. Under stream time the first call comes with the first record, and calls are aligned
 * to the epoch; under wall-clock time the first comes after one interval, by a clock that is never set back. Intervals that were missed give one call.
 */
export class Punctuations {
  #schedules: Schedule[] = [];
  /** When the next call is due; Infinity when nothing is scheduled. */
  nextAt = Number.POSITIVE_INFINITY;

  constructor(readonly type: PunctuationType) {}

  schedule(intervalMs: number, punctuator: Punctuator, now: number): Cancellable {
    if (!(intervalMs > 0)) throw new ArgumentError(`a punctuation interval must be positive, not ${intervalMs}`);
    const next = this.type === 'stream-time' ? 0 : now + intervalMs;
    const schedule: Schedule = { intervalMs, punctuator, next, cancelled: false };
    this.#schedules.push(schedule);
    this.nextAt = Math.min(this.nextAt, next);
    return {
      cancel: () => {
        schedule.cancelled = true;
      },
    };
  }

  /** @param timestamp what punctuators receive: the wall clock's time, where `now` is that of another clock */
  async punctuate(now: number, timestamp: number): Promise<void> {
    for (const schedule of this.#schedules) {
      if (schedule.cancelled || now < schedule.next) continue;
      const missed = Math.floor((now - schedule.next) / schedule.intervalMs);
      schedule.next += (missed + 1) * schedule.intervalMs;
      await schedule.punctuator(timestamp);
    }
    if (this.#schedules.some(({ cancelled }) => cancelled)) {
      this.#schedules = this.#schedules.filter(({ cancelled }) => !cancelled);
    }
    this.nextAt = Number.POSITIVE_INFINITY;
    for (const schedule of this.#schedules) {
      if (!schedule.cancelled) this.nextAt = Math.min(this.nextAt, schedule.next);
    }
  }
}
