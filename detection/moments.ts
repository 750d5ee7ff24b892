const BYTES = 40;

/**
 * How many numbers, their mean, spread and extremes, from parts that can be merged. The variance is merged as Chan, Golub
 * and LeVeque do ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), which keeps digits
 * that sums of squares lose.
 */
export class Moments {
  static readonly byteLength = BYTES;
  #count = 0;
  #mean = 0;
  /** The sum of squared distances from the mean. */
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** Null when there are no numbers, as are the extremes. */
  get mean(): number | null {
    return this.#count === 0 ? null : this.#mean;
  }

  get min(): number | null {
    return this.#count === 0 ? null : this.#min;
  }

  get max(): number | null {
    return this.#count === 0 ? null : this.#max;
  }

  /** The standard deviation of the sample; null for fewer than two numbers. */
  get stddev(): number | null {
    return this.#count < 2 ? null : Math.sqrt(this.#squares / (this.#count - 1));
  }

  add(value: number): void {
    const distance = value - this.#mean;
    this.#mean += distance / ++this.#count;
    this.#squares += distance * (value - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  addAll(other: Moments): void {
    if (other.#count === 0) return;
    const count = this.#count + other.#count;
    const distance = other.#mean - this.#mean;
    this.#squares += other.#squares + (distance * distance * this.#count * other.#count) / count;
    this.#mean += (distance * other.#count) / count;
    this.#count = count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** For whoever is shown it; it cannot be made of that again. */
  toJSON(): Readonly<Record<'count' | 'mean' | 'min' | 'max' | 'stddev', number | null>> {
    const { count, max, mean, min, stddev } = this;
    return { count, mean, min, max, stddev };
  }

  /** Writes `Moments.byteLength` bytes. @returns where they end */
  write(bytes: Buffer, start: number): number {
    let at = start;
    for (const number of [this.#count, this.#mean, this.#squares, this.#min, this.#max]) {
      at = bytes.writeDoubleBE(number, at);
    }
    return at;
  }

  static read(bytes: Buffer, start: number): Moments {
    const moments = new Moments();
    moments.#count = bytes.readDoubleBE(start);
    moments.#mean = bytes.readDoubleBE(start + 8);
    moments.#squares = bytes.readDoubleBE(start + 16);
    moments.#min = bytes.readDoubleBE(start + 24);
    moments.#max = bytes.readDoubleBE(start + 32);
    return moments;
  }
}
