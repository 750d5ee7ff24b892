/**
 * How much of a detector's score its tuning on the very files makes up: random tunings are tried, and the one that is
 * best on half of the files, together with its threshold, is measured on the other half.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { ADAPTIVE_TUNING, type AdaptiveTuning, adaptive } from '../../detection/adaptive.js';
import type { Detector } from '../../detection/detector.js';
import { MULTI_RESOLUTION_TUNING, multiResolution } from '../../detection/multi-resolution.js';
import { runDetector } from './alerts.js';
import { percentage, SPLITS, scoreThresholds } from './nab.js';
import type { NabCorpus } from './nab-corpus.js';
import { rulesOf } from './nab-scoring.js';
import { halves, meanAndDeviation } from './splits.js';

const SEED = 3;

/** What each setting is drawn from. */
const RANGES = {
  norm: [2.5, 3, 4, 5],
  anomalyWeight: [0.05, 0.1, 0.2, 0.3, 0.5],
  slack: [0, 0.5, 1, 1.5],
  priorWeight: [5, 10, 20, 30],
  priorFreedom: [3, 4, 6],
  memory: [1500, 3000, 8000],
  levelSpan: [60, 100, 150, 250],
  errorSpan: [300, 500, 1000],
  scaleSpan: [300, 500, 1000, 2000],
  clip: [2, 3, 4],
  driftClip: [3, 6, 10, 20],
  activitySpans: [[8], [12], [24], [12, 60], [30, 150]],
  driftSpans: [[8, 40], [4, 16, 64], [6, 30, 150], [10, 60], [30]],
  restlessPower: [0, 0.3, 0.5, 0.8],
  seasonGain: [0.6, 0.75, 0.85, 0.95],
  errorShare: [0.02, 0.05, 0.1, 0.2],
  levelShare: [0.001, 0.003, 0.01],
  warmUp: [30, 60, 100],
} satisfies Partial<{ [K in keyof AdaptiveTuning]: readonly AdaptiveTuning[K][] }>;

function randomTunings(count: number): AdaptiveTuning[] {
  const generator = xoroshiro128plus(SEED);
  const draw = <T>(from: readonly T[]) => from[(generator.next() >>> 0) % from.length];
  return Array.from({ length: count }, () => ({
    ...ADAPTIVE_TUNING,
    ...Object.fromEntries(Object.entries(RANGES).map(([setting, values]) => [setting, draw<unknown>(values)])),
  }));
}

/** The detectors that learn, each with the same tuning for all its views. */
const TUNABLE: Readonly<Record<string, (tuning: AdaptiveTuning) => Detector<unknown>>> = {
  adaptive,
  'multi-resolution': (tuning) =>
    multiResolution({
      ...MULTI_RESOLUTION_TUNING,
      views: MULTI_RESOLUTION_TUNING.views.map(({ factor, tuning: { seasonHours } }) => ({
        factor,
        tuning: { ...tuning, seasonHours },
      })),
    }),
};

/** By detector: the standard profile's scores on the halves that tuning and threshold were not chosen on. */
export function heldOutTunings(
  corpus: NabCorpus,
  count: number,
): { detector: string; mean: number; deviation: number }[] {
  return Object.entries(TUNABLE).map(([detector, create]) => ({ detector, ...heldOutTuning(corpus, count, create) }));
}

function heldOutTuning(
  corpus: NabCorpus,
  count: number,
  create: (tuning: AdaptiveTuning) => Detector<unknown>,
): { mean: number; deviation: number } {
  const costs = Object.values(corpus.profiles).slice(0, 1);
  const rules = corpus.files.map(rulesOf);
  const times = corpus.files.map(({ timestampsMs }) => timestampsMs);
  // By tuning and threshold, and file.
  const contenders = randomTunings(count).flatMap((tuning) => {
    const detector = create(tuning);
    const answers = corpus.files.map((file) => runDetector(detector, file));
    return scoreThresholds(answers, times, rules, costs, 'episode').scores.map(([standard = []]) => standard);
  });
  return meanAndDeviation(
    halves(corpus.files.length, SPLITS).map(([chosenOn, measuredOn]) => {
      const scores = contenders.map((contender) => percentage(contender, chosenOn, rules, costs[0]));
      return percentage(contenders[scores.indexOf(Math.max(...scores))] ?? [], measuredOn, rules, costs[0]);
    }),
  );
}
