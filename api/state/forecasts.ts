import { z } from 'zod';
import type { AdaptiveState } from '../../detection/adaptive.js';
import { clockOf, type Forecast, forecastCounts, forecastLogarithms } from '../../detection/forecast.js';
import { MULTI_RESOLUTION_TUNING } from '../../detection/multi-resolution.js';
import type { UsualDayState } from '../../detection/usual-day.js';
import { USUAL_DAY } from '../../topology/services/service-health.js';
import { notFound } from '../problems.js';
import { PartitionAnswers } from './partition-answers.js';
import { readStore } from './read-store.js';
import type { RunningStores } from './running-stores.js';

const MINUTE_MS = 60_000;
const MINUTES = 60;
const DAY_MINUTES = 1440;

/** What is expected of one number in the next hour. */
export interface HourForecast {
  readonly forecasts: readonly Forecast[];
  /** Whether less than a day of it was seen. */
  readonly isLearning: boolean;
}

const expectation = z.object({ level: z.number(), seasons: z.array(z.object({ slot: z.number() }).loose()) }).loose();
const usualDayState = z.object({ minute: z.number(), seen: z.number(), expectation }).loose();
const serviceState = z.object({
  [USUAL_DAY]: z.object({ signals: z.object({ lines: usualDayState, failures: usualDayState }) }),
});
const adaptiveState = z.object({ seen: z.number(), lastMs: z.number(), expectation }).loose();
const hostState = z.object({
  'traffic-surge': z.object({
    signals: z.object({ request_count: z.object({ views: z.array(z.object({ state: adaptiveState })).min(1) }) }),
  }),
});

/** Lines and failures of a service, a minute; undefined where nothing is learned of it yet. */
export async function forecastService(
  stores: RunningStores,
  service: string,
): Promise<{ readonly lines: HourForecast; readonly failures: HourForecast } | undefined> {
  const learned = serviceState.safeParse(await learnedOf(stores, 'service-monitor', service)).data;
  if (learned === undefined) return undefined;
  const { failures, lines } = learned[USUAL_DAY].signals as unknown as Record<'failures' | 'lines', UsualDayState>;
  const ofCounts = (state: UsualDayState): HourForecast => {
    const [season] = state.expectation.seasons;
    const now = state.minute * MINUTE_MS;
    // What was learned last is the minute before.
    const clock = season === undefined ? (time: number) => time : clockOf(season, now - MINUTE_MS);
    return { forecasts: forecastCounts(state, nextHour(now), clock), isLearning: state.seen < DAY_MINUTES };
  };
  return lines.seen === 0 ? undefined : { lines: ofCounts(lines), failures: ofCounts(failures) };
}

/** Requests of a host, a minute; undefined where nothing is learned of it yet. */
export async function forecastHost(stores: RunningStores, host: string): Promise<HourForecast | undefined> {
  const learned = hostState.safeParse(await learnedOf(stores, 'web-monitor', host)).data;
  const state = learned?.['traffic-surge'].signals.request_count.views[0]?.state as unknown as
    | AdaptiveState
    | undefined;
  const [view] = MULTI_RESOLUTION_TUNING.views;
  if (state === undefined || view === undefined || state.seen <= view.tuning.warmUp) return undefined;
  const [season] = state.expectation.seasons;
  const clock = season === undefined ? (time: number) => time : clockOf(season, state.lastMs);
  return {
    forecasts: forecastLogarithms(state, nextHour(state.lastMs + MINUTE_MS), clock, view.tuning),
    isLearning: state.seen < DAY_MINUTES,
  };
}

/** The starts of the minutes of the hour from a time on. */
function nextHour(from: number): number[] {
  const first = Math.ceil(from / MINUTE_MS) * MINUTE_MS;
  return Array.from({ length: MINUTES }, (_, index) => first + index * MINUTE_MS);
}

/** What the pipeline has learned of an entity, as of its last commit. @throws Problem 404 without a pipeline that runs */
async function learnedOf(stores: RunningStores, name: string, entity: string): Promise<unknown> {
  const store = stores.find(name);
  if (store === undefined) throw notFound('store that runs', name);
  const request = { key: JSON.stringify(entity), limit: 1, cursor: undefined, fromTime: 0, toTime: 0 };
  const { items } = await readStore(store, new PartitionAnswers(store, stores.access), request);
  return items[0]?.value;
}
