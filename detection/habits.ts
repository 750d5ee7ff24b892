import { rounded } from './rounded.js';

/**
 * What is out of the ordinary at the same time of most days: of each hour of the day the share of days that had an
 * anomaly, upwards or downwards, and its size. Hours without are not kept.
 */
export interface HabitsState {
  /** The hour of the last value, since the epoch. */
  hour: number;
  /** The largest anomaly in that hour, upwards and downwards. */
  up: number;
  down: number;
  /** By hour of the day, 0 to 23 upwards and 24 to 47 downwards: the share of days, and the usual size. */
  readonly known: Record<string, [share: number, size: number]>;
}

export interface HabitsTuning {
  /** How much of a share the last day is. */
  readonly habitRate: number;
  /** From this share of days on, it is usual. */
  readonly habitShare: number;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Of values further apart an hour holds too few. */
const MAX_INTERVAL_MS = HOUR_MS / 2;
/** An anomaly of so many times the usual size is more than usual. */
const LARGER = 1.5;
const SIZE_RATE = 0.5;
const DIGITS = 4;
const MIN_SHARE = 0.05;

export function noHabits(): HabitsState {
  return { hour: -1, up: 0, down: 0, known: {} };
}

/** Whether an anomaly of this size, below 0 downwards, is usual at this time; values come every `intervalMs`. */
export function isHabit(
  { known }: HabitsState,
  timestampMs: number,
  intervalMs: number,
  deviation: number,
  { habitShare }: HabitsTuning,
): boolean {
  const hour = Math.floor(timestampMs / HOUR_MS);
  if (intervalMs > MAX_INTERVAL_MS) return false;
  for (let at = hour - 1; at <= hour + 1; at++) {
    const habit = known[keyOf(at, deviation > 0)];
    if (habit !== undefined && habit[0] >= habitShare && Math.abs(deviation) <= LARGER * habit[1]) return true;
  }
  return false;
}

/** Learns a value: its deviation where it is an anomaly, 0 where it is none. */
export function learnHabit(state: HabitsState, timestampMs: number, anomaly: number, tuning: HabitsTuning): void {
  const hour = Math.floor(timestampMs / HOUR_MS);
  if (hour !== state.hour) {
    if (state.hour >= 0) {
      fold(state, true, state.up, tuning);
      fold(state, false, state.down, tuning);
    }
    state.hour = hour;
    state.up = 0;
    state.down = 0;
  }
  if (anomaly > state.up) state.up = anomaly;
  else if (-anomaly > state.down) state.down = -anomaly;
}

function keyOf(hour: number, isUp: boolean): number {
  return (((hour % HOURS) + HOURS) % HOURS) + (isUp ? 0 : HOURS);
}

function fold({ hour, known }: HabitsState, isUp: boolean, size: number, { habitRate }: HabitsTuning): void {
  const key = keyOf(hour, isUp);
  const [share, usual] = known[key] ?? [0, size];
  const now = share + habitRate * ((size > 0 ? 1 : 0) - share);
  if (now < MIN_SHARE) delete known[key];
  else known[key] = [rounded(now, DIGITS), rounded(size > 0 ? usual + SIZE_RATE * (size - usual) : usual, DIGITS)];
}
