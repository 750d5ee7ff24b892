import type { WindowSlices } from './window-slices.js';

/** A window of time [start, end), in milliseconds since the epoch. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

type WindowBounds = Pick<WindowSlices, 'windowStart' | 'windowEnd'>;

/** A key together with the window that a result is for. */
export class Windowed<K> {
  readonly #slices: WindowBounds;
  readonly #ordinal: number;

  /** Results are many and often filtered away at once: the window's bounds are computed when they are asked for. */
  constructor(
    readonly key: K,
    slices: WindowBounds,
    ordinal: number,
  ) {
    this.#slices = slices;
    this.#ordinal = ordinal;
  }

  get window(): TimeWindow {
    return { start: this.#slices.windowStart(this.#ordinal), end: this.#slices.windowEnd(this.#ordinal) };
  }

  /** Kafka Streams' textual form: `[key@start/end]`. */
  toString(): string {
    const { start, end } = this.window;
    return `[${String(this.key)}@${start}/${end}]`;
  }

  toJSON(): { key: K; window: TimeWindow } {
    return { key: this.key, window: this.window };
  }
}
