import type { AdaptiveState, AdaptiveTuning } from './adaptive.js';
import { guess } from './expectation.js';
import type { LocalTime } from './local-time.js';
import type { Season } from './season.js';
import { expectedCount, type UsualDayState } from './usual-day.js';

/** What is expected at a time to come. */
export interface Forecast {
  /** In ms since the epoch. */
  readonly time: number;
  readonly expected: number;
  /** Nineteen of twenty values are within. */
  readonly low: number;
  readonly high: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NINETEEN_OF_TWENTY = 1.96;
/** A normal variable's standard deviation is so many times its mean distance from its mean. */
const DEVIATIONS = Math.sqrt(Math.PI / 2);
/** How long what is off today stays so. */
const DRIFT_MS = HOUR_MS;

/** Of counts a minute, by what `usualDay` has learned. */
export function forecastCounts(state: UsualDayState, times: readonly number[], localTime: LocalTime): Forecast[] {
  const { dispersion, drift, expectation, minute: now } = state;
  const base = { minute: now, level: expectation.level, drift };
  return times.map((time) => {
    const { expected } = expectedCount(state, base, Math.floor(time / MINUTE_MS), localTime(time));
    const width = NINETEEN_OF_TWENTY * Math.sqrt(Math.max(expected, dispersion * (expected + 1)));
    return { time, expected, low: Math.max(0, expected - width), high: expected + width };
  });
}

/** Of a series of logarithms of counts, by what `adaptive` has learned; in counts. */
export function forecastLogarithms(
  state: AdaptiveState,
  times: readonly number[],
  localTime: LocalTime,
  tuning: AdaptiveTuning,
): Forecast[] {
  const { expectation, lastMs, signals } = state;
  const deviation = DEVIATIONS * (signals.signals[0]?.scale ?? 0);
  const drift = signals.drifts.at(-1) ?? 0;
  return times.map((time) => {
    const { isSeasonal, mean, restlessness } = expectedAt(expectation, localTime(time), tuning);
    const expected = mean + (isSeasonal ? drift * restlessness * fading(time - lastMs) : 0);
    const width = NINETEEN_OF_TWENTY * restlessness * deviation;
    const count = (logarithm: number) => Math.max(0, Math.expm1(logarithm));
    return { time, expected: count(expected), low: count(expected - width), high: count(expected + width) };
  });
}

function fading(aheadMs: number): number {
  return Math.exp(-Math.max(0, aheadMs) / DRIFT_MS);
}

/** The level follows what is off today by itself. */
function expectedAt(...[expectation, localMs, tuning]: Parameters<typeof guess>) {
  const { mean, restlessness } = guess(expectation, localMs, tuning);
  return { mean, restlessness, isSeasonal: mean !== expectation.level };
}

/**
 * The clock by which a season was learned, in whole hours of distance from UTC: it is not kept with what was learned, but the
 * hour of the day is.
 *
 * @param lastMs when the last value was learned
 */
export function clockOf({ means, slot }: Season, lastMs: number): LocalTime {
  if (slot < 0) return (time) => time;
  const hours = (slot - (Math.floor(lastMs / HOUR_MS) % means.length) + means.length) % means.length;
  const ahead = hours > 14 ? hours - means.length : hours;
  return (time) => time + ahead * HOUR_MS;
}
