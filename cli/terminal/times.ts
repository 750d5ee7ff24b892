import ms from 'ms';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

export function timeText(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** Without the day, where there is no room for it. */
export function clockText(time: number): string {
  return timeText(time).slice('2026-01-31T'.length);
}

/** About how long: `3 minutes`. */
export function aboutHowLong(milliseconds: number): string {
  return ms(milliseconds, { long: true });
}

/** The least whole number of seconds, minutes or hours that is so long, as options take it: `20s`, `3m`. */
export function roundedUp(milliseconds: number): string {
  if (milliseconds < 2 * MINUTE) return `${Math.max(1, Math.ceil(milliseconds / SECOND))}s`;
  if (milliseconds < 2 * HOUR) return `${Math.ceil(milliseconds / MINUTE)}m`;
  return `${Math.ceil(milliseconds / HOUR)}h`;
}
