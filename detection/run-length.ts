import { type Detector, UNJUDGED } from './detector.js';

export interface RunLengthState {
  seen: number;
  /** How often an observation is such a one, where the one before was; fading. */
  rate: number;
  run: number;
  /** The longest run that came to an end, fading. */
  longest: number;
}

/** A run whose probability is under 10^-9 is an anomaly. */
const LIMIT = 9;
const SPAN = 500;
const WARMUP = 30;
/** Who pauses from time to time is not missed before the pause is so many times as long as ever. */
const LONGER = 2;
const SHORTEST = 5;
const FADING = 0.999;

/**
 * Finds that the same comes again and again where it usually does not: observations are 1 (such a one) or 0. Runs are taken
 * for geometric, by the learned rate, and no run is news that is not twice as long as any before. What never differs is never
 * news.
 */
export function runLength(): Detector<RunLengthState> {
  return {
    name: 'run-length',
    initial: () => ({ seen: 0, rate: 0, run: 0, longest: 0 }),
    observe(state, _timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      state.seen++;
      const isSuch = value > 0;
      if (isSuch) state.run++;
      // By Laplace's rule: few observations without such a one are no proof that there is none.
      const chance = Math.min(1, state.rate + 1 / Math.min(state.seen + 2, SPAN));
      const surprise = -state.run * Math.log10(chance);
      const isJudged = state.seen > WARMUP && state.run >= SHORTEST && state.run > LONGER * state.longest;
      const score = isJudged ? surprise / (surprise + LIMIT) : 0;
      const isAnomalous = isJudged && surprise >= LIMIT;
      if (!isAnomalous) state.rate += ((isSuch ? 1 : 0) - state.rate) / Math.min(state.seen, SPAN);
      if (!isSuch) {
        // An outage is no pause, but for one that comes again and again.
        const wasOutage = state.seen > WARMUP && -state.run * Math.log10(chance) >= LIMIT;
        const faded = FADING * state.longest;
        state.longest = wasOutage ? faded : Math.max(faded, state.run);
        state.run = 0;
      }
      return { score, isAnomalous, expected: { low: 0, high: Math.max(SHORTEST, Math.ceil(LONGER * state.longest)) } };
    },
  };
}
