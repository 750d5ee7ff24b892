/** What the detectors are measured against, after their public descriptions. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Detector, Verdict } from '../../detection/detector.js';
import { UNJUDGED } from '../../detection/detector.js';
import { normalTail } from '../../detection/surprise.js';

function verdict(score: number, alert: number): Verdict {
  return { ...UNJUDGED, score, isAnomalous: score >= alert };
}

/** Never alerts. */
export function nullDetector(): Detector<null> {
  return { name: 'null', initial: () => null, observe: () => UNJUDGED };
}

/** A random score for every value. */
export function randomDetector(seed: number): Detector<null> {
  const generator = xoroshiro128plus(seed);
  return {
    name: 'random',
    initial: () => null,
    observe: () => verdict((generator.next() >>> 0) / 0x1_0000_0000, 0.999),
  };
}

interface GaussianState {
  readonly window: number[];
  readonly step: number[];
  mean: number;
  deviation: number;
}

const GAUSSIAN_WINDOW = 6400;
const GAUSSIAN_STEP = 100;

/**
 * The windowed Gaussian of the Numenta Anomaly Benchmark: one less the normal tail probability of a value by the mean
 * and standard deviation of a window of 6400 that moves on by 100 values at a time.
 */
export function windowedGaussian(): Detector<GaussianState> {
  return {
    name: 'windowed Gaussian',
    initial: () => ({ window: [], step: [], mean: 0, deviation: 1 }),
    observe(state, _timestampMs, value) {
      const score = state.window.length === 0 ? 0 : 1 - normalTail(Math.abs(value - state.mean) / state.deviation);
      if (state.window.length < GAUSSIAN_WINDOW) {
        state.window.push(value);
        fit(state);
      } else {
        state.step.push(value);
        if (state.step.length === GAUSSIAN_STEP) {
          state.window.splice(0, GAUSSIAN_STEP);
          state.window.push(...state.step);
          state.step.length = 0;
          fit(state);
        }
      }
      return verdict(score, 1 - 1e-6);
    },
  };
}

function fit(state: GaussianState): void {
  const { length } = state.window;
  let mean = 0;
  for (const value of state.window) mean += value / length;
  let variance = 0;
  for (const value of state.window) variance += (value - mean) ** 2 / length;
  state.mean = mean;
  state.deviation = Math.sqrt(variance) || 1e-6;
}
