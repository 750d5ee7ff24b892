import { ADAPTIVE_TUNING, type AdaptiveState, type AdaptiveTuning, adaptive } from './adaptive.js';
import { type Detector, UNJUDGED } from './detector.js';
import { scoreOfSurprise, surpriseOfScore } from './surprise.js';

/** One way to look at a series. */
export interface View {
  /** How many values one of its values is the mean of. */
  readonly factor: number;
  readonly tuning: AdaptiveTuning;
}

export interface MultiResolutionTuning {
  /** The first looks at the series itself, and says what is expected. */
  readonly views: readonly View[];
  /** A view whose means span more time than this does not count. */
  readonly longestMs: number;
  /** How views add up, as a power mean: the higher, the more the most surprised one decides. */
  readonly power: number;
  /** Scores from here are anomalous. */
  readonly alertScore: number;
}

const SEASONAL: AdaptiveTuning = {
  ...ADAPTIVE_TUNING,
  seasonHours: [24],
  priorWeight: 10,
  slack: 1.5,
  levelShare: 0.003,
  anomalyWeight: 0.2,
};
const SEASONLESS: AdaptiveTuning = { ...SEASONAL, seasonHours: [] };

export const MULTI_RESOLUTION_TUNING: MultiResolutionTuning = {
  views: [
    { factor: 1, tuning: SEASONAL },
    { factor: 1, tuning: SEASONLESS },
    { factor: 3, tuning: SEASONAL },
    { factor: 9, tuning: SEASONAL },
    { factor: 27, tuning: SEASONAL },
  ],
  longestMs: 3 * 3_600_000,
  power: 3,
  alertScore: 0.43,
};

/** All that is remembered of a series: some 9 KB as JSON. */
export interface MultiResolutionState {
  readonly views: readonly ViewState[];
}

interface ViewState {
  readonly state: AdaptiveState;
  /** Of the values since its last mean. */
  sum: number;
  count: number;
  /** How surprised it was by its last mean. */
  surprise: number;
}

/** The usual time between values is no exact multiple. */
const LENIENCE = 1.01;

/**
 * The stronger detector: the series and its means over 3, 9 and 27 values are each watched by an adaptive detector, the
 * series itself also by one that knows no seasons, and all have a say. What lasts surprises at several resolutions, a
 * single odd value at one only, so there are fewer false alerts, and what is weak but lasts is found. It takes some
 * three times the time of `adaptive` and twice the state.
 */
export function multiResolution(
  tuning: MultiResolutionTuning = MULTI_RESOLUTION_TUNING,
): Detector<MultiResolutionState> {
  const { power } = tuning;
  const views = tuning.views.map(({ factor, tuning: of }) => ({ factor, detector: adaptive(of) }));
  return {
    name: 'multi-resolution',
    initial: () => ({
      views: views.map(({ detector }) => ({ state: detector.initial(), sum: 0, count: 0, surprise: 0 })),
    }),
    observe(state, timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      let { expected } = UNJUDGED;
      let intervalMs = 0;
      let sum = 0;
      let counted = 0;
      views.forEach(({ detector, factor }, i) => {
        const view = state.views[i];
        if (view === undefined || intervalMs * factor > tuning.longestMs * LENIENCE) return;
        view.sum += value;
        view.count++;
        if (view.count >= factor) {
          const verdict = detector.observe(view.state, timestampMs, view.sum / view.count);
          view.surprise = surpriseOfScore(verdict.score);
          view.sum = 0;
          view.count = 0;
          if (i === 0) ({ expected } = verdict);
        }
        if (i === 0) ({ intervalMs } = view.state);
        sum += view.surprise ** power;
        counted++;
      });
      const score = scoreOfSurprise((sum / counted) ** (1 / power));
      return { score, isAnomalous: score >= tuning.alertScore, expected };
    },
  };
}
