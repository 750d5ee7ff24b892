import { type LocalTime, UTC } from './local-time.js';

/** When something was far from usual, so that what comes again at the same distance in time is known for a habit. */
export interface RecurrenceState {
  /** Milliseconds since the epoch at which it began, the newest last. */
  readonly begins: number[];
  /** How far it went each time, the newest last; fewer than `begins`, or none, where that was not noted. */
  farthest?: number[];
  /** Until when it went on; null while it does not. */
  last: number | null;
  /** Whether what goes on now is one of a row. */
  isUsual: boolean;
}

export interface RecurrenceObservation {
  readonly time: number;
  readonly windowMs: number;
  readonly isFar: boolean;
  /** How far it is outside of what is usual, in units of its own. */
  readonly excess: number;
  /** Whether it is what a job does, and no failure: then twice at round times is a job of every hour, or of another time that clocks have. */
  readonly isWork?: boolean;
}

const REMEMBERED = 40;
/** What comes so soon after the last is still the same, in windows. */
const PAUSE = 3;
/** As many times as this it must have come at the same distance before: fewer where the distance is one that clocks have. */
const MIN_BEFORE = 3;
const MINUTE_MS = 60_000;
const BY_CLOCK = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 1440, 10_080];
const MIN_PERIOD_MS = 55_000;
/** What begins within two windows after a multiple of five minutes has begun at a round time. */
const ROUND_MS = 5 * MINUTE_MS;
const ROUND_WINDOWS = 2;
/** It takes a window or two, and more of a long one, until there is evidence. */
const TOLERANCE = 0.004;
const TOLERANCE_BY_CLOCK = 0.01;
const MAX_TOLERANCE_MS = 60_000;
/** What goes so many times as far as it mostly did is none of a row: an outage at the time of a job. */
const GRAVER = 2;
/** Of what came once: it may have gone less far by chance, or been expected less exactly. */
const GRAVER_THAN_ONE = 3;

export function initialRecurrence(): RecurrenceState {
  return { begins: [], last: null, isUsual: false };
}

/**
 * Whether what is far from usual now came at the same distance several times before: a job of every five minutes, a batch of every
 * hour, the opening of every day or week. The first times are no habit, and what goes much further than before is none. `state` is changed
 * in place.
 */
export function isRecurring(
  state: RecurrenceState,
  { excess, isFar, isWork = false, time, windowMs }: RecurrenceObservation,
  localTime: LocalTime = UTC,
): boolean {
  const isOver = state.last === null || time > state.last + PAUSE * windowMs;
  if (isOver) state.isUsual = false;
  if (!isFar) return state.isUsual;
  state.farthest ??= [];
  if (isOver) {
    // A job of every night comes 23 hours after the last when clocks are changed.
    state.isUsual =
      hasPeriod(state.begins, time, windowMs) ||
      (isWork && cameAtRoundTime(state.begins, time, windowMs)) ||
      (localTime !== UTC && hasPeriod(state.begins.map(localTime), localTime(time), windowMs));
    pushed(state.begins, time);
    pushed(state.farthest, 0);
  }
  state.last = time;
  // What was found by the sum of many windows went nowhere in each.
  const before = state.farthest.slice(0, -1).filter((one) => one > 0);
  state.farthest.push(Math.max(excess, state.farthest.pop() ?? 0));
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
