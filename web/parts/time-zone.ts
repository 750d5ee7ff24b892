import { useSyncExternalStore } from 'react';

/** The zone of all times that are shown: UTC, or that of the browser. */
type TimeZone = 'UTC' | 'local';

const KEY = 'millrace.time-zone';
const listeners = new Set<() => void>();
let chosen: TimeZone = globalThis.localStorage?.getItem(KEY) === 'local' ? 'local' : 'UTC';

const timeZone = (): TimeZone => chosen;

export function chooseTimeZone(next: TimeZone): void {
  chosen = next;
  if (next === 'UTC') globalThis.localStorage?.removeItem(KEY);
  else globalThis.localStorage?.setItem(KEY, next);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTimeZone = (): TimeZone => useSyncExternalStore(subscribe, timeZone);

/** As the browser calls its own, such as Europe/Zurich. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What a clock of the zone shows: a date whose parts in UTC are those of the zone. */
export function onClock(time: number): Date {
  const date = new Date(time);
  return chosen === 'UTC' ? date : new Date(time - date.getTimezoneOffset() * 60_000);
}

/** The instant when a clock of the zone shows that, both in milliseconds; of an hour that comes twice, the first. */
export function instantOnClock(shown: number): number {
  if (chosen === 'UTC') return shown;
  const date = new Date(shown);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return new Date(year, month, day, 0, 0, 0, 0).setHours(
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  );
}
