import { adaptive } from './adaptive.js';
import type { Detector } from './detector.js';
import { multiResolution } from './multi-resolution.js';
import { type RateSpikeOptions, rateSpike } from './rate-spike.js';
import { type ThresholdOptions, threshold } from './threshold.js';
import { type ZScoreOptions, zScore } from './z-score.js';

/** A detector by its name, with its options where it has some. */
export type DetectorChoice =
  | { readonly name: 'adaptive' }
  | { readonly name: 'multi-resolution' }
  | ({ readonly name: 'z-score' } & ZScoreOptions)
  | ({ readonly name: 'rate-spike' } & RateSpikeOptions)
  | ({ readonly name: 'threshold' } & ThresholdOptions);

/** What a state is, only the detector knows that has made it. */
export function createDetector(choice: DetectorChoice = { name: 'adaptive' }): Detector<unknown> {
  switch (choice.name) {
    case 'adaptive':
      return adaptive();
    case 'multi-resolution':
      return multiResolution();
    case 'z-score':
      return zScore(choice);
    case 'rate-spike':
      return rateSpike(choice);
    case 'threshold':
      return threshold(choice);
  }
}
