import { type Detector, UNJUDGED, type Verdict } from './detector.js';
import {
  type ExpectationState,
  type ExpectationTuning,
  guess,
  type Learning,
  learnExpectation,
  noExpectation,
} from './expectation.js';
import { type HabitsState, type HabitsTuning, isHabit, learnHabit, noHabits } from './habits.js';
import { type LocalTime, UTC } from './local-time.js';
import {
  learnSignals,
  type Measured,
  measure,
  noSignals,
  type SignalsState,
  type SignalsTuning,
  surpriseOfSignals,
} from './signals.js';
import { scoreOfSurprise } from './surprise.js';

/** The detector's settings; docs/detection.md says how they were found. */
export interface AdaptiveTuning extends ExpectationTuning, SignalsTuning, HabitsTuning {
  /** Values before the first is judged. */
  readonly warmUp: number;
  /** The least deviation that counts as one, as a share of the level and of the level's usual error. */
  readonly levelShare: number;
  readonly errorShare: number;
  /** How much of an anomalous value is learned of tails, while the series is new or where anomalies stay. */
  readonly anomalyWeight: number;
  /** How much otherwise: what happens from time to time goes on to be news. */
  readonly rareWeight: number;
  /** A series is new for so many values, and for so long. */
  readonly learningValues: number;
  readonly learningMs: number;
  /** Anomalies stay when their share, as a mean over so many values, is over the limit. */
  readonly staySpan: number;
  readonly stayShare: number;
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
  rareWeight: 0.3,
  learningValues: 2000,
  learningMs: 86_400_000,
  staySpan: 30,
  stayShare: 0.3,
  habitRate: 0.18,
  habitShare: 0.6,
  alertScore: 0.44,
};

/** All that is remembered of a series: some 4 KB as JSON, less without seasons. */
export interface AdaptiveState {
  seen: number;
  lastMs: number;
  /** The usual time between values. */
  intervalMs: number;
  /** The share of anomalous values lately. */
  odd: number;
  readonly expectation: ExpectationState;
  readonly signals: SignalsState;
  readonly habits: HabitsState;
}

const TINY = 1e-6;
/** A gap enters the usual time between values as at most this many of it. */
const INTERVAL_CLIP = 3;
/** Surprise is counted in times of this: a value of probability p every minute is as rare as one of 5 p every five. */
const SURPRISE_TIME_MS = 300_000;
/** Half the width of the expected range, in usual deviations. */
const EXPECTED_WIDTH = 3;

/** A value as it was judged, before it is learned. */
export interface Assessment {
  /** By how much it surprises; 0 while there is little to judge by. */
  readonly surprise: number;
  /** It would be anomalous, if such a thing were not usual at this time of the day. */
  readonly isHabit: boolean;
  readonly expected: Verdict['expected'];
  readonly learning: Learning;
  readonly mean: number;
  readonly measured: Measured;
}

/** What remains of the surprise by what is out of the ordinary on most days. */
const HABIT_NEWS = 0.3;

/** The surprise, as far as it is none of every day. */
export function newsIn({ isHabit, surprise }: Assessment): number {
  return isHabit ? HABIT_NEWS * surprise : surprise;
}

/** `adaptive` in its two steps, for detectors that are made of several. */
export interface Adaptive {
  initial(): AdaptiveState;
  /** Judges a value that is a finite number; the state then waits for `learn`. */
  assess(state: AdaptiveState, timestampMs: number, value: number): Assessment;
  /** Learns it; of what `isOdd` hardly anything, unless it stays. */
  learn(state: AdaptiveState, timestampMs: number, value: number, assessment: Assessment, isOdd: boolean): void;
}

/** @param localTime by which hours of the day and the week are counted */
export function adaptiveSteps(tuning: AdaptiveTuning, localTime: LocalTime = UTC): Adaptive {
  return {
    initial: () => ({
      seen: 0,
      lastMs: 0,
      intervalMs: 0,
      odd: 0,
      expectation: noExpectation(tuning),
      signals: noSignals(tuning),
      habits: noHabits(),
    }),
    assess(state, timestampMs, value) {
      const { expectation, signals } = state;
      const n = ++state.seen;
      if (n === 1) expectation.level = value;
      keepTime(state, timestampMs, tuning.scaleSpan);
      const [levelError = 0] = expectation.errors;
      const floor = Math.max(TINY, tuning.levelShare * Math.abs(expectation.level), tuning.errorShare * levelError);
      const learning = { n, isWarm: n > tuning.warmUp, floor };
      const { mean, restlessness } = guess(expectation, localTime(timestampMs), tuning);
      const measured = measure(signals, (value - mean) / restlessness, floor, tuning);
      if (!learning.isWarm)
        return { surprise: 0, isHabit: false, expected: UNJUDGED.expected, learning, mean, measured };
      const surprise = Math.max(
        0,
        surpriseOfSignals(signals, measured, tuning) + Math.log10(state.intervalMs / SURPRISE_TIME_MS),
      );
      const isOver = scoreOfSurprise(surprise) >= tuning.alertScore;
      const width = EXPECTED_WIDTH * restlessness * (measured.usualSizes[0] ?? floor);
      return {
        surprise,
        isHabit: isOver && isHabit(state.habits, localTime(timestampMs), state.intervalMs, value - mean, tuning),
        expected: { low: mean - width, high: mean + width },
        learning,
        mean,
        measured,
      };
    },
    learn(state, timestampMs, value, { learning, mean, measured }, isOdd) {
      const { expectation, habits, signals } = state;
      const { isWarm, n } = learning;
      const local = localTime(timestampMs);
      learnHabit(habits, local, isOdd ? value - mean : 0, tuning);
      if (isWarm) state.odd += ((isOdd ? 1 : 0) - state.odd) / tuning.staySpan;
      const isNew = n < tuning.learningValues || n * state.intervalMs < tuning.learningMs;
      const oddWeight = isNew || state.odd > tuning.stayShare ? tuning.anomalyWeight : tuning.rareWeight;
      const weight = isOdd ? oddWeight : 1;
      learnSignals(signals, measured, learning, weight, tuning);
      learnExpectation(expectation, local, value, learning, tuning);
    },
  };
}

/**
 * For any series and without training. It learns the level, the usual day and week from what it sees, asks how rare a
 * deviation, a jump, a drift or a change of restlessness is by the series' own history, and scores by how seldom in time
 * such a value comes. What it learns from a value is clipped, never left out, so that neither an outlier spoils it nor a
 * lasting change freezes it; so what comes again and again soon stops being news, which `multiResolution` does better.
 */
export function adaptive(
  tuning: AdaptiveTuning = ADAPTIVE_TUNING,
  localTime: LocalTime = UTC,
): Detector<AdaptiveState> {
  const { assess, initial, learn } = adaptiveSteps(tuning, localTime);
  return {
    name: 'adaptive',
    isSeasonal: true,
    initial,
    observe(state, timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      const assessment = assess(state, timestampMs, value);
      const { expected, isHabit, surprise } = assessment;
      const isOdd = scoreOfSurprise(surprise) >= tuning.alertScore;
      learn(state, timestampMs, value, assessment, isOdd);
      return { score: scoreOfSurprise(newsIn(assessment)), isAnomalous: isOdd && !isHabit, expected };
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
