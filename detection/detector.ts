/** What a detector says of one observation. */
export interface Verdict {
  /**
   * How surprising the value is, 0 (as expected) to 1, on a scale of its own for each detector but the same for every
   * series: one threshold fits all.
   */
  readonly score: number;
  /** Whether the score is over the detector's alert threshold, or its rule holds. */
  readonly isAnomalous: boolean;
  /** The range in which the detector expected the value; infinite on a side that it does not watch or know. */
  readonly expected: { readonly low: number; readonly high: number };
}

/** What people have said of the same before; for detectors that learn by it. */
export interface SaidBefore {
  /** Whether what the verdict is of was fine, and is to be learned as usual. */
  readonly isFine: (verdict: Verdict) => boolean;
  /** It was a fault: it does not become usual, however often it comes. */
  readonly isFault: boolean;
}

/**
 * A streaming detector of one series. It holds no state itself: the caller keeps one state per series, plain data that
 * `JSON.stringify` writes and `JSON.parse` reads back unchanged.
 *
 * @example
 * const detector = adaptive();
 * const state = detector.initial();
 * for (const { timestampMs, value } of series) {
 *   const { score, isAnomalous } = detector.observe(state, timestampMs, value);
 * }
 */
export interface Detector<S> {
  readonly name: string;
  /** Whether it expects the usual day: a holiday is none. */
  readonly isSeasonal?: boolean;
  /** Whether it goes by the value alone: there is no state to keep. */
  readonly remembersNothing?: boolean;
  /** The state of a series of which nothing was seen. */
  initial(): S;
  /**
   * Judges a value by what was seen before it, then learns from it: `state` is changed in place. Times are milliseconds
   * since the epoch and should not go back. A value that is no finite number is not judged and changes nothing.
   */
  observe(state: S, timestampMs: number, value: number, said?: SaidBefore): Verdict;
}

/** Before there is enough to judge by. */
export const UNJUDGED: Verdict = {
  score: 0,
  isAnomalous: false,
  expected: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
};
