import ms from 'ms';

/** Milliseconds, or a text such as `'20s'`, `'5m'`, `'1h'`, `'250ms'`. */
export type Duration = number | string;

/** @throws RangeError when it is not a duration of whole milliseconds, zero or more */
export function toMilliseconds(duration: Duration, what: string): number {
  const milliseconds = typeof duration === 'number' ? duration : ms(duration as ms.StringValue);
  if (typeof milliseconds !== 'number' || !Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new RangeError(
      `${what} must be a duration such as 500, '500ms', '20s', '5m' or '1h', not ${JSON.stringify(duration)}`,
    );
  }
  return milliseconds;
}
