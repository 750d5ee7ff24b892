import { ArgumentError } from '../errors.js';
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

  /**
   * Windows of `size`, next to each other, which take records up to `grace` late: a window closes, and the rows of what it
   * held are forgotten, when the watermark has reached its end and the grace period after it. What comes later for it is
   * dropped, counted, and copied to the late topic.
   *
   * @throws ArgumentError when one is no duration, or the size is 0
   */
  static ofSizeAndGrace(size: Duration, grace: Duration): TimeWindows {
    const sizeMs = toMilliseconds(size, 'the size of a window');
    if (sizeMs === 0) throw new ArgumentError('the size of a window must be more than 0');
    return new TimeWindows(sizeMs, sizeMs, toMilliseconds(grace, 'the grace period'));
  }

  /**
   * Windows of `size`, next to each other, that close as soon as the watermark reaches their end: a record that is out of
   * order by a window is late for it.
   *
   * @throws ArgumentError when it is no duration, or 0
   */
  static ofSizeWithNoGrace(size: Duration): TimeWindows {
    return TimeWindows.ofSizeAndGrace(size, 0);
  }

  /**
   * Hopping windows: one starts every `advance`, so that a record counts in `size / advance` of them. The size and the
   * grace period stay as they are.
   *
   * @throws ArgumentError when it is not more than 0 and at most the size
   */
  advanceBy(advance: Duration): TimeWindows {
    const advanceMs = toMilliseconds(advance, 'the advance of a window');
    if (advanceMs === 0 || advanceMs > this.sizeMs) {
      throw new ArgumentError(
        `a window of ${this.sizeMs} ms must advance by more than 0 and at most its size, not ${advanceMs} ms`,
      );
    }
    return new TimeWindows(this.sizeMs, advanceMs, this.graceMs);
  }
}
