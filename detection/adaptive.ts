import { type Detector, UNJUDGED } from './detector.js';
import {
  type ExpectationState,
  type ExpectationTuning,
  guess,
  learnExpectation,
  noExpectation,
} from './expectation.js';
import {
  learnSignals,
  measure,
  noSignals,
  type SignalsState,
  type SignalsTuning,
  surpriseOfSignals,
} from './signals.js';
import { scoreOfSurprise } from './surprise.js';

/** The detector's settings; docs/detection.md says how they were found. */
export interface AdaptiveTuning extends ExpectationTuning, SignalsTuning {
  /** Values before the first is judged. */
  readonly warmUp: number;
  /** The least deviation that counts as one, as a share of the level and of the level's usual error. */
  readonly levelShare: number;
  readonly errorShare: number;
  /** How much of an anomalous value is learned of tails. */
  readonly anomalyWeight: number;
  /** Scores from here are anomalous. */
  readonly alertScore: number;
}

export const ADAPTIVE_TUNING: AdaptiveTuning = {
  seasonHours: [24, 168],
  seasonGain: 0.85,
  restlessPower: 0.5,
  levelSpan: 100,
  errorSpan: 500,
  scaleSpan: 500,
  clip: 3,
  driftSpans: [8, 40],
  driftClip: 10,
  activitySpans: [12],
  norm: 4,
  priorWeight: 20,
  priorFreedom: 4,
  memory: 8000,
  slack: 1,
  warmUp: 30,
  levelShare: 0.001,
  errorShare: 0.05,
  anomalyWeight: 0.3,
  alertScore: 0.44,
};

/** All that is remembered of a series: some 4 KB as JSON, less without seasons. */
export interface AdaptiveState {
  seen: number;
  lastMs: number;
  /** The usual time between values. */
  intervalMs: number;
  readonly expectation: ExpectationState;
  readonly signals: SignalsState;
}

const TINY = 1e-6;
/** A gap enters the usual time between values as at most this many of it. */
const INTERVAL_CLIP = 3;
/** Surprise is counted in times of this: a value of probability p every minute is as rare as one of 5 p every five. */
const SURPRISE_TIME_MS = 300_000;
/** Half the width of the expected range, in usual deviations. */
const EXPECTED_WIDTH = 3;

/**
 * The default, for any series and without training. It learns the level, the usual day and week from what it sees, asks
 * how rare a deviation, a jump, a drift or a change of restlessness is by the series' own history, and scores by how
 * seldom in time such a value comes. What it learns from a value is clipped, never left out, so that neither an outlier
 * spoils it nor a lasting change freezes it.
 */
export function adaptive(tuning: AdaptiveTuning = ADAPTIVE_TUNING): Detector<AdaptiveState> {
  return {
    name: 'adaptive',
    initial: () => ({
      seen: 0,
      lastMs: 0,
      intervalMs: 0,
      expectation: noExpectation(tuning),
      signals: noSignals(tuning),
    }),
    observe(state, timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      const { expectation, signals } = state;
      const n = ++state.seen;
      if (n === 1) expectation.level = value;
      keepTime(state, timestampMs, tuning.scaleSpan);
      const [levelError = 0] = expectation.errors;
      const floor = Math.max(TINY, tuning.levelShare * Math.abs(expectation.level), tuning.errorShare * levelError);
      const learning = { n, isWarm: n > tuning.warmUp, floor };
      const { mean, restlessness } = guess(expectation, timestampMs, tuning);
      const measured = measure(signals, (value - mean) / restlessness, floor, tuning);
      const score = learning.isWarm
        ? scoreOfSurprise(
            surpriseOfSignals(signals, measured, tuning) + Math.log10(state.intervalMs / SURPRISE_TIME_MS),
          )
        : 0;
      const isAnomalous = score >= tuning.alertScore;

      learnSignals(signals, measured, learning, isAnomalous ? tuning.anomalyWeight : 1, tuning);
      learnExpectation(expectation, timestampMs, value, learning, tuning);
      if (!learning.isWarm) return UNJUDGED;
      const width = EXPECTED_WIDTH * restlessness * (measured.usualSizes[0] ?? floor);
      return { score, isAnomalous, expected: { low: mean - width, high: mean + width } };
    },
  };
}

function keepTime(state: AdaptiveState, timestampMs: number, span: number): void {
  const elapsedMs = Math.max(1, timestampMs - state.lastMs);
  if (state.seen === 2) state.intervalMs = elapsedMs;
  else if (state.seen > 2) {
    const clipped = Math.min(elapsedMs, INTERVAL_CLIP * state.intervalMs);
    state.intervalMs += (clipped - state.intervalMs) / Math.min(state.seen, span);
  }
  state.lastMs = timestampMs;
}
