import type { LogLine } from '../api/client.js';

/** The newest lines by their times, a bounded number of them; older ones make room. */
export class LineRing {
  /** The oldest first. */
  readonly #lines: LogLine[] = [];
  #forgotten = 0;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#lines.length;
  }

  /** How many have made room since it was emptied. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Most lines come nearly in order: to put each in its place costs less than to sort all of them again and again. */
  add(line: LogLine): void {
    const last = this.#lines.at(-1);
    if (last === undefined || last.time <= line.time) this.#lines.push(line);
    else this.#lines.splice(this.#lines.findLastIndex(({ time }) => time <= line.time) + 1, 0, line);
    // Rarely many at once: each one would move all others.
    const over = this.#lines.length - this.most;
    if (over > this.most / 4) {
      this.#lines.splice(0, over);
      this.#forgotten += over;
    }
  }

  clear(): void {
    this.#lines.length = 0;
    this.#forgotten = 0;
  }

  /** The newest first, at most as many as it keeps. */
  newest(): LogLine[] {
    return this.#lines.slice(-this.most).reverse();
  }
}
