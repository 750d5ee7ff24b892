import { type LocalTime, UTC } from './local-time.js';

/** When something was far from usual, so that what comes again at the same distance in time is known for a habit. */
export interface RecurrenceState {
  /** Milliseconds since the epoch at which it began, the newest last. */
  readonly begins: number[];
  /** How many times as far as was to be expected it went each time, the newest last; fewer than `begins`, or none, where that was not noted. */
  factors?: number[];
  /** Until when it went on; null while it does not. */
  last: number | null;
  /** Whether what goes on now is one of a row. */
  isUsual: boolean;
}

export interface RecurrenceObservation {
  readonly time: number;
  readonly windowMs: number;
  readonly isFar: boolean;
  /** How many times as far as the bound of what is usual it goes: over 1, or 0. */
  readonly excess: number;
  /** Whether it is what a job does, more events or slower responses. Failures are usual only where they come each day or week. */
  readonly isWork?: boolean;
}

const REMEMBERED = 40;
/** What comes so soon after the last is still the same, in windows. */
const PAUSE = 3;
/** As many times as this it must have come at even distances before: fewer where the distance is one that clocks have. */
const MIN_BEFORE = 3;
const MINUTE_MS = 60_000;
const BY_DAY = [1440, 10_080];
const BY_CLOCK = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, ...BY_DAY];
const MIN_PERIOD_MS = 55_000;
/** What begins within two windows after a multiple of five minutes has begun at a round time. */
const ROUND_MS = 5 * MINUTE_MS;
const ROUND_WINDOWS = 2;
/** It takes a window or two, and more of a long one, until there is evidence. */
const TOLERANCE_BY_CLOCK = 0.01;
const MAX_TOLERANCE_MS = 60_000;
/** So far a begin may be from even distances: in windows, or as a share of a long distance. */
const TOLERANCE_WINDOWS = 1.5;
const TOLERANCE = 0.001;
const MAX_TOLERANCE_WINDOWS = 3;
/** In tolerances: what is twice as far away as what was seen is expected with twice its error, and has its own. */
const SEARCHED = 3;
/** What goes so many times as far as it mostly did is none of a row: an outage at the time of a job. */
const GRAVER = 2;
/** Of what came once: it may have gone less far by chance, or been expected less exactly. */
const GRAVER_THAN_ONE = 3;

export function initialRecurrence(): RecurrenceState {
  return { begins: [], last: null, isUsual: false };
}

/**
 * Whether what is far from usual now came at the same distance several times before: a job of every five minutes, a batch of every
 * hour or of every 437 s, the opening of every day or week. The first times are no habit, and what goes much further than before is
 * none. `state` is changed in place.
 */
export function isRecurring(
  state: RecurrenceState,
  { excess, isFar, isWork = false, time, windowMs }: RecurrenceObservation,
  localTime: LocalTime = UTC,
): boolean {
  const isOver = state.last === null || time > state.last + PAUSE * windowMs;
  if (isOver) state.isUsual = false;
  if (!isFar) return state.isUsual;
  state.factors ??= [];
  if (isOver) {
    const isHabit = (begins: readonly number[], now: number) =>
      isWork
        ? isByClock(begins, now, windowMs, BY_CLOCK) || isEven(begins, now, windowMs)
        : isByClock(begins, now, windowMs, BY_DAY);
    // A job of every night comes 23 hours after the last when clocks are changed.
    state.isUsual =
      isHabit(state.begins, time) ||
      (isWork && cameAtRoundTime(state.begins, time, windowMs)) ||
      (localTime !== UTC && isHabit(state.begins.map(localTime), localTime(time)));
    pushed(state.begins, time);
    pushed(state.factors, 0);
  }
  state.last = time;
  // What was found by the sum of many windows went nowhere in each.
  const before = state.factors.slice(0, -1).filter((one) => one > 0);
  state.factors.push(Math.max(excess, state.factors.pop() ?? 0));
  const graver = before.length > 1 ? GRAVER : GRAVER_THAN_ONE;
  if (excess > graver * medianOf(before)) state.isUsual = false;
  return state.isUsual;
}

function pushed(list: number[], value: number): void {
  list.push(value);
  if (list.length > REMEMBERED) list.shift();
}

/** The greater of the two in the middle; infinite of none. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.POSITIVE_INFINITY;
}

/** Once before, at a distance that clocks have, and both times when a clock would start it: few faults begin so. */
function cameAtRoundTime(begins: readonly number[], time: number, windowMs: number): boolean {
  const isRound = (begin: number) => begin % ROUND_MS <= ROUND_WINDOWS * windowMs;
  return (
    isRound(time) &&
    begins.some(
      (begin) =>
        isRound(begin) &&
        BY_CLOCK.some(
          (one) => one * MINUTE_MS > ROUND_MS && Math.abs(time - begin - one * MINUTE_MS) <= ROUND_WINDOWS * windowMs,
        ),
    )
  );
}

/** Twice before at a distance that clocks have. */
function isByClock(begins: readonly number[], time: number, windowMs: number, periods: readonly number[]): boolean {
  return periods.some((minutes) => {
    const period = minutes * MINUTE_MS;
    const tolerance = Math.min(MAX_TOLERANCE_MS, Math.max(windowMs, TOLERANCE_BY_CLOCK * period));
    return [1, 2].every((n) => Math.abs(nearest(begins, time - n * period) + n * period - time) <= tolerance);
  });
}

/**
 * Whether this and some begins before it, one after the other or every other, are at even distances, whatever these are: none is
 * further from the line through all of them (least squares) than it takes until there is evidence.
 */
function isEven(begins: readonly number[], time: number, windowMs: number): boolean {
  return begins.some((begin) => {
    let period = time - begin;
    if (period < MIN_PERIOD_MS) return false;
    const tolerance = Math.min(
      MAX_TOLERANCE_WINDOWS * windowMs,
      Math.max(TOLERANCE_WINDOWS * windowMs, TOLERANCE * period),
    );
    const row = [time, begin];
    for (let n = 2; n <= MIN_BEFORE; n++) {
      // The distance is known the better the more there are.
      const other = nearest(begins, time - n * period);
      if (Math.abs(time - n * period - other) > SEARCHED * tolerance) return false;
      row.push(other);
      period = (time - other) / n;
    }
    return farthestFromLine(row) <= tolerance;
  });
}

/** Infinitely far away where there is none. */
function nearest(begins: readonly number[], time: number): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const begin of begins) if (Math.abs(begin - time) < Math.abs(found - time)) found = begin;
  return found;
}

/** The largest residual of the line through values at 0, 1, 2, … */
function farthestFromLine(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, _value, n) => sum + (n - middle) ** 2, 0);
  const slope = values.reduce((sum, value, n) => sum + (n - middle) * (value - mean), 0) / squares;
  return Math.max(...values.map((value, n) => Math.abs(value - mean - slope * (n - middle))));
}
