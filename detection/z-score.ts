import { type Detector, UNJUDGED } from './detector.js';
import { meanOf, noValues, type RecentValues, remember, standardDeviationOf } from './recent-values.js';
import { normalSurprise, scoreOfSurprise } from './surprise.js';

export interface ZScoreOptions {
  /** How many standard deviations from the mean are anomalous: more than 3. */
  readonly limit?: number;
  /** How many of the last values the mean is of: 1000. */
  readonly window?: number;
  /** How many values there must be before one is judged: 10. */
  readonly minimum?: number;
  /** Whether anomalous values enter the window too: no. Then a lasting change of the level is reported for ever. */
  readonly learnsAnomalies?: boolean;
}

/**
 * The textbook's rule: a value is anomalous when it is more than three standard deviations from the mean of the last
 * thousand. A window without spread judges nothing. The state holds the window: up to some 10 KB.
 */
export function zScore({
  limit = 3,
  window = 1000,
  minimum = 10,
  learnsAnomalies = false,
}: ZScoreOptions = {}): Detector<RecentValues> {
  return {
    name: 'z-score',
    initial: noValues,
    observe(state, _timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      let verdict = UNJUDGED;
      if (state.values.length >= minimum) {
        const mean = meanOf(state);
        const deviation = standardDeviationOf(state, mean);
        if (deviation > 0) {
          const z = (value - mean) / deviation;
          verdict = {
            score: scoreOfSurprise(normalSurprise(z)),
            isAnomalous: Math.abs(z) > limit,
            expected: { low: mean - limit * deviation, high: mean + limit * deviation },
          };
        }
      }
      if (learnsAnomalies || !verdict.isAnomalous) remember(state, value, window);
      return verdict;
    },
  };
}
