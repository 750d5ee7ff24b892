/** What the detectors are measured against, after their public descriptions. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Detector, UNJUDGED, type Verdict } from '../../detection/detector.js';
import { normalTail } from '../../detection/surprise.js';

function verdict(score: number, alert: number): Verdict {
  return { ...UNJUDGED, score, isAnomalous: score >= alert };
}

/** Never alerts. */
export function nullDetector(): Detector<null> {
  return { name: 'null', initial: () => null, observe: () => UNJUDGED };
}

const RANDOM_ALERT = 0.999;

/** A random score for every value. */
export function randomDetector(seed: number): Detector<null> {
  const generator = xoroshiro128plus(seed);
  return {
    name: 'random',
    initial: () => null,
    observe: () => verdict((generator.next() >>> 0) / 0x1_0000_0000, RANDOM_ALERT),
  };
}

interface GaussianState {
  readonly window: number[];
  readonly step: number[];
  mean: number;
  /** The sum of squared distances to the mean. */
  squares: number;
}

const GAUSSIAN_WINDOW = 6400;
const GAUSSIAN_STEP = 100;
/** It has no threshold of its own: one in a million. */
const GAUSSIAN_ALERT = 1 - 1e-6;
const MIN_DEVIATION = 1e-6;

/**
 * The windowed Gaussian of the Numenta Anomaly Benchmark: one less the normal tail probability of a value by the mean
 * and standard deviation of a window of 6400 that moves on by 100 values at a time.
 */
export function windowedGaussian(): Detector<GaussianState> {
  return {
    name: 'windowed Gaussian',
    initial: () => ({ window: [], step: [], mean: 0, squares: 0 }),
    observe(state, _timestampMs, value) {
      const { step, window } = state;
      const deviation = Math.sqrt(state.squares / window.length) || MIN_DEVIATION;
      const score = window.length === 0 ? 0 : 1 - normalTail(Math.abs(value - state.mean) / deviation);
      if (window.length < GAUSSIAN_WINDOW) {
        window.push(value);
        add(state, value, window.length);
      } else {
        step.push(value);
        if (step.length === GAUSSIAN_STEP) {
          window.splice(0, GAUSSIAN_STEP);
          window.push(...step);
          step.length = 0;
          state.mean = 0;
          state.squares = 0;
          for (const [i, one] of window.entries()) add(state, one, i + 1);
        }
      }
      return verdict(score, GAUSSIAN_ALERT);
    },
  };
}

/** Welford's method. */
function add(state: GaussianState, value: number, count: number): void {
  const before = value - state.mean;
  state.mean += before / count;
  state.squares += before * (value - state.mean);
}
