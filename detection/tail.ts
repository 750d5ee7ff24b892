import { raised } from './raised.js';

/**
 * How rare a magnitude is, by a series' own history: a histogram over a logarithmic scale whose tail is filled up with
 * a prior where nothing was seen yet (the predictive probability of a Dirichlet process). The prior counts as a few
 * observations, so that the longer a series stays calm, the more surprising is what it never did; and what it did
 * before surprises no more than its share.
 */
export interface Tail {
  /** How often magnitudes of each bin were seen, discounted. */
  readonly counts: number[];
  total: number;
}

export interface TailTuning {
  /** The prior's weight, in observations. */
  readonly priorWeight: number;
  /** The prior is the tail of a Student distribution with this freedom: heavier than a normal one, for real series have outliers. */
  readonly priorFreedom: number;
  /** With more observations, old ones are discounted. */
  readonly memory: number;
  /** What was seen this much smaller, in bins, is taken for as large. */
  readonly slack: number;
}

const BINS_PER_OCTAVE = 4;
const LOWEST = 0.5;
const BINS = 40;
const DISCOUNT = 0.9;
const GRAINS = 10_000;

export function emptyTail(): Tail {
  return { counts: new Array<number>(BINS).fill(0), total: 0 };
}

/** In bins, from 0 for what is under the lowest to the last bin for all that is over it. */
function position(magnitude: number): number {
  return magnitude <= LOWEST ? 0 : Math.min(BINS - 1, Math.log2(magnitude / LOWEST) * BINS_PER_OCTAVE);
}

/** -log10 of the probability of `magnitude` or more. */
export function surpriseOf({ counts, total }: Tail, magnitude: number, tuning: TailTuning): number {
  const { priorFreedom, priorWeight, slack } = tuning;
  const place = Math.max(0, position(magnitude) - slack);
  const bin = Math.floor(place);
  const inBin = counts[bin] ?? 0;
  let above: number;
  // Most magnitudes are small, with less to add up below them; of large ones a difference would be all rounding.
  if (bin < BINS / 2) {
    above = total - inBin * (place - bin);
    for (let i = 0; i < bin; i++) above -= counts[i] ?? 0;
  } else {
    above = inBin * (bin + 1 - place);
    for (let i = bin + 1; i < BINS; i++) above += counts[i] ?? 0;
  }
  const prior = 1 / raised(1 + (magnitude * magnitude) / priorFreedom, priorFreedom / 2);
  return -Math.log10((priorWeight * prior + above) / (priorWeight + total));
}

export function addToTail(tail: Tail, magnitude: number, weight: number, { memory }: TailTuning): void {
  const bin = Math.floor(position(magnitude));
  tail.counts[bin] = rounded((tail.counts[bin] ?? 0) + weight);
  tail.total = rounded(tail.total + weight);
  if (tail.total <= memory) return;
  tail.counts.forEach((count, i) => {
    tail.counts[i] = rounded(count * DISCOUNT);
  });
  tail.total = rounded(tail.counts.reduce((sum, count) => sum + count, 0));
}

/** The states of many series are written as text. */
function rounded(count: number): number {
  return Math.round(count * GRAINS) / GRAINS;
}
