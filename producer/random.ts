import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Seeded random numbers in the distributions that traffic has. */
export class Random {
  readonly #generator: { next(): number };

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.uniform()) * mean;
  }

  /** By Box and Muller's method. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }
}

/** Draws an index with the probability of its weight, in constant time (Vose's alias method, 1991). */
export class WeightedChoice {
  readonly #probability: Float64Array;
  readonly #alias: Int32Array;

  constructor(weights: readonly number[]) {
    const size = weights.length;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scaled = weights.map((weight) => (weight * size) / total);
    this.#probability = new Float64Array(size).fill(1);
    this.#alias = new Int32Array(size);
    const small: number[] = [];
    const large: number[] = [];
    for (const [index, weight] of scaled.entries()) (weight < 1 ? small : large).push(index);
    while (small.length > 0 && large.length > 0) {
      const less = small.pop() as number;
      const more = large[large.length - 1] as number;
      this.#probability[less] = scaled[less] as number;
      this.#alias[less] = more;
      scaled[more] = (scaled[more] as number) + (scaled[less] as number) - 1;
      if ((scaled[more] as number) < 1) small.push(large.pop() as number);
    }
  }

  draw(random: Random): number {
    const index = random.below(this.#probability.length);
    return random.uniform() < (this.#probability[index] as number) ? index : (this.#alias[index] as number);
  }
}

/** Weights 1, 1/2^s, 1/3^s, …: how unevenly clients come back. */
export function zipfWeights(size: number, exponent: number): number[] {
  return Array.from({ length: size }, (_, rank) => 1 / (rank + 1) ** exponent);
}
