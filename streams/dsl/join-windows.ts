import { ArgumentError } from '../errors.js';
import { type Duration, toMilliseconds } from './duration.js';

/**
 * How far apart in time two records may be to be joined, in milliseconds, both bounds included: a record of the other stream
 * may be up to `before` earlier or up to `after` later than one of this stream.
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
   * Joins records that are at most `difference` apart, each of which may come up to `grace` late. In a left or outer join the
   * result of a record without a partner is sent when the watermark is past the last time at which a partner could come.
   *
   * @throws ArgumentError when one is no duration
   */
  static ofTimeDifferenceAndGrace(difference: Duration, grace: Duration): JoinWindows {
    const differenceMs = toMilliseconds(difference, 'the time difference of a join');
    return new JoinWindows(differenceMs, differenceMs, toMilliseconds(grace, 'the grace period'));
  }

  /** Joins records that are at most `difference` apart and come in time. @throws ArgumentError when it is no duration */
  static ofTimeDifferenceWithNoGrace(difference: Duration): JoinWindows {
    return JoinWindows.ofTimeDifferenceAndGrace(difference, 0);
  }

  /**
   * How far the other stream's record may be before this one's: milliseconds, which may be negative, or a duration.
   *
   * @throws ArgumentError when the window would begin after its end
   */
  before(difference: Duration): JoinWindows {
    return new JoinWindows(offset(difference), this.afterMs, this.graceMs).#checked();
  }

  /**
   * How far the other stream's record may be after this one's: milliseconds, which may be negative, or a duration.
   *
   * @throws ArgumentError when the window would end before it begins
   */
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
