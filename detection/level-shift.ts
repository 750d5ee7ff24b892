import { type Detector, UNJUDGED } from './detector.js';

export interface LevelShiftOptions {
  /** Values after which the level follows half of a lasting change, roughly. Default 100. */
  readonly span?: number;
  /** Values that are only learned from. Default 20. */
  readonly warmup?: number;
}

export interface LevelShiftState {
  seen: number;
  level: number;
  /** The mean distance from the level. */
  spread: number;
  /** What has added up above the level, and below it. */
  above: number;
  below: number;
}

/** A normal variable's standard deviation is so many times its mean distance from its mean. */
const DEVIATIONS = Math.sqrt(Math.PI / 2);
/** What adds up, in standard deviations: what a value is further away than `SLACK`, up to `MAX`; over `LIMIT` is a shift. */
const SLACK = 1.5;
const MAX = 10;
const LIMIT = 8;
/** No more adds up, so that a shift that is over is soon forgotten. */
const CAP = 10;
/** Values count for the baseline as if they were at most so many standard deviations away: no anomaly can freeze it. */
const CLIP = 3;
/** The spread is never taken for less than this share of the level's size. */
const MIN_SPREAD = 0.01;

/**
 * Finds a level that has changed, at once when by much and after some values when by little: two CUSUM charts (Page,
 * "Continuous inspection schemes", Biometrika 41, 1954) around a baseline that follows lasting changes slowly. The same
 * anomaly is found again however often it comes.
 */
export function levelShift({ span = 100, warmup = 20 }: LevelShiftOptions = {}): Detector<LevelShiftState> {
  return {
    name: 'level-shift',
    initial: () => ({ seen: 0, level: 0, spread: 0, above: 0, below: 0 }),
    observe(state, _timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      if (state.seen === 0) state.level = value;
      const distance = value - state.level;
      const deviation = Math.max(state.spread * DEVIATIONS, MIN_SPREAD * Math.abs(state.level), Number.EPSILON);
      const z = distance / deviation;
      const isLearning = state.seen < warmup;
      // While there is little to go by, the mean of all is the best guess.
      const rate = Math.max(1 / (state.seen + 1), 1 / span);
      const counted = isLearning ? distance : Math.max(-CLIP * deviation, Math.min(CLIP * deviation, distance));
      state.seen++;
      state.level += rate * counted;
      state.spread += rate * (Math.abs(counted) - state.spread);
      if (isLearning) return UNJUDGED;
      state.above = Math.min(CAP, Math.max(0, state.above + Math.min(z, MAX) - SLACK));
      state.below = Math.min(CAP, Math.max(0, state.below + Math.min(-z, MAX) - SLACK));
      const shift = Math.max(state.above, state.below);
      const usual = CLIP * deviation;
      return {
        // A half at the limit.
        score: shift / (shift + LIMIT),
        isAnomalous: shift > LIMIT,
        expected: { low: state.level - usual, high: state.level + usual },
      };
    },
  };
}
