import type { Detector } from './detector.js';

export interface UnusualShareOptions {
  /** Shares up to it are never anomalous. */
  readonly limit: number;
}

export interface UnusualShareState {
  /** The usual share; 0 before there was one. */
  usual: number;
}

/** More than so many times the usual share is unusual. */
const TIMES = 1.5;
const SPAN = 20;

/** A limit that what is always over it does not break for ever: a host of which four in ten requests fail is so, and no news. */
export function unusualShare({ limit }: UnusualShareOptions): Detector<UnusualShareState> {
  return {
    name: 'unusual-share',
    initial: () => ({ usual: 0 }),
    observe(state, _timestampMs, value) {
      // What older versions have written remembers nothing.
      const usual = state.usual ?? 0;
      const high = Math.max(limit, TIMES * usual);
      state.usual = Number((usual + (value - usual) / SPAN).toPrecision(6));
      return {
        score: value > high ? 1 : 0,
        isAnomalous: value > high,
        expected: { low: Number.NEGATIVE_INFINITY, high },
      };
    },
  };
}
