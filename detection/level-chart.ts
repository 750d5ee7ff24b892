import { alarmLimit, type Budget, initialAlarm, learnEvidence, openAlarm } from './alarm.js';
import {
  ALONE,
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

export interface LevelChartOptions {
  readonly budget: Budget;
  /** Shifts that are watched for, as differences of the value; negative ones are falls. */
  readonly shifts: readonly number[];
  /** Windows over which the level is a mean. */
  readonly memory?: number;
  /** A lasting shift is the usual level after so many windows. */
  readonly adoptedAfter?: number;
  /** Windows that an alarm takes: 2. */
  readonly leastWindows?: number;
}

/** A window's mean: of so many values, with the variance that one of them has. */
export interface Sample {
  readonly mean: number;
  readonly count: number;
  readonly variance: number;
  /** What a quarter of the values are below; not asked where it does not matter. Default: not known. */
  readonly quarter?: () => number | undefined;
}

export interface LevelChartState extends ChartState {
  level: number;
  /** How much windows differ from the level beyond what their values' own variance explains. */
  restlessness: number;
  /** A value's variance within windows. */
  variance: number;
  /**
   * The windows' distances from the level, summed and fading, and how many times as far, squared, the sum goes as that of
   * chance. What older versions have written lacks them.
   */
  tide?: number;
  dependence?: number;
  /** The mean of the windows of the alarm. */
  alarming: number;
  /** The level before the last one that was taken for usual in its place. */
  former: number | null;
}

export interface LevelVerdict extends Verdict {
  readonly isLearning: boolean;
}

const MEMORY = 360;
const ADOPTED_AFTER = 180;
const DOUBTFUL = 0.4;
const DOUBTFUL_WEIGHT = 0.2;
const OPEN_WEIGHT = 0.03;
/** Deviations beyond which a window is learned as if it were as near as that. */
const CLIP = 3;
/** The least standard deviation between windows. */
const MIN_DEVIATION = 0.03;
/** What is kept of the sum of distances with each window: it is of about a minute of windows of five seconds. */
const TIDE_KEPT = 1 - 1 / 12;
/** A slowness that creeps looks like dependence, too. */
const MAX_DEPENDENCE = 4;
/** Windows after which half of the dependence is of what was seen. */
const TIDE_PRIOR = 24;

export function initialLevelChart({ shifts }: Pick<LevelChartOptions, 'shifts'>): LevelChartState {
  return {
    ...{ alarm: initialAlarm(), level: 0, restlessness: 0, variance: 0, evidence: shifts.map(() => 0) },
    ...{ good: 0, alarming: 0, former: null, tide: 0, dependence: 1 },
  };
}

/**
 * Finds that a mean has moved by as much as matters: CUSUM charts of the log-likelihood ratios of several shifts against the
 * level that is learned. How far chance moves the mean of so many values is taken into account, so that a window of five
 * values says less than one of five thousand. Windows that depend on those before, as waiting times do, say less, too: by
 * the long-run variance of their mean, which is that of sums over many of them (Johnson and Bagshaw, "The effect of serial
 * correlation on the performance of CUSUM tests", Technometrics 16, 1974). `state` is changed in place.
 */
export function chartLevel(
  state: LevelChartState,
  { count, mean, quarter, variance }: Sample,
  { adoptedAfter = ADOPTED_AFTER, budget, leastWindows = 2, memory = MEMORY, shifts }: LevelChartOptions,
): LevelVerdict {
  const { alarm } = state;
  if (alarm.seen === 0) Object.assign(state, { level: mean, variance });
  const limit = alarmLimit(alarm, budget);
  const isLearning = alarm.seen < WARMUP;
  const spread = state.restlessness + Math.max(state.variance, variance / 4) / count + MIN_DEVIATION ** 2;
  const distance = mean - state.level;
  const most = mostOfWindow(limit, leastWindows);
  const dependence = Math.min(MAX_DEPENDENCE, Math.max(1, state.dependence ?? 1));
  const ratioOf = (shift: number) => (shift * distance - shift ** 2 / 2) / spread;
  // Three in four values are nearer to the shift than to what is usual: that is no short pause.
  const isOfMost = (shift: number) => shift > 0 && ((quarter?.() ?? state.level) - state.level) * 2 > shift;
  if (!isLearning) {
    addEvidence(
      state,
      shifts,
      limit,
      (shift) => {
        const ratio = ratioOf(shift);
        return ratio > ALONE * most && isOfMost(shift) ? ratio / ALONE : Math.min(most, ratio);
      },
      dependence,
    );
  }
  const evidence = mostEvidence(state);
  if (alarm.open) {
    alarm.openFor++;
    // The window of the alarm counts, too: what is over with the next one is no alarm of the other side.
    state.alarming = rounded(state.alarming + (mean - state.alarming) / Math.min(alarm.openFor + 1, 12));
    // What is half way back is no longer the alarm.
    const shift =
      Math.sign(state.alarming - state.level) * Math.max(Math.abs(state.alarming - state.level), least(shifts));
    state.good = rounded(
      Math.max(0, state.good + Math.min(GOOD_LIMIT / 2, (shift ** 2 / 2 - shift * distance) / spread)),
    );
    if (state.good >= GOOD_LIMIT) closeChart(state);
  } else if (evidence > limit) {
    const { former } = state;
    if (former !== null && Math.abs(mean - former) < Math.abs(distance) / 2) {
      // It is as it was before what lasted.
      Object.assign(state, { level: former, former: null });
      state.evidence.fill(0);
    } else {
      openAlarm(alarm);
      Object.assign(state, { good: 0, alarming: mean, tide: 0 });
    }
  }
  if (!alarm.open) returnToFormer(state, mean, spread);
  const width = CLIP * Math.sqrt(spread);
  const verdict: LevelVerdict = {
    score: chartScore(state, evidence, limit),
    isAnomalous: alarm.open,
    expected: isLearning
      ? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
      : { low: state.level - width, high: state.level + width },
    isLearning,
  };
  learn(state, { count, mean, variance }, { limit, spread, memory, adoptedAfter });
  return verdict;
}

/** A shift that was taken for usual, since it lasted, is no longer usual when it is over: not every chart watches the way back. */
function returnToFormer(state: LevelChartState, mean: number, spread: number): void {
  const { former, level } = state;
  if (former === null) return;
  const shift = former - level;
  const ratio = (shift * (mean - level) - shift ** 2 / 2) / spread;
  state.good = rounded(Math.max(0, state.good + Math.min(GOOD_LIMIT / 2, ratio)));
  if (state.good < 2 * GOOD_LIMIT) return;
  Object.assign(state, { level: former, former: null, good: 0 });
  state.evidence.fill(0);
}

function least(shifts: readonly number[]): number {
  return Math.min(...shifts.map(Math.abs));
}

function learn(
  state: LevelChartState,
  { count, mean, variance }: Sample,
  {
    adoptedAfter,
    limit,
    memory,
    spread,
  }: {
    limit: number;
    spread: number;
    memory: number;
    adoptedAfter: number;
  },
): void {
  const { alarm } = state;
  if (alarm.open && alarm.openFor >= adoptedAfter) {
    state.former = state.level;
    state.level = state.alarming;
    closeChart(state);
    return;
  }
  const isWarming = alarm.seen < WARMUP;
  // Of an alarm that is over, there is none left.
  const evidence = mostEvidence(state);
  const distance = mean - state.level;
  if (!alarm.open) {
    const doubt = evidence > DOUBTFUL * limit ? DOUBTFUL_WEIGHT : 1;
    const rate = doubt * Math.max(1 / (alarm.seen + 2), 1 / memory);
    const own = Math.max(state.variance, variance / 4) / count;
    const clipped = isWarming ? distance ** 2 : Math.min(distance ** 2, CLIP ** 2 * spread);
    state.restlessness = rounded(Math.max(0, state.restlessness + rate * (clipped - own - state.restlessness)));
    learnDependence(state, { distance, spread, rate: doubt * Math.max(1 / (alarm.seen + TIDE_PRIOR), 1 / memory) });
    if (count > 1)
      state.variance = rounded(
        state.variance +
          rate * (Math.min(variance, isWarming ? variance : 9 * (state.variance + 0.01)) - state.variance),
      );
    learnEvidence(alarm, evidence, limit);
  }
  const weight = alarm.open ? OPEN_WEIGHT : evidence > DOUBTFUL * limit ? DOUBTFUL_WEIGHT : 1;
  const rate = weight * Math.max(1 / (alarm.seen + 1), 1 / memory);
  const width = CLIP * Math.sqrt(spread);
  const counted = isWarming ? distance : Math.max(-width, Math.min(width, distance));
  state.level = rounded(state.level + rate * counted);
}

/** Distances of independent windows add up to a sum of a known variance: dependent ones go further. */
function learnDependence(
  state: LevelChartState,
  { distance, rate, spread }: { distance: number; spread: number; rate: number },
): void {
  const width = CLIP * Math.sqrt(spread);
  const { dependence = 1, tide = 0 } = state;
  state.tide = rounded(TIDE_KEPT * tide + Math.max(-width, Math.min(width, distance)));
  const far = (state.tide ** 2 * (1 - TIDE_KEPT ** 2)) / spread;
  state.dependence = rounded(dependence + rate * (far - dependence));
}
