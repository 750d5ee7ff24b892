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

const BINS_PER_OCTAVE = 4;
const LOWEST = 0.5;
const BINS = 40;

/** The prior's weight, in observations. */
const PRIOR_WEIGHT = 20;
/** The prior is a Student distribution's tail, heavier than a normal one: real series have outliers. */
const PRIOR_FREEDOM = 4;
/** With more observations, old ones are discounted. */
const MEMORY = 8000;
const DISCOUNT = 0.9;

export function emptyTail(): Tail {
  return { counts: new Array<number>(BINS).fill(0), total: 0 };
}

function position(magnitude: number): number {
  return magnitude <= LOWEST ? 0 : Math.min(BINS - 1e-9, Math.log2(magnitude / LOWEST) * BINS_PER_OCTAVE);
}

function priorTail(magnitude: number): number {
  return (1 + magnitude ** 2 / PRIOR_FREEDOM) ** (-PRIOR_FREEDOM / 2);
}

/** -log10 of the probability of `magnitude` or more. */
export function surpriseOf({ counts, total }: Tail, magnitude: number): number {
  const place = position(magnitude);
  const bin = Math.floor(place);
  let above = (counts[bin] ?? 0) * (bin + 1 - place);
  for (let i = bin + 1; i < BINS; i++) above += counts[i] ?? 0;
  return -Math.log10((PRIOR_WEIGHT * priorTail(magnitude) + above) / (PRIOR_WEIGHT + total));
}

export function addToTail(tail: Tail, magnitude: number, weight: number): void {
  const bin = Math.floor(position(magnitude));
  tail.counts[bin] = (tail.counts[bin] ?? 0) + weight;
  tail.total += weight;
  if (tail.total > MEMORY) {
    tail.total = 0;
    for (let i = 0; i < BINS; i++) {
      const count = Math.round((tail.counts[i] ?? 0) * DISCOUNT * 100) / 100;
      tail.counts[i] = count;
      tail.total += count;
    }
  }
}
