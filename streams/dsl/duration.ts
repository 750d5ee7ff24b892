import ms from 'ms';
import { ArgumentError } from '../errors.js';

type Unit =
  | 'ms'
  | 'msec'
  | 'msecs'
  | 'millisecond'
  | 'milliseconds'
  | 's'
  | 'sec'
  | 'secs'
  | 'second'
  | 'seconds'
  | 'm'
  | 'min'
  | 'mins'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hr'
  | 'hrs'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'w'
  | 'week'
  | 'weeks'
  | 'y'
  | 'yr'
  | 'yrs'
  | 'year'
  | 'years';

/** Milliseconds, or a text such as `'20s'`, `'5m'`, `'1h'`, `'250ms'`. A text of a file or a flag: see `toMilliseconds`. */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`;

/**
 * Turns a duration into milliseconds; it takes any text, so that what a user has typed can be given.
 *
 * @param what is named by the error, such as `the size of a window`
 * @throws ArgumentError when it is not a duration of whole milliseconds, zero or more
 */
export function toMilliseconds(duration: number | string, what: string): number {
  const milliseconds = typeof duration === 'number' ? duration : ms(duration as ms.StringValue);
  if (typeof milliseconds !== 'number' || !Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new ArgumentError(
      `${what} must be a duration such as 500, '500ms', '20s', '5m' or '1h', not ${JSON.stringify(duration)}`,
    );
  }
  return milliseconds;
}
