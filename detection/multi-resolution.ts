import {
  ADAPTIVE_TUNING,
  type AdaptiveState,
  type AdaptiveTuning,
  type Assessment,
  adaptiveSteps,
  newsIn,
} from './adaptive.js';
import { type Detector, UNJUDGED } from './detector.js';
import { type LocalTime, UTC } from './local-time.js';
import { raised, rootOf } from './raised.js';
import { scoreOfSurprise } from './surprise.js';

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
  rareWeight: 0.0005,
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
  /** How surprised it was by its last mean, and how much of that is none of every day. */
  surprise: number;
  news: number;
  /** Whether there was an anomaly since its last mean. */
  isOdd: boolean;
}

/** The usual time between values is no exact multiple. */
/** A mean over 27 values is new for fewer means, but for a longer time: for 2000 / 27^0.4 of them. */
const LEARNS_LONGER = 0.4;
const LENIENCE = 1.01;

/**
 * The stronger detector: the series and its means over 3, 9 and 27 values are each watched by an adaptive detector, the
 * series itself also by one that knows no seasons, and all have a say. What lasts surprises at several resolutions, a
 * single odd value at one only, so there are fewer false alerts, and what is weak but lasts is found. What is anomalous
 * is hardly learned of what is rare, so that it is found each time, until it stays or comes every day. It takes some
 * three times the time of `adaptive` and twice the state.
 */
export function multiResolution(
  tuning: MultiResolutionTuning = MULTI_RESOLUTION_TUNING,
  localTime: LocalTime = UTC,
): Detector<MultiResolutionState> {
  const { alertScore, longestMs, power } = tuning;
  const views = tuning.views.map(({ factor, tuning: of }) => ({
    factor,
    ownScore: of.alertScore,
    ...adaptiveSteps({ ...of, learningValues: of.learningValues / factor ** LEARNS_LONGER }, localTime),
  }));
  return {
    name: 'multi-resolution',
    isSeasonal: true,
    initial: () => ({
      views: views.map(({ initial }) => ({
        ...{ state: initial(), sum: 0, count: 0, surprise: 0, news: 0, isOdd: false },
      })),
    }),
    observe(state, timestampMs, value, said) {
      if (!Number.isFinite(value)) return UNJUDGED;
      const assessed: (Assessment | undefined)[] = [];
      let intervalMs = 0;
      let surprises = 0;
      let news = 0;
      let counted = 0;
      for (let i = 0; i < views.length; i++) {
        const { assess, factor } = views[i] as (typeof views)[number];
        const view = state.views[i];
        if (view === undefined || intervalMs * factor > longestMs * LENIENCE) break;
        view.sum += value;
        view.count++;
        if (view.count >= factor) {
          const assessment = assess(view.state, timestampMs, view.sum / view.count);
          view.surprise = assessment.surprise;
          view.news = newsIn(assessment);
          assessed[i] = assessment;
        }
        if (i === 0) ({ intervalMs } = view.state);
        surprises += raised(view.surprise, power);
        news += raised(view.news, power);
        counted++;
      }
      const scoreOf = (sum: number) => scoreOfSurprise(rootOf(sum / counted, power));
      const score = scoreOf(said?.isFault ? surprises : news);
      const verdict = { score, isAnomalous: score >= alertScore, expected: assessed[0]?.expected ?? UNJUDGED.expected };
      const isFine = said !== undefined && verdict.isAnomalous && said.isFine(verdict);
      const isOdd = !isFine && scoreOf(surprises) >= alertScore;
      for (let i = 0; i < state.views.length; i++) {
        const view = state.views[i] as ViewState;
        view.isOdd ||= isOdd;
        const assessment = assessed[i];
        if (assessment === undefined) continue;
        const { learn, ownScore } = views[i] as (typeof views)[number];
        const isOwn = !isFine && scoreOfSurprise(view.surprise) >= ownScore;
        learn(view.state, timestampMs, view.sum / view.count, assessment, isOwn || view.isOdd);
        view.sum = 0;
        view.count = 0;
        view.isOdd = false;
      }
      return verdict;
    },
  };
}
