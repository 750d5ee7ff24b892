import { type Duration, toMilliseconds } from './duration.js';

/**
 * Windows around records: two records of a key are in one window if they are at most the time difference apart. A window ends
 * at each record, and one begins right behind each that others follow (KIP-450); both bounds are included.
 *
 * @example SlidingWindows.ofTimeDifferenceAndGrace('5m', '10s')
 */
export class SlidingWindows {
  private constructor(
    readonly timeDifferenceMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Windows of `difference` that take records up to `grace` late: a window closes when the watermark is past its end by more
   * than the grace period. A record that comes later for all of its windows is dropped, counted, and copied to the late topic.
   *
   * @throws ArgumentError when one is no duration
   */
  static ofTimeDifferenceAndGrace(difference: Duration, grace: Duration): SlidingWindows {
    const differenceMs = toMilliseconds(difference, 'the time difference of sliding windows');
    return new SlidingWindows(differenceMs, toMilliseconds(grace, 'the grace period'));
  }

  /** Windows that close as soon as the watermark is past their end. @throws ArgumentError when it is no duration */
  static ofTimeDifferenceWithNoGrace(difference: Duration): SlidingWindows {
    return SlidingWindows.ofTimeDifferenceAndGrace(difference, 0);
  }
}
