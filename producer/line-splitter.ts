/** Lines over this are not kept in memory: they are given as too long, cut off. */
export const MAX_LINE_BYTES = 1024 * 1024;

export interface Line {
  readonly bytes: Buffer;
  /** Counted from 1. */
  readonly number: number;
  /** The whole length; more than `bytes` holds when the line is too long. */
  readonly length: number;
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
      this.#keep(piece.subarray(start, end));
      yield this.#take(1);
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
  }

  /** The end of the input: what stands after the last newline. */
  *end(): Generator<Line> {
    if (this.#length > 0) yield this.#take(0);
  }

  #keep(bytes: Buffer): void {
    this.#length += bytes.length;
    const room = MAX_LINE_BYTES - this.#kept;
    if (room <= 0 || bytes.length === 0) return;
    const kept = bytes.subarray(0, room);
    this.#pieces.push(kept);
    this.#kept += kept.length;
  }

  #take(newlineBytes: number): Line {
    const [only] = this.#pieces;
    let bytes = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    if (bytes.at(-1) === CARRIAGE_RETURN && this.#length <= MAX_LINE_BYTES) bytes = bytes.subarray(0, -1);
    const length = this.#length;
    this.offset += length + newlineBytes;
    this.lines++;
    this.#pieces = [];
    this.#kept = 0;
    this.#length = 0;
    return { bytes, number: this.lines, length };
  }
}
