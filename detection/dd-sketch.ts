/** Quantiles are at most this far from a value of their rank, as a share of it. */
const ACCURACY = 0.01;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);
/** Values under this are taken for 0. */
const MIN = 1e-9;
const ZEROS = -0x8000_0000;
const COUNT_BYTES = 4;
const BIN_BYTES = 8;

/**
 * Quantiles within 1 % of numbers that are not negative, from any number of parts merged in any order: counts in bins
 * that grow by a factor (Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
 * Guarantees", PVLDB 12(12), 2019). A thousand bins hold ten orders of magnitude.
 */
export class DDSketch {
  /** How many values are in each bin: bin `i` holds (GAMMA^(i-1), GAMMA^i]. */
  readonly #bins = new Map<number, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#addToBin(value < MIN ? ZEROS : Math.ceil(Math.log(value) / LOG_GAMMA), 1);
  }

  addAll(other: DDSketch): void {
    for (const [bin, count] of other.#bins) this.#addToBin(bin, count);
  }

  /** The value of rank `q` on the way from the least to the most, 0 to 1; null when there is none. */
  quantile(q: number): number | null {
    const rank = q * (this.#count - 1);
    let below = 0;
    for (const bin of [...this.#bins.keys()].sort((a, b) => a - b)) {
      below += this.#bins.get(bin) ?? 0;
      if (below > rank) return bin === ZEROS ? 0 : (2 * GAMMA ** bin) / (GAMMA + 1);
    }
    return null;
  }

  /** How many values are more than this, within 1 % of it. */
  countAbove(value: number): number {
    const bin = value < MIN ? ZEROS : Math.ceil(Math.log(value) / LOG_GAMMA);
    let above = 0;
    for (const [other, count] of this.#bins) if (other > bin) above += count;
    return above;
  }

  /** Mean and variance of log(1 + value), within 1 % of the values; zeros when there is none. */
  logMoments(): { readonly mean: number; readonly variance: number } {
    let sum = 0;
    let squares = 0;
    for (const [bin, count] of this.#bins) {
      const log = bin === ZEROS ? 0 : Math.log1p((2 * GAMMA ** bin) / (GAMMA + 1));
      sum += count * log;
      squares += count * log ** 2;
    }
    const mean = sum / Math.max(1, this.#count);
    return { mean, variance: Math.max(0, squares - mean * sum) / Math.max(1, this.#count - 1) };
  }

  /** For whoever is shown it; it cannot be made of that again. */
  toJSON(): Readonly<Record<'count' | 'p50' | 'p95' | 'p99', number | null>> {
    return { count: this.#count, p50: this.quantile(0.5), p95: this.quantile(0.95), p99: this.quantile(0.99) };
  }

  get byteLength(): number {
    return COUNT_BYTES + BIN_BYTES * this.#bins.size;
  }

  /** Writes `byteLength` bytes. @returns where they end */
  write(bytes: Buffer, start: number): number {
    let at = bytes.writeUInt32BE(this.#bins.size, start);
    for (const [bin, count] of this.#bins) {
      at = bytes.writeInt32BE(bin, at);
      at = bytes.writeUInt32BE(count, at);
    }
    return at;
  }

  static read(bytes: Buffer, start: number): DDSketch {
    const sketch = new DDSketch();
    const end = start + COUNT_BYTES + BIN_BYTES * bytes.readUInt32BE(start);
    for (let at = start + COUNT_BYTES; at < end; at += BIN_BYTES) {
      sketch.#addToBin(bytes.readInt32BE(at), bytes.readUInt32BE(at + 4));
    }
    return sketch;
  }

  #addToBin(bin: number, count: number): void {
    this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + count);
    this.#count += count;
  }
}
