import { type LocalTime, UTC } from './local-time.js';

/** When something was far from usual, so that what comes again at the same distance in time is known for a habit. */
export interface RecurrenceState {
  /** Milliseconds since the epoch at which it began, the newest last. */
  readonly begins: number[];
  /** Until when it went on; null while it does not. */
  last: number | null;
  /** Whether what goes on now is one of a row. */
  isUsual: boolean;
}

export interface RecurrenceObservation {
  readonly time: number;
  readonly windowMs: number;
  readonly isFar: boolean;
}

const REMEMBERED = 40;
/** What comes so soon after the last is still the same, in windows. */
const PAUSE = 3;
/** As many times as this it must have come at the same distance before: fewer where the distance is one that clocks have. */
const MIN_BEFORE = 3;
const MINUTE_MS = 60_000;
const BY_CLOCK = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 1440, 10_080];
const MIN_PERIOD_MS = 55_000;
/** It takes a window or two, and more of a long one, until there is evidence. */
const TOLERANCE = 0.004;
const TOLERANCE_BY_CLOCK = 0.01;
const MAX_TOLERANCE_MS = 60_000;

export function initialRecurrence(): RecurrenceState {
  return { begins: [], last: null, isUsual: false };
}

/**
 * Whether what is far from usual now came at the same distance several times before: a job of every five minutes, a batch of every
 * hour, the opening of every day or week. The first times are no habit. `state` is changed in place.
 */
export function isRecurring(
  state: RecurrenceState,
  { isFar, time, windowMs }: RecurrenceObservation,
  localTime: LocalTime = UTC,
): boolean {
  const isOver = state.last === null || time > state.last + PAUSE * windowMs;
  if (isOver) state.isUsual = false;
  if (!isFar) return state.isUsual;
  if (isOver) {
    // A job of every night comes 23 hours after the last when clocks are changed.
    state.isUsual =
      hasPeriod(state.begins, time, windowMs) ||
      (localTime !== UTC && hasPeriod(state.begins.map(localTime), localTime(time), windowMs));
    state.begins.push(time);
    if (state.begins.length > REMEMBERED) state.begins.shift();
  }
  state.last = time;
  return state.isUsual;
}

function hasPeriod(begins: readonly number[], time: number, windowMs: number): boolean {
  return begins.some((begin) => {
    const period = time - begin;
    if (period < MIN_PERIOD_MS) return false;
    const tolerance = Math.min(MAX_TOLERANCE_MS, Math.max(windowMs, TOLERANCE * period));
    const byClock = Math.min(MAX_TOLERANCE_MS, Math.max(windowMs, TOLERANCE_BY_CLOCK * period));
    const minutes = BY_CLOCK.find((one) => Math.abs(period - one * MINUTE_MS) <= byClock);
    const came = (distance: number, off: number) => begins.some((other) => Math.abs(time - distance - other) <= off);
    if (minutes !== undefined && came(2 * minutes * MINUTE_MS, byClock)) return true;
    for (let n = 2; n <= MIN_BEFORE; n++) if (!came(n * period, tolerance)) return false;
    return true;
  });
}
