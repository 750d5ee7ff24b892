/** Lines over this are not kept in memory: they are given as too long, cut off. */
export const MAX_LINE_BYTES = 1024 * 1024;

export interface Line {
  readonly bytes: Buffer;
  /** Counted from 1. */
  readonly number: number;
  /** The whole length; more than `bytes` holds when the line is too long. */
  readonly length: number;
  /** Where the next line starts, in bytes from the start of the input. */
  readonly nextOffset: number;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts bytes into lines, whatever the pieces that they come in. Memory is bounded by the longest line allowed. */
export class LineSplitter {
  /** Where the next line starts, in bytes from the start of the input. */
  offset: number;
  /** How many lines there were. */
  lines: number;
  #pieces: Buffer[] = [];
  #kept = 0;
  #length = 0;
  /** Before the line; see `#withoutNuls`. */
  #nuls = 0;

  constructor(start: { readonly offset: number; readonly lines: number }) {
    this.offset = start.offset;
    this.lines = start.lines;
  }

  /** The lines that end in this piece. */
  *push(piece: Buffer): Generator<Line> {
    let start = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#keep(piece, start, end);
      yield this.#take(1);
      start = end + 1;
    }
    this.#keep(piece, start, piece.length);
  }

  /** The end of the input: what stands after the last newline. */
  *end(): Generator<Line> {
    if (this.#length > 0) yield this.#take(0);
  }

  #keep(piece: Buffer, from: number, to: number): void {
    const start = this.#length === 0 && piece[from] === 0 ? this.#afterNuls(piece, from, to) : from;
    if (start >= to) return;
    this.#length += to - start;
    const room = MAX_LINE_BYTES - this.#kept;
    if (room <= 0) return;
    const kept = piece.subarray(start, Math.min(to, start + room));
    this.#pieces.push(kept);
    this.#kept += kept.length;
  }

  /** A server that goes on writing where it was in a log that has been cut leaves a hole: zeros, any number of them. */
  #afterNuls(piece: Buffer, from: number, to: number): number {
    let start = from;
    while (start < to && piece[start] === 0) start++;
    this.#nuls += start - from;
    return start;
  }

  #take(newlineBytes: number): Line {
    const [only] = this.#pieces;
    let bytes = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    if (bytes.at(-1) === CARRIAGE_RETURN && this.#length <= MAX_LINE_BYTES) bytes = bytes.subarray(0, -1);
    const length = this.#length;
    this.offset += this.#nuls + length + newlineBytes;
    this.lines++;
    this.#pieces = [];
    this.#kept = 0;
    this.#length = 0;
    this.#nuls = 0;
    return { bytes, number: this.lines, length, nextOffset: this.offset };
  }
}
