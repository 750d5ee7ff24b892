import { threshold } from '../../detection/threshold.js';
import type { Detection, SeriesSignal } from './signals.js';

/** A fixed limit, which is a detection of its own. */
export interface Limit<O>
  extends Pick<SeriesSignal<O>, 'value' | 'severity' | 'field' | 'explain' | 'explainsAll' | 'write'> {
  readonly name: string;
  /** More is over it. */
  readonly limit: number;
  /** An episode is over after so many observations in a row that are not over the limit. */
  readonly closeAfter: number;
}

export function detectionOf<O>({ closeAfter, limit, name, ...signal }: Limit<O>): Detection<O> {
  return { name, signals: [{ ...signal, detector: threshold({ limit }) }], episodes: { closeAfter } };
}
