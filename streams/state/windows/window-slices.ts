/**
 * How windows cut time into slices.
 *
 * Windows of one size that hop by one advance start and end at few distinct points: a window starts at every multiple
 * of the advance, and ends `size % advance` after one. Between two neighbouring points, a slice, every record falls
 * into the same windows, so one partial aggregate a slice serves all of them. Cutting at those points only ("paired
 * windows", Krishnamurthy, Wu and Franklin, "On-the-fly sharing for streamed aggregation", SIGMOD 2006) gives at most
 * two slices an advance, where slices of gcd(size, advance) can be many: 1,000 a second for a window of 1,001 ms.
 *
 * Windows and slices are counted from the epoch by ordinals. Window `w` covers [w * advance, w * advance + size).
 * Slices in order of time have consecutive ordinals.
 */
export class WindowSlices {
  /** Tells, in a store, slices of this kind from others. */
  readonly kind: string = '';
  /** How far after a multiple of the advance windows end; 0 when the advance divides the size. */
  readonly #endOffsetMs: number;
  readonly #advances: number;

  constructor(
    readonly sizeMs: number,
    readonly advanceMs: number,
  ) {
    this.#endOffsetMs = sizeMs % advanceMs;
    this.#advances = Math.floor(sizeMs / advanceMs);
  }

  /** As text, by which a store tells windows from others. */
  describe(): string {
    return `${this.sizeMs} ms by ${this.advanceMs} ms${this.kind}`;
  }

  /** The slice that a record of this time falls into. */
  sliceOf(timestamp: number): number {
    const ordinal = Math.floor(timestamp / this.advanceMs);
    if (this.#endOffsetMs === 0) return ordinal;
    return timestamp - ordinal * this.advanceMs < this.#endOffsetMs ? 2 * ordinal : 2 * ordinal + 1;
  }

  sliceStart(slice: number): number {
    if (this.#endOffsetMs === 0) return slice * this.advanceMs;
    return Math.floor(slice / 2) * this.advanceMs + (slice % 2 === 0 ? 0 : this.#endOffsetMs);
  }

  /** The first window that holds the slice. Kafka Streams has no window that starts before the epoch. */
  firstWindow(slice: number): number {
    if (this.#endOffsetMs === 0) return Math.max(0, slice - this.#advances + 1);
    return Math.max(0, Math.floor(slice / 2) - this.#advances + (slice % 2));
  }

  lastWindow(slice: number): number {
    return this.#endOffsetMs === 0 ? slice : Math.floor(slice / 2);
  }

  firstSlice(window: number): number {
    return this.#endOffsetMs === 0 ? window : 2 * window;
  }

  lastSlice(window: number): number {
    return this.#endOffsetMs === 0 ? window + this.#advances - 1 : 2 * (window + this.#advances);
  }

  windowStart(window: number): number {
    return window * this.advanceMs;
  }

  windowEnd(window: number): number {
    return window * this.advanceMs + this.sizeMs;
  }

  /** The last window whose end is at or before the time; negative when there is none. */
  lastWindowEndingBy(time: number): number {
    return Math.max(-1, Math.floor((time - this.sizeMs) / this.advanceMs));
  }
}

/** For aggregates that cannot be merged: every window is a slice of its own, and slices overlap. */
export class WholeWindows extends WindowSlices {
  override readonly kind = ', each whole';

  override sliceStart(slice: number): number {
    return slice * this.advanceMs;
  }

  override firstWindow(slice: number): number {
    return slice;
  }

  override lastWindow(slice: number): number {
    return slice;
  }

  override firstSlice(window: number): number {
    return window;
  }

  override lastSlice(window: number): number {
    return window;
  }
}
