import ms from 'ms';
import { badLine, type ReadLine } from './line-reader.js';

/** How many lines after one that is far ahead say whether it is right. */
const LINES_AHEAD = 512;
/** So many lines before and after it must agree that it is wrong: a few lines with any times at all are left as they are. */
const MIN_WITNESSES = 4;

export interface NeighbourOptions {
  readonly maxAheadMs: number;
  /** How far the lines before had come; undefined at the start. */
  readonly time: number | undefined;
}

/**
 * Sets aside lines whose time is far ahead of the lines around them: each would make all that follow late.
 *
 * A line that is far ahead of those before it is held back until it is known what follows. Where time goes on from there,
 * nothing happened for a while: a quiet night. Where it falls back, the line was wrong. The same lines give the same, for
 * only lines decide, and no clock.
 */
export class NeighbourCheck {
  /** How far the lines that were let through have come; -1 before the first. */
  time: number;
  readonly #options: NeighbourOptions;
  #held: ReadLine[] = [];
  /** How many lines that were let through lie near `time`; enough to witness is enough. */
  #support: number;
  /** How many of those held have a time. */
  #timed = 0;
  /** The time of the last line that was let through. */
  #last: number;

  constructor(options: NeighbourOptions) {
    this.#options = options;
    this.time = options.time ?? -1;
    this.#last = this.time;
    this.#support = options.time === undefined ? 0 : MIN_WITNESSES;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** The lines that can go on, these or others before them. */
  push(lines: readonly ReadLine[]): readonly ReadLine[] {
    if (this.#held.length === 0) {
      let index = 0;
      // Nearly always all of them.
      for (; index < lines.length; index++) {
        const line = lines[index] as ReadLine;
        if (line.event !== undefined && this.#isAhead(line.time)) break;
        this.#pass(line);
      }
      if (index === lines.length) return lines;
      for (const line of lines.slice(index)) this.#hold(line);
      return [...lines.slice(0, index), ...this.#decided(LINES_AHEAD)];
    }
    for (const line of lines) this.#hold(line);
    return this.#decided(LINES_AHEAD);
  }

  /** No more lines come now. One that is ahead, and that nothing follows, is let through up to a time, and held after it. */
  settle(latestMs: number): readonly ReadLine[] {
    return this.#decided(0, latestMs);
  }

  /** No more lines come. One that is ahead, and that nothing follows, is let through up to a time, and set aside after it. */
  end(latestMs: number): readonly ReadLine[] {
    return this.#decided(0, latestMs, true);
  }

  #isAhead(time: number): boolean {
    return this.time < 0 || time > this.time + this.#options.maxAheadMs;
  }

  #pass(line: ReadLine): ReadLine {
    if (line.event === undefined) {
      line.time = this.#last;
      line.reached = this.time;
      return line;
    }
    const { maxAheadMs } = this.#options;
    const { time } = line;
    this.#last = time;
    if (time > this.time + maxAheadMs) this.#support = 0;
    if (time >= this.time - maxAheadMs) this.#support++;
    if (time > this.time) this.time = time;
    line.reached = this.time;
    return line;
  }

  #hold(line: ReadLine): void {
    this.#held.push(line);
    if (line.event !== undefined) this.#timed++;
  }

  /** Those that are decided, when `needed` lines must follow one that is ahead. */
  #decided(needed: number, latestMs = Number.POSITIVE_INFINITY, isEnd = false): ReadLine[] {
    const passed: ReadLine[] = [];
    let index = 0;
    for (; index < this.#held.length; index++) {
      const line = this.#held[index] as ReadLine;
      if (line.event !== undefined && this.#isAhead(line.time)) {
        if (this.#timed - 1 < needed) break;
        const verdict = this.#verdict(index, line.time);
        const isUnbelievable = verdict === 'alone' && this.time >= 0 && line.time > latestMs;
        if (isUnbelievable && !isEnd) break;
        this.#timed--;
        if (verdict === 'wrong' || isUnbelievable) this.#setAside(line);
      } else if (line.event !== undefined) {
        this.#timed--;
      }
      passed.push(this.#pass(line));
    }
    this.#held = this.#held.slice(index);
    return passed;
  }

  /** What the lines after one say of its time. */
  #verdict(index: number, time: number): 'right' | 'wrong' | 'alone' {
    const { maxAheadMs } = this.#options;
    let here = 0;
    let back = 0;
    let falls = 0;
    let before = -1;
    for (let i = index + 1, timed = 0; i < this.#held.length && timed < LINES_AHEAD; i++) {
      const other = this.#held[i] as ReadLine;
      if (other.event === undefined) continue;
      timed++;
      if (other.time >= time - maxAheadMs) here++;
      // What is older than the lines before says nothing.
      else if (other.time >= this.time - maxAheadMs) back++;
      if (before >= 0 && other.time < before) falls++;
      else if (before >= 0 && other.time > before) falls--;
      before = other.time;
    }
    if (here === 0 && back === 0) return 'alone';
    // A file that is written backwards has its newest line first.
    if (this.time < 0 && falls > 0) return 'right';
    return back > 0 && back >= here && this.#support + back >= MIN_WITNESSES ? 'wrong' : 'right';
  }

  #setAside(line: ReadLine): void {
    const at = line.time;
    line.event = undefined;
    // Its records stay together.
    line.others = [];
    const reason =
      `ahead-of-neighbours: ${new Date(at).toISOString()} is more than ${ms(this.#options.maxAheadMs, { long: true })} ` +
      'ahead of the lines around it, and would make them late';
    line.bad = badLine(line.file.name, line.line, reason);
  }
}
