import { type Duration, toMilliseconds } from './duration.js';

/**
 * Windows of one size, aligned to the epoch: tumbling, or hopping when they advance by less than their size. A window
 * holds the records of [start, end).
 *
 * @example TimeWindows.ofSizeAndGrace('20s', '5s').advanceBy('1s')
 */
export class TimeWindows {
  private constructor(
    readonly sizeMs: number,
    readonly advanceMs: number,
    readonly graceMs: number,
  ) {}

  /** Records up to `grace` late still count. */
  static ofSizeAndGrace(size: Duration, grace: Duration): TimeWindows {
    const sizeMs = toMilliseconds(size, 'the size of a window');
    if (sizeMs === 0) throw new RangeError('the size of a window must be more than 0');
    return new TimeWindows(sizeMs, sizeMs, toMilliseconds(grace, 'the grace period'));
  }

  static ofSizeWithNoGrace(size: Duration): TimeWindows {
    return TimeWindows.ofSizeAndGrace(size, 0);
  }

  advanceBy(advance: Duration): TimeWindows {
    const advanceMs = toMilliseconds(advance, 'the advance of a window');
    if (advanceMs === 0 || advanceMs > this.sizeMs) {
      throw new RangeError(
        `a window of ${this.sizeMs} ms must advance by more than 0 and at most its size, not ${advanceMs} ms`,
      );
    }
    return new TimeWindows(this.sizeMs, advanceMs, this.graceMs);
  }
}
