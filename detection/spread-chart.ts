import { type Detector, UNJUDGED } from './detector.js';

export interface SpreadChartState {
  seen: number;
  /** What is usual of a square. */
  square: number;
  evidence: number;
}

/** The alternative has twice the usual deviation: four times the square. */
const TIMES = 4;
/** A square counts as at most so many usual ones: an outlier is no change of the spread. */
const MAX = 9;
/** By chance evidence gets there once in e^20 observations, where they are independent and normal. */
const LIMIT = 20;
const CAP = 25;
const SPAN = 500;
const WARMUP = 60;

/**
 * Finds that values around 0 have come to scatter twice as far: a CUSUM chart of the log-likelihood ratio of normal variables
 * (Page 1954). Nothing is learned while there is much evidence, but slowly.
 */
export function spreadChart(): Detector<SpreadChartState> {
  return {
    name: 'spread',
    initial: () => ({ seen: 0, square: 0, evidence: 0 }),
    observe(state, _timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      const n = ++state.seen;
      const square = value ** 2;
      const usual = Math.max(state.square, Number.EPSILON);
      const counted = n > WARMUP ? Math.min(square, MAX * usual) : square;
      if (n > WARMUP) {
        const ratio = (counted / usual) * 0.5 * (1 - 1 / TIMES) - 0.5 * Math.log(TIMES);
        state.evidence = Math.min(CAP, Math.max(0, state.evidence + ratio));
      }
      const { evidence } = state;
      const doubt = evidence > LIMIT / 2 ? 0.2 : 1;
      state.square += doubt * Math.max(1 / n, 1 / SPAN) * (counted - state.square);
      if (n <= WARMUP) return UNJUDGED;
      const width = 3 * Math.sqrt(usual);
      return {
        score: evidence / (evidence + LIMIT),
        isAnomalous: evidence > LIMIT,
        expected: { low: -width, high: width },
      };
    },
  };
}
