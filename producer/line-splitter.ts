import { ENTRY_BEGINS, JournalEntries } from './journal-entries.js';
import { listOpening } from './list-opening.js';
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
  /** What closes that. */
  readonly closing: string;
  readonly objects: ListedObjects;
  /** Where what comes next starts, in bytes from the start of the input. */
  offset: number;
}

const MOST_OPENING_BYTES = 4096;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const END_OF_LINE = Buffer.from('\n');

/** What ends the lines of a text: a newline or, where it begins with none but with carriage returns, those. */
export function lineEndOf(beginning: Buffer): number {
  return !beginning.includes(NEWLINE) && beginning.subarray(0, -1).includes(CARRIAGE_RETURN)
    ? CARRIAGE_RETURN
    : NEWLINE;
}

/**
 * Cuts bytes into lines, whatever the pieces that they come in. Memory is bounded by the longest line allowed. A longer one
 * that is a list of objects in JSON is given object by object. An entry of the journal's export is given as a line in JSON.
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
  #journal: JournalEntries | undefined;

  readonly #lineEnd: number;

  /**
   * @param start `list` opened the list that reading goes on in
   * @param lineEnd see `lineEndOf`
   */
  constructor(
    start: { readonly offset: number; readonly lines: number; readonly list?: string | undefined },
    lineEnd = NEWLINE,
  ) {
    this.#lineEnd = lineEnd;
    this.offset = start.offset;
    this.lines = start.lines;
    if (start.list !== undefined) this.#list = longList(start.list, start.offset);
  }

  /** What opened the list that reading is in. */
  get list(): string | undefined {
    return this.#list?.opening;
  }

  /** The lines that end in this piece. */
  *push(given: Buffer): Generator<Line> {
    let piece = given;
    let start = 0;
    for (;;) {
      if (this.#journal !== undefined) {
        const over = yield* this.#entries(this.#journal, piece.subarray(start));
        if (over === undefined) return;
        piece = over;
        start = 0;
      }
      const newline = piece.indexOf(this.#lineEnd, start);
      const end = newline < 0 ? piece.length : newline;
      const isNewlyLong = this.#length <= MAX_LINE_BYTES && this.#length + end - start > MAX_LINE_BYTES;
      if (this.#list !== undefined) yield* this.#objects(this.#list, piece.subarray(start, end));
      else if (isNewlyLong) yield* this.#longLine(piece.subarray(start, end));
      else this.#keep(piece, start, end);
      if (newline < 0) return;
      if (this.#list !== undefined) yield* this.#endList(this.#list);
      else {
        const line = this.#take(1);
        if (beginsEntry(line)) yield* this.#firstEntry(line);
        else yield line;
      }
      start = newline + 1;
    }
  }

  /** The end of the input: what stands after the last newline. */
  *end(): Generator<Line> {
    const openBytes = this.#journal?.openBytes ?? 0;
    if (openBytes > 0) yield this.#brokenEntry(openBytes);
    else if (this.#list?.objects.isOpen) yield this.#broken(this.#list);
    else if (this.#length > 0) yield this.#take(0);
  }

  *#longLine(rest: Buffer): Generator<Line> {
    const bytes = Buffer.concat([...this.#pieces, rest]);
    const opening = openingOf(bytes);
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

  /** The line is the first field of an entry, which is given when it is whole. */
  *#firstEntry({ bytes, length, nextOffset }: Line): Generator<Line> {
    this.offset = nextOffset - length - 1;
    this.lines--;
    this.#journal = new JournalEntries();
    yield* this.#entries(this.#journal, Buffer.concat([bytes, END_OF_LINE]));
  }

  /** @returns what of the piece comes behind the journal's entries, where they have ended */
  *#entries(journal: JournalEntries, piece: Buffer): Generator<Line, Buffer | undefined> {
    for (const { bytes, json, lines } of journal.push(piece)) {
      this.offset += bytes;
      this.lines += lines;
      yield { bytes: json, number: this.lines, length: json.length, nextOffset: this.offset };
    }
    const { over } = journal;
    if (over === undefined) return undefined;
    this.#journal = undefined;
    const brokenBytes = journal.openBytes - over.length;
    if (brokenBytes > 0) {
      this.offset += brokenBytes;
      this.lines++;
      yield { ...this.#brokenEntry(brokenBytes), number: this.lines };
    }
    return over;
  }

  /** Of an entry that breaks off, or is none, as much as shows what it is. */
  #brokenEntry(length: number): Line {
    return { bytes: ENTRY_BEGINS, number: this.lines + 1, length, nextOffset: this.offset };
  }

  #inList({ closing, opening }: LongList, { bytes, length }: Pick<Line, 'bytes' | 'length'>): Omit<Line, 'nextOffset'> {
    const whole = opening.includes('{') ? enveloped(opening, bytes, closing) : bytes;
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

/** @param opening what `openingOf` gave */
function longList(opening: string, offset: number): LongList {
  const { depth } = listOpening(`${withoutMark(opening)}{`) ?? { depth: 0 };
  return { opening, closing: `]${'}'.repeat(depth)}`, objects: new ListedObjects(true), offset };
}

function openingOf(line: Buffer): string | undefined {
  const head = line.toString('latin1', 0, MOST_OPENING_BYTES);
  const { text } = listOpening(withoutMark(head)) ?? {};
  return text === undefined ? undefined : head.slice(0, head.length - withoutMark(head).length) + text;
}

function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
}

/** `{"Records":[{…}]}` of one of them. */
function enveloped(opening: string, record: Buffer, closing: string): Buffer {
  return Buffer.concat([Buffer.from(opening, 'latin1'), record, Buffer.from(closing)]);
}

function beginsEntry({ bytes, length }: Line): boolean {
  return (
    bytes[0] === ENTRY_BEGINS[0] &&
    length <= MAX_LINE_BYTES &&
    bytes.subarray(0, ENTRY_BEGINS.length).equals(ENTRY_BEGINS)
  );
}
