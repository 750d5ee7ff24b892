import { ArgumentError } from '../errors.js';
import { type Duration, toMilliseconds } from './duration.js';

/**
 * How far apart in time two records may be that are joined, both bounds included: a record of the other stream may be
 * `before` or `after` a record of this one.
 *
 * @example JoinWindows.ofTimeDifferenceAndGrace('5m', '10s').before(0)
 */
export class JoinWindows {
  private constructor(
    readonly beforeMs: number,
    readonly afterMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Records that are at most `difference` apart, of which each may come up to `grace` late. Where a result with null is due, it
   * is sent when the watermark is past the last time at which a partner would be in time.
   *
   * @throws ArgumentError when one is no duration
   */
  static ofTimeDifferenceAndGrace(difference: Duration, grace: Duration): JoinWindows {
    const differenceMs = toMilliseconds(difference, 'the time difference of a join');
    return new JoinWindows(differenceMs, differenceMs, toMilliseconds(grace, 'the grace period'));
  }

  /** Records that are at most `difference` apart and come in time. @throws ArgumentError when it is no duration */
  static ofTimeDifferenceWithNoGrace(difference: Duration): JoinWindows {
    return JoinWindows.ofTimeDifferenceAndGrace(difference, 0);
  }

  /**
   * How far the other stream's record may be before this one's: milliseconds, which may be negative, or a duration.
   *
   * @throws ArgumentError when it would end after `after`
   */
  before(difference: Duration): JoinWindows {
    return new JoinWindows(offset(difference), this.afterMs, this.graceMs).#checked();
  }

  /** How far the other stream's record may be after this one's; else as `before`. */
  after(difference: Duration): JoinWindows {
    return new JoinWindows(this.beforeMs, offset(difference), this.graceMs).#checked();
  }

  #checked(): JoinWindows {
    if (this.beforeMs + this.afterMs >= 0) return this;
    throw new ArgumentError(
      `a join window from ${this.beforeMs} ms before to ${this.afterMs} ms after a record ends before it begins`,
    );
  }
}

function offset(difference: Duration): number {
  const isNegative = typeof difference === 'number' && difference < 0;
  const milliseconds = toMilliseconds(isNegative ? -difference : difference, 'the time difference of a join');
  return isNegative ? -milliseconds : milliseconds;
}
