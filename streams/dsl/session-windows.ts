import { ArgumentError } from '../errors.js';
import { type Duration, toMilliseconds } from './duration.js';

/**
 * Windows of activity: a session of a key holds its records that are at most the inactivity gap apart, from the first to
 * the last, both included. A record that lies between two sessions, or near enough to both, makes them one.
 *
 * @example SessionWindows.ofInactivityGapAndGrace('30m', '1m')
 */
export class SessionWindows {
  private constructor(
    readonly gapMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Sessions that end after `gap` without a record of their key, and take records up to `grace` late: a session closes when
   * the watermark is past its end by more than the gap and the grace period. A record that comes later, and joins no open
   * session, is dropped, counted, and copied to the late topic.
   *
   * @throws ArgumentError when one is no duration, or the gap is 0
   */
  static ofInactivityGapAndGrace(gap: Duration, grace: Duration): SessionWindows {
    const gapMs = toMilliseconds(gap, 'the inactivity gap of sessions');
    if (gapMs === 0) throw new ArgumentError('the inactivity gap of sessions must be more than 0');
    return new SessionWindows(gapMs, toMilliseconds(grace, 'the grace period'));
  }

  /**
   * Sessions that close as soon as the watermark is past their end by more than `gap`.
   *
   * @throws ArgumentError when it is no duration, or 0
   */
  static ofInactivityGapWithNoGrace(gap: Duration): SessionWindows {
    return SessionWindows.ofInactivityGapAndGrace(gap, 0);
  }
}
