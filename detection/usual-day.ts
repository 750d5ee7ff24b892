import type { Detector } from './detector.js';
import { type ExpectationState, type ExpectationTuning, learnExpectation, noExpectation } from './expectation.js';
import { type LocalTime, UTC } from './local-time.js';
import { rounded } from './rounded.js';
import { seasonalMean } from './season.js';

/** What is usual of a count a minute, at each hour of the day: some 700 bytes as JSON. */
export interface UsualDayState {
  /** The minute that is not over yet, and what was counted in it. */
  minute: number;
  sum: number;
  /** Minutes that were learned. */
  seen: number;
  readonly expectation: ExpectationState;
  /** By how much minutes lately were over what is usual at their hour, in the mean. */
  drift: number;
  /** When the forecast of this hour was made, and of what. */
  base: Base;
  /** How far the forecasts of this kind were off, in the mean: by the level, and by the hour of the day. */
  levelError: number;
  dayError: number;
  /** The mean squared distance from what was forecast, in times of what chance explains. */
  dispersion: number;
}

/** From where an hour is forecast. */
export interface Base {
  readonly minute: number;
  readonly level: number;
  readonly drift: number;
}

const TUNING: ExpectationTuning = {
  ...{ seasonHours: [24], seasonGain: 1, restlessPower: 0, levelSpan: 30, errorSpan: 500, clip: 4 },
};

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Minutes over which the drift, and how far forecasts are off, are means. */
const DRIFT_SPAN = 30;
const ERROR_SPAN = 1440;
/** Before there are as many minutes, chance is taken to be all that there is. */
const PRIOR = 30;
/** A squared distance counts as at most so many usual ones. */
const CLIP = 25;
const MIN_DISPERSION = 0.3;
const WARM_UP = 10;

/** Learns how many of something there are in a minute. It finds nothing unusual: `forecastCounts` says what it expects. */
export function usualDay(localTime: LocalTime = UTC): Detector<UsualDayState> {
  const nothing = { score: 0, isAnomalous: false, expected: { low: 0, high: Number.POSITIVE_INFINITY } };
  return {
    name: 'usual-day',
    isSeasonal: true,
    initial: () => ({
      ...{ minute: -1, sum: 0, seen: 0, drift: 0, levelError: 0, dayError: 0, dispersion: 1 },
      ...{ base: { minute: 0, level: 0, drift: 0 }, expectation: noExpectation(TUNING) },
    }),
    observe(state, timestampMs, count) {
      if (!Number.isFinite(count)) return nothing;
      const minute = Math.floor(timestampMs / MINUTE_MS);
      if (minute !== state.minute) {
        if (state.minute >= 0) learn(state, localTime(state.minute * MINUTE_MS), state.sum);
        Object.assign(state, { minute, sum: 0 });
      }
      state.sum += count;
      return nothing;
    },
  };
}

/** What is expected of a minute, by where the forecast is made from. */
export function expectedCount(
  { dayError, expectation, levelError }: UsualDayState,
  base: Base,
  minute: number,
  localMs: number,
): { readonly expected: number; readonly byLevel: number; readonly byDay: number | undefined } {
  const [season] = expectation.seasons;
  const usual = season === undefined ? undefined : seasonalMean(season, localMs);
  const byLevel = Math.max(0, base.level);
  if (usual === undefined) return { expected: byLevel, byLevel, byDay: undefined };
  const fading = Math.exp(-Math.max(0, minute - base.minute) / MINUTES);
  const byDay = Math.max(0, usual + base.drift * fading);
  return { expected: dayError > 0 && dayError <= levelError ? byDay : byLevel, byLevel, byDay };
}

function learn(state: UsualDayState, localMs: number, count: number): void {
  const { expectation, minute } = state;
  const n = ++state.seen;
  if (n === 1) expectation.level = count;
  if (n === 1 || minute - state.base.minute >= MINUTES) {
    state.base = { minute, level: expectation.level, drift: state.drift };
  }
  const { byDay, byLevel, expected } = expectedCount(state, state.base, minute, localMs);
  const rate = 1 / Math.min(n + PRIOR, ERROR_SPAN);
  const spread = Math.max(MIN_DISPERSION, state.dispersion) * (expected + 1);
  const square = Math.min(CLIP * spread, (count - expected) ** 2);
  state.dispersion = rounded(state.dispersion + rate * (square / (expected + 1) - state.dispersion));
  state.levelError = rounded(state.levelError + rate * (Math.abs(count - byLevel) - state.levelError));
  if (byDay !== undefined) {
    const error = Math.abs(count - byDay);
    state.dayError = rounded(
      state.dayError === 0 ? Math.max(error, state.levelError) : state.dayError + rate * (error - state.dayError),
    );
    const [season] = expectation.seasons;
    const usual = (season && seasonalMean(season, localMs)) ?? count;
    const most = 5 * Math.sqrt(spread);
    const off = Math.max(-most, Math.min(most, count - usual));
    state.drift = rounded(state.drift + (off - state.drift) / DRIFT_SPAN);
  }
  learnExpectation(expectation, localMs, count, { n, isWarm: n > WARM_UP, floor: 0.1 }, TUNING);
}
