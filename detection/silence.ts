import { type Detector, UNJUDGED } from './detector.js';

export interface SilenceState {
  seen: number;
  /** Usual events in an interval. */
  mean: number;
  /** Intervals without an event up to now. */
  run: number;
  /** The longest such run that was followed by events, fading. */
  longest: number;
}

export interface SilenceOptions {
  /** So many events that should have come and have not are an anomaly. Default 15: by chance once in e^15, three million times. */
  readonly missed?: number;
}

export const MISSED = 15;
/** Who pauses from time to time is not missed before it has paused for so many times as long as ever. */
const LONGER = 2;
const SPAN = 100;
const WARMUP = 12;
/** Of what was seen for fewer intervals nobody knows whether it pauses: fewer without an event say nothing. */
const NEW = 120;
const MIN_NEW = 3;
/** With each interval that has events. */
const FADING = 0.9999;
/** What is longer, in intervals, and was not usual, is an outage. */
const LONGEST_PAUSE = 6;

/**
 * Finds that events, counted in intervals, have ceased: at once where there are many, later where there are few, and later
 * still where pauses are usual. Times between events are taken for exponential, as of a Poisson process.
 */
export function silence({ missed: limit = MISSED }: SilenceOptions = {}): Detector<SilenceState> {
  return {
    name: 'silence',
    initial: () => ({ seen: 0, mean: 0, run: 0, longest: 0 }),
    observe(state, _timestampMs, count) {
      if (!Number.isFinite(count)) return UNJUDGED;
      if (count > 0) {
        learn(state, count, limit);
        return { score: 0, isAnomalous: false, expected: { low: 0, high: Number.POSITIVE_INFINITY } };
      }
      state.run++;
      const missed = missedIn(state);
      return {
        // A half at the limit.
        score: missed / (missed + limit),
        isAnomalous: missed >= limit,
        expected: { low: state.mean, high: Number.POSITIVE_INFINITY },
      };
    },
  };
}

/** The events that should have come by now. */
function missedIn({ longest, mean, run, seen }: SilenceState): number {
  if (seen < WARMUP || run <= LONGER * longest || (seen < NEW && run < MIN_NEW)) return 0;
  return run * mean;
}

function learn(state: SilenceState, count: number, limit: number): void {
  // A pause is usual from now on, also one that was taken for an outage at first; what lasts is not.
  const isOutage = missedIn(state) >= limit;
  const faded = FADING * state.longest;
  state.longest = isOutage && state.run > LONGEST_PAUSE ? faded : Math.max(faded, state.run);
  const intervals = isOutage ? 1 : state.run + 1;
  const rate = Math.max(1 / (state.seen + 1), 1 / SPAN);
  state.seen += intervals;
  state.mean += (1 - (1 - rate) ** intervals) * (count / intervals - state.mean);
  state.run = 0;
}
