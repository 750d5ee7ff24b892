import { ListedObjects } from './listed-objects.js';

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
  /** It is an object of a list that is longer than a line may be, which this opens: behind the object the list goes on. */
  readonly list?: string | undefined;
}

/** A list that is longer than a line may be. */
interface LongList {
  readonly opening: string;
  readonly objects: ListedObjects;
  /** Where what comes next starts, in bytes from the start of the input. */
  offset: number;
}

const LIST_OPENING = /^\s*(?:\[|\{\s*"[Rr]ecords"\s*:\s*\[)(?=\s*\{)/;
const MOST_OPENING_BYTES = 256;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts bytes into lines, whatever the pieces that they come in. Memory is bounded by the longest line allowed. A longer one
 * that is a list of objects in JSON is given object by object.
 */
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
  #list: LongList | undefined;

  /** @param start `list` opened the list that reading goes on in */
  constructor(start: { readonly offset: number; readonly lines: number; readonly list?: string | undefined }) {
    this.offset = start.offset;
    this.lines = start.lines;
    if (start.list !== undefined) this.#list = longList(start.list, start.offset);
  }

  /** What opened the list that reading is in. */
  get list(): string | undefined {
    return this.#list?.opening;
  }

  /** The lines that end in this piece. */
  *push(piece: Buffer): Generator<Line> {
    let start = 0;
    for (;;) {
      const newline = piece.indexOf(NEWLINE, start);
      const end = newline < 0 ? piece.length : newline;
      const isNewlyLong = this.#length <= MAX_LINE_BYTES && this.#length + end - start > MAX_LINE_BYTES;
      if (this.#list !== undefined) yield* this.#objects(this.#list, piece.subarray(start, end));
      else if (isNewlyLong) yield* this.#longLine(piece.subarray(start, end));
      else this.#keep(piece, start, end);
      if (newline < 0) return;
      if (this.#list === undefined) yield this.#take(1);
      else yield* this.#endList(this.#list);
      start = newline + 1;
    }
  }

  /** The end of the input: what stands after the last newline. */
  *end(): Generator<Line> {
    if (this.#list?.objects.isOpen) yield this.#broken(this.#list);
    else if (this.#length > 0) yield this.#take(0);
  }

  *#longLine(rest: Buffer): Generator<Line> {
    const bytes = Buffer.concat([...this.#pieces, rest]);
    const opening = listOpening(bytes);
    if (opening === undefined) {
      this.#keep(rest, 0, rest.length);
      return;
    }
    const list = longList(opening, this.offset + this.#nuls + opening.length);
    this.#list = list;
    this.#clear();
    yield* this.#objects(list, bytes.subarray(opening.length));
  }

  *#objects(list: LongList, bytes: Buffer): Generator<Line> {
    for (const object of list.objects.push(bytes)) {
      this.offset = list.offset + object.end;
      yield { ...this.#inList(list, object), nextOffset: this.offset };
    }
    list.offset += bytes.length;
  }

  /** The list ends with its line. */
  *#endList(list: LongList): Generator<Line> {
    this.#list = undefined;
    this.offset = list.offset + 1;
    if (list.objects.isOpen) yield { ...this.#broken(list), list: undefined };
    this.lines++;
  }

  #broken(list: LongList): Line {
    return { ...this.#inList(list, list.objects.breakOff()), nextOffset: this.offset };
  }

  #inList({ opening }: LongList, { bytes, length }: Pick<Line, 'bytes' | 'length'>): Omit<Line, 'nextOffset'> {
    const whole = opening.includes('{') ? enveloped(opening, bytes) : bytes;
    return { bytes: whole, number: this.lines + 1, length, list: opening };
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
    this.#clear();
    return { bytes, number: this.lines, length, nextOffset: this.offset };
  }

  #clear(): void {
    this.#pieces = [];
    this.#kept = 0;
    this.#length = 0;
    this.#nuls = 0;
  }
}

function longList(opening: string, offset: number): LongList {
  return { opening, objects: new ListedObjects(true), offset };
}

function listOpening(line: Buffer): string | undefined {
  const head = line.toString('latin1', 0, MOST_OPENING_BYTES);
  const mark = head.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const [opening] = LIST_OPENING.exec(head.slice(mark.length)) ?? [];
  return opening === undefined ? undefined : mark + opening;
}

/** `{"Records":[{…}]}` of one of them. */
function enveloped(opening: string, record: Buffer): Buffer {
  return Buffer.concat([Buffer.from(opening, 'latin1'), record, Buffer.from(']}')]);
}
