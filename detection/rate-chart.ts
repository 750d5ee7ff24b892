import { alarmLimit, type Budget, initialAlarm, learnEvidence, openAlarm } from './alarm.js';
import {
  addEvidence,
  type ChartState,
  chartScore,
  closeChart,
  GOOD_LIMIT,
  mostEvidence,
  mostOfWindow,
  WARMUP,
} from './chart.js';
import type { Verdict } from './detector.js';
import { rounded } from './rounded.js';

export interface RateChartOptions {
  readonly budget: Budget;
  /** Factors that are watched for; those under 1 are falls. */
  readonly factors?: readonly number[];
  /** Windows over which the usual rate is a mean. */
  readonly memory?: number;
  /** A lasting change is the usual rate after so many windows. */
  readonly adoptedAfter?: number;
  /** Windows that an alarm takes: 2. */
  readonly leastWindows?: number;
  /** Windows before the first is judged: 60. */
  readonly judgedAfter?: number;
}

export interface RateChartState extends ChartState {
  /** Events that are usual in a window. */
  mean: number;
  /** How far windows differ from it beyond what chance explains: a squared share. */
  restlessness: number;
  /** The mean of the windows of the alarm. */
  alarming: number;
  former: number | null;
}

export interface RateVerdict extends Verdict {
  readonly isLearning: boolean;
}

const FACTORS = [0.4, 0.12, 4, 10];
const MEMORY = 60;
const ADOPTED_AFTER = 120;
/** A rise takes three windows: jobs, batches and bursts of a few seconds are no incident. */
const MAX_OF_RISE = 0.45;
const DOUBTFUL = 0.4;
const DOUBTFUL_WEIGHT = 0.2;
const OPEN_WEIGHT = 0.01;
const CLIP = 3;
/** Traffic comes and goes by itself more than chance says. */
const RESTLESSNESS = 2.5;
const NEW_WINDOWS = 60;
const MIN_MEAN = 0.05;
const LEAST_MISSED = 1e-6;
/** Fewer events than this say little of how many are usual: of what is sparse more windows are taken. */
const KNOWN_EVENTS = 20;
/** The least squared share by which windows of a large number differ. */
const MIN_RESTLESSNESS = 0.0025;
/** Windows over which restlessness is a mean, at least. */
const RESTLESS_MEMORY = 360;

export function initialRateChart(factors: readonly number[] = FACTORS): RateChartState {
  return {
    ...{ alarm: initialAlarm(), mean: 0, restlessness: 0, evidence: factors.map(() => 0) },
    ...{ good: 0, alarming: 0, former: null },
  };
}

/**
 * Finds that events come much more or much less often than usual: CUSUM charts of the log-likelihood ratios of several
 * factors, of counts that differ as a Poisson process does and by what the series' own restlessness adds. `state` is changed
 * in place.
 */
export function chartRate(
  state: RateChartState,
  count: number,
  {
    adoptedAfter = ADOPTED_AFTER,
    budget,
    factors = FACTORS,
    judgedAfter = NEW_WINDOWS,
    leastWindows = 2,
    memory = MEMORY,
  }: RateChartOptions,
): RateVerdict {
  const { alarm } = state;
  if (alarm.seen === 0) state.mean = count;
  const mean = Math.max(MIN_MEAN, state.mean);
  // Of what hardly ever comes, no more is missed than that.
  const missed = Math.max(LEAST_MISSED, Math.min(mean, state.mean));
  const spread = 1 + mean * Math.max(MIN_RESTLESSNESS, state.restlessness);
  const limit = alarmLimit(alarm, { restlessness: RESTLESSNESS, newWindows: NEW_WINDOWS, ...budget });
  const isLearning = alarm.seen < WARMUP;
  const ratioOf = (factor: number) => (count * Math.log(factor) - (factor < 1 ? missed : mean) * (factor - 1)) / spread;
  const mostOf = (factor: number) => mostOfWindow(limit, leastWindows, factor > 1 ? MAX_OF_RISE : undefined);
  if (!isLearning) addEvidence(state, factors, limit, (factor) => Math.min(mostOf(factor), ratioOf(factor)));
  const evidence = mostEvidence(state);
  if (alarm.open) {
    alarm.openFor++;
    // The window of the alarm counts, too: what is over with the next one is no alarm of the other side.
    state.alarming = rounded(state.alarming + (count - state.alarming) / Math.min(alarm.openFor + 1, 12));
    const isFall = state.alarming < mean;
    const factor = isFall ? Math.min(0.7, Math.max(0.05, state.alarming / mean)) : Math.max(1.5, state.alarming / mean);
    state.good = rounded(Math.max(0, state.good + Math.min(GOOD_LIMIT / 2, -ratioOf(factor))));
    if (state.good >= GOOD_LIMIT) closeChart(state);
  } else if (alarm.seen < judgedAfter) {
    // A service that starts with a batch, or ends one, has no usual rate yet.
    if (evidence > limit) state.evidence.fill(0);
  } else if (evidence > limit) {
    const { former } = state;
    if (former !== null && count > former / 2 && count < former * 2) {
      // It is as it was before what lasted.
      Object.assign(state, { mean: former, former: null });
      state.evidence.fill(0);
    } else {
      openAlarm(alarm);
      Object.assign(state, { good: 0, alarming: count });
    }
  }
  const width = CLIP * Math.sqrt(mean * spread);
  const verdict: RateVerdict = {
    score: chartScore(state, evidence, limit),
    isAnomalous: alarm.open,
    expected: isLearning
      ? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
      : { low: Math.max(0, mean - width), high: mean + width + 1 },
    isLearning,
  };
  learn(state, count, { adoptedAfter, limit, mean, memory, spread });
  return verdict;
}

interface Learned {
  readonly limit: number;
  readonly mean: number;
  readonly spread: number;
  readonly memory: number;
  readonly adoptedAfter: number;
}

function learn(state: RateChartState, count: number, { adoptedAfter, limit, mean, memory, spread }: Learned): void {
  const { alarm } = state;
  if (alarm.open && alarm.openFor >= adoptedAfter) {
    // What lasts is usual; what was before is not forgotten, for it may come back.
    state.former = state.mean;
    state.mean = state.alarming;
    closeChart(state);
    return;
  }
  const isWarming = alarm.seen < WARMUP;
  // Of an alarm that is over, there is none left.
  const evidence = mostEvidence(state);
  const width = CLIP * Math.sqrt(mean * spread) + 1;
  const distance = count - state.mean;
  const clipped = isWarming ? distance : Math.max(-width, Math.min(width, distance));
  const seen = alarm.seen;
  if (!alarm.open) {
    const excess = (clipped ** 2 - mean) / mean ** 2;
    const doubt = evidence > DOUBTFUL * limit ? DOUBTFUL_WEIGHT : 1;
    const rate = doubt * Math.max(1 / (seen + 2), 1 / RESTLESS_MEMORY);
    // Of the first value nothing can be said, and of few events chance says all.
    if (seen > 0) state.restlessness = rounded(Math.max(0, state.restlessness + rate * (excess - state.restlessness)));
    learnEvidence(alarm, evidence, limit);
  }
  const weight = alarm.open ? OPEN_WEIGHT : evidence > DOUBTFUL * limit ? DOUBTFUL_WEIGHT : 1;
  const span = Math.max(memory, KNOWN_EVENTS / mean);
  state.mean = rounded(state.mean + weight * Math.max(1 / (seen + 1), 1 / span) * clipped);
}
