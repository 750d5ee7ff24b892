import type { Detector } from './detector.js';

export interface ThresholdOptions {
  /** Values over it are anomalous. */
  readonly limit: number;
}

/** A fixed limit: the score is 1 over it and 0 otherwise. It remembers nothing. */
export function threshold({ limit }: ThresholdOptions): Detector<Record<string, never>> {
  const expected = { low: Number.NEGATIVE_INFINITY, high: limit };
  return {
    name: 'threshold',
    remembersNothing: true,
    initial: () => ({}),
    observe(_state, _timestampMs, value) {
      const isAnomalous = value > limit;
      return { score: isAnomalous ? 1 : 0, isAnomalous, expected };
    },
  };
}
