import { type Detector, UNJUDGED } from './detector.js';
import { meanOf, noValues, type RecentValues, remember } from './recent-values.js';

export interface RateSpikeOptions {
  /** How many times the mean is a spike: more than 5. */
  readonly factor?: number;
  /** Rates up to this are no spike, whatever the mean: 0.1. */
  readonly floor?: number;
  /** How many of the last rates the mean is of: 100. */
  readonly window?: number;
  /** How many rates there must be before one is judged: 5. */
  readonly minimum?: number;
}

/**
 * The textbook's rule for error rates: anomalous is a rate over five times the mean of the last hundred, and over 0.1.
 * The score is a half at the rule's limit. Every rate enters the mean.
 */
export function rateSpike({
  factor = 5,
  floor = 0.1,
  window = 100,
  minimum = 5,
}: RateSpikeOptions = {}): Detector<RecentValues> {
  return {
    name: 'rate-spike',
    initial: noValues,
    observe(state, _timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      let verdict = UNJUDGED;
      if (state.values.length >= minimum) {
        const high = Math.max(factor * meanOf(state), floor);
        verdict = {
          score: value > 0 ? value / (value + high) : 0,
          isAnomalous: value > high,
          expected: { low: Number.NEGATIVE_INFINITY, high },
        };
      }
      remember(state, value, window);
      return verdict;
    },
  };
}
