import { describe, expect, it } from 'vitest';
import { createDetector } from '../../../detection/detectors.js';
import { clockOf, type Forecast, forecastCounts, forecastLogarithms } from '../../../detection/forecast.js';
import { localTimeOf, UTC } from '../../../detection/local-time.js';
import { MULTI_RESOLUTION_TUNING, type MultiResolutionState } from '../../../detection/multi-resolution.js';
import { usualDay } from '../../../detection/usual-day.js';
import { Random } from '../../../producer/random.js';

const MINUTE = 60_000;
const DAY = 1440;
const START = Date.UTC(2026, 2, 2);
const at = (minute: number) => START + minute * MINUTE;
const wave = (minute: number) => 200 * (1 - 0.6 * Math.cos((2 * Math.PI * minute) / DAY));

/** About a Poisson variable. */
function countOf(mean: number, random: Random): number {
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
}

/** Forecasts at every hour of the days after the third, beside what came. */
function hoursOf(
  learn: (time: number, count: number) => void,
  forecast: (times: readonly number[]) => Forecast[],
  counts: readonly number[],
): { readonly forecast: Forecast; readonly actual: number; readonly dayBefore: number }[] {
  const found = [];
  for (const [minute, count] of counts.entries()) {
    if (minute >= 3 * DAY && minute % 60 === 0) {
      const times = Array.from({ length: 60 }, (_, index) => at(minute + index));
      for (const [index, one] of forecast(times).entries()) {
        const actual = counts[minute + index] ?? 0;
        found.push({ forecast: one, actual, dayBefore: counts[minute + index - DAY] ?? 0 });
      }
    }
    learn(at(minute), count);
  }
  return found;
}

describe.each(['counts', 'logarithms'])('the forecast of an hour, of %s', (kind) => {
  it('is nearer than the day before, and nineteen of twenty values are within its range', () => {
    const random = new Random(11);
    const counts = Array.from({ length: 6 * DAY }, (_, minute) => countOf(wave(minute), random));
    const day = usualDay();
    const dayState = day.initial();
    const host = createDetector();
    const hostState = host.initial() as MultiResolutionState;
    const [view] = MULTI_RESOLUTION_TUNING.views;
    const [state] = hostState.views;
    if (view === undefined || state === undefined) throw new Error('It has no views.');
    const hours =
      kind === 'counts'
        ? hoursOf(
            (time, count) => day.observe(dayState, time, count),
            (times) => forecastCounts(dayState, times, UTC),
            counts,
          )
        : hoursOf(
            (time, count) => host.observe(hostState, time, Math.log1p(count)),
            (times) => forecastLogarithms(state.state, times, UTC, view.tuning),
            counts,
          );
    const mean = (of: (one: (typeof hours)[number]) => number) =>
      hours.reduce((sum, one) => sum + of(one), 0) / hours.length;
    const error = mean(({ actual, forecast }) => Math.abs(actual - forecast.expected));
    const naive = mean(({ actual, dayBefore }) => Math.abs(actual - dayBefore));
    // Of two values of the same mean, each off by itself, the difference is √2 times as far as one from the mean.
    expect(error / naive).toBeGreaterThan(0.68);
    expect(error / naive).toBeLessThan(0.78);
    const within = mean(({ actual, forecast }) => (actual >= forecast.low && actual <= forecast.high ? 1 : 0));
    expect(within).toBeGreaterThan(0.92);
    expect(within).toBeLessThan(0.975);
  });
});

it('what never was in the first minutes has a range all the same, when it comes', () => {
  const random = new Random(3);
  const day = usualDay();
  const state = day.initial();
  for (let minute = 0; minute < 2 * DAY; minute++) {
    day.observe(state, at(minute), minute > 60 && random.uniform() < 0.5 ? 1 : 0);
  }
  const [next] = forecastCounts(state, [at(2 * DAY)], UTC);
  expect(next?.expected).toBeGreaterThan(0.3);
  expect(next?.expected).toBeLessThan(0.7);
  expect(next?.high).toBeGreaterThan(1);
});

it('windows of one minute are counted together', () => {
  const day = usualDay();
  const state = day.initial();
  for (let window = 0; window < 12 * 30; window++) day.observe(state, START + 5000 * window, 2);
  const [next] = forecastCounts(state, [at(30)], UTC);
  expect(next?.expected).toBeCloseTo(24, 6);
});

it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])(
  'the clock of %s is known by what was learned',
  (zone) => {
    const localTime = localTimeOf(zone);
    const day = usualDay(localTime);
    const state = day.initial();
    for (let minute = 0; minute < 100; minute++) day.observe(state, at(minute), 1);
    const [season] = state.expectation.seasons;
    if (season === undefined) throw new Error('It has no season.');
    const clock = clockOf(season, at(98));
    expect(clock(at(500))).toBe(localTime(at(500)));
  },
);
