import { MillraceError } from '../errors.js';

/**
 * The last time that a record can have: the end of the year 9999, as far as RFC 3339 can write. Microseconds and nanoseconds
 * since 1970, taken for milliseconds, are beyond it, and every window and slice of a time up to it has a safe number.
 */
export const MAX_TIMESTAMP = 253_402_300_799_999;

/** Whether a record can have this time: whole milliseconds since 1970, up to the end of the year 9999. */
export function isTimestamp(time: unknown): time is number {
  return Number.isInteger(time) && (time as number) >= 0 && (time as number) <= MAX_TIMESTAMP;
}

/** A record's time that is no time, or that is not believed. */
export class TimestampError extends MillraceError<'NOT_A_TIME' | 'TIME_AHEAD'> {}

/** The time of a record in whole milliseconds; fractions are cut off. @throws TimestampError */
export function toTimestamp(time: unknown): number {
  // Without the sign of -0.
  const whole = typeof time === 'number' ? Math.floor(time) + 0 : Number.NaN;
  if (isTimestamp(whole)) return whole;
  const what = typeof time === 'number' ? String(time) : time === null ? 'null' : `a ${typeof time}`;
  throw new TimestampError(
    'NOT_A_TIME',
    `its timestamp, ${what}, is not a time: milliseconds since 1970, up to the year 9999`,
  );
}
