import { adaptive } from '../../detection/adaptive.js';
import type { Detector } from '../../detection/detector.js';
import { zScore } from '../../detection/z-score.js';
import type { Alerting } from './alerts.js';
import { nullDetector, randomDetector, windowedGaussian } from './reference-detectors.js';

export interface Contestant {
  readonly label: string;
  readonly detector: () => Detector<unknown>;
  readonly alerting: Alerting;
}

const RANDOM_SEED = 42;

export const CONTESTANTS: readonly Contestant[] = [
  { label: 'null', detector: nullDetector, alerting: 'point' },
  { label: 'random', detector: () => randomDetector(RANDOM_SEED), alerting: 'point' },
  { label: 'windowed Gaussian', detector: windowedGaussian, alerting: 'point' },
  { label: 'z-score, anomalies left out', detector: zScore, alerting: 'point' },
  { label: 'z-score, nothing left out', detector: () => zScore({ learnsAnomalies: true }), alerting: 'point' },
  { label: 'windowed Gaussian', detector: windowedGaussian, alerting: 'episode' },
  { label: 'z-score, anomalies left out', detector: zScore, alerting: 'episode' },
  { label: 'z-score, nothing left out', detector: () => zScore({ learnsAnomalies: true }), alerting: 'episode' },
  { label: '**adaptive** (default)', detector: adaptive, alerting: 'episode' },
];
