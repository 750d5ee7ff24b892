import { ADAPTIVE_TUNING, adaptive } from './adaptive.js';
import type { Detector } from './detector.js';
import { type LevelShiftOptions, levelShift } from './level-shift.js';
import { type LocalTime, UTC } from './local-time.js';
import { MULTI_RESOLUTION_TUNING, multiResolution } from './multi-resolution.js';
import { type RateSpikeOptions, rateSpike } from './rate-spike.js';
import { silence } from './silence.js';
import { type ThresholdOptions, threshold } from './threshold.js';
import { type ZScoreOptions, zScore } from './z-score.js';

/** How easily a learning detector alerts. */
export interface SensitivityOptions {
  /** Scores from here are anomalous: 0.44 for `adaptive`, 0.43 for `multi-resolution`; lower alerts sooner and more often. */
  readonly alertScore?: number;
}

/** A detector by its name, with its options where it has some. */
export type DetectorChoice =
  | ({ readonly name: 'adaptive' | 'multi-resolution' } & SensitivityOptions)
  | ({ readonly name: 'level-shift' } & LevelShiftOptions)
  | { readonly name: 'silence' }
  | ({ readonly name: 'z-score' } & ZScoreOptions)
  | ({ readonly name: 'rate-spike' } & RateSpikeOptions)
  | ({ readonly name: 'threshold' } & ThresholdOptions);

/**
 * What a state is, only the detector knows that has made it.
 *
 * @param localTime by which detectors that learn the usual day count its hours
 */
export function createDetector(
  choice: DetectorChoice = { name: 'multi-resolution' },
  localTime: LocalTime = UTC,
): Detector<unknown> {
  switch (choice.name) {
    case 'adaptive':
      return adaptive({ ...ADAPTIVE_TUNING, ...sensitivity(choice) }, localTime);
    case 'multi-resolution':
      return multiResolution({ ...MULTI_RESOLUTION_TUNING, ...sensitivity(choice) }, localTime);
    case 'level-shift':
      return levelShift(choice);
    case 'silence':
      return silence();
    case 'z-score':
      return zScore(choice);
    case 'rate-spike':
      return rateSpike(choice);
    case 'threshold':
      return threshold(choice);
  }
}

function sensitivity({ alertScore }: SensitivityOptions): SensitivityOptions {
  return alertScore === undefined ? {} : { alertScore };
}
