import { onClock } from './time-zone.js';

/** Numbers and times in words: comma for thousands, a unit after a small space, times of day in the zone that is chosen. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** As exact as is of use: 0.63, 4.1, 46.2, 414, 1,194. */
export function number(value: number): string {
  return withDigits(value, digitsOf(value));
}

/** Of what is measured, alike exact whether or not it happens to be whole: 4.0 beside 4.2. */
export function measured(value: number): string {
  const size = Math.abs(value);
  return withDigits(value, size < 1 ? 2 : size < 100 ? 1 : 0);
}

/** From one number to another, both as exact as the greater one: 68 to 350. */
export function numbers(low: number, high: number): string {
  const digits = digitsOf(Math.abs(low) > Math.abs(high) ? low : high);
  return `${withDigits(low, digits)} to ${withDigits(high, digits)}`;
}

function digitsOf(value: number): number {
  const size = Math.abs(value);
  return size === 0 || Number.isInteger(value) ? 0 : size < 1 ? 2 : size < 100 ? 1 : 0;
}

function withDigits(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const whole = (value: number): string => WHOLE.format(value);

/** A share from 0 to 1 as per cent, without the sign. */
export const percent = (share: number, digits = 1): string => (share === 0 ? '0' : (share * 100).toFixed(digits));

/** A share from 0 to 1 with its sign, with no more digits than it needs: on an axis 50 %, 12.5 % and 0.04 %. */
export function share(value: number): string {
  const hundredths = value * 100;
  return `${Number(hundredths.toFixed(Math.abs(hundredths) < 0.1 ? 2 : 1))} %`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

export function bytes(value: number): { readonly value: string; readonly unit: string } {
  let left = value;
  let unit = 0;
  while (left >= 1000 && unit < UNITS.length - 1) {
    left /= 1000;
    unit++;
  }
  return { value: number(left), unit: UNITS[unit] ?? 'B' };
}

export const timeOfDay = (time: number): string => onClock(time).toISOString().slice(11, 19);

export const timeOfDayMs = (time: number): string => onClock(time).toISOString().slice(11, 23);

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Such as 27 Nov, with the year where it is another one than that of `now`. */
export function day(time: number, now = Date.now()): string {
  const date = onClock(time);
  const year = date.getUTCFullYear();
  const isThisYear = year === onClock(now).getUTCFullYear();
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}${isThisYear ? '' : ` ${year}`}`;
}

export const isOfDay = (time: number, now = Date.now()): boolean => day(time, now) === day(now, now);

/** The time, with the day where it is another one than that of `now`; then to the minute. */
export function when(time: number, now = Date.now()): string {
  return isOfDay(time, now) ? timeOfDay(time) : `${day(time, now)} ${timeOfDay(time).slice(0, 5)}`;
}

/** The same, always to the second. */
export function whenToSecond(time: number, now = Date.now()): string {
  return isOfDay(time, now) ? timeOfDay(time) : `${day(time, now)} ${timeOfDay(time)}`;
}

/** The same, to the millisecond. */
export function whenToMs(time: number, now = Date.now()): string {
  return isOfDay(time, now) ? timeOfDayMs(time) : `${day(time, now)} ${timeOfDayMs(time)}`;
}

/** Such as 6 min 55 s; two units at most. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

export function count(value: number, one: string, more = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : more}`;
}

const LISTED = new Intl.ListFormat('en-GB');

/** a, b and c. */
export function list(words: readonly string[]): string {
  return LISTED.format(words);
}
