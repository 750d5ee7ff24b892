import type { Detector } from '../../detection/detector.js';
import { createDetector } from '../../detection/detectors.js';
import type { Alerting } from './alerts.js';
import { nullDetector, randomDetector, windowedGaussian } from './reference-detectors.js';

/** A row of the tables. */
export interface Contestant {
  readonly label: string;
  readonly detector: () => Detector<unknown>;
  readonly alerting: Alerting;
}

const RANDOM_SEED = 42;

const zScore = () => createDetector({ name: 'z-score' });
const zScoreOfAll = () => createDetector({ name: 'z-score', learnsAnomalies: true });

export const CONTESTANTS: readonly Contestant[] = [
  { label: 'null', detector: nullDetector, alerting: 'point' },
  { label: 'random', detector: () => randomDetector(RANDOM_SEED), alerting: 'point' },
  { label: 'windowed Gaussian', detector: windowedGaussian, alerting: 'point' },
  { label: 'z-score, anomalies left out', detector: zScore, alerting: 'point' },
  { label: 'z-score, nothing left out', detector: zScoreOfAll, alerting: 'point' },
  { label: 'windowed Gaussian', detector: windowedGaussian, alerting: 'episode' },
  { label: 'z-score, anomalies left out', detector: zScore, alerting: 'episode' },
  { label: 'z-score, nothing left out', detector: zScoreOfAll, alerting: 'episode' },
  { label: 'level-shift', detector: () => createDetector({ name: 'level-shift' }), alerting: 'episode' },
  { label: '**adaptive**', detector: () => createDetector({ name: 'adaptive' }), alerting: 'episode' },
  { label: '**multi-resolution**', detector: () => createDetector(), alerting: 'episode' },
  { label: '**multi-resolution**', detector: () => createDetector(), alerting: 'point' },
];
