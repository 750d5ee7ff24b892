import { isAscii, isUtf8 } from 'node:buffer';
import { DateOrder } from './date-order.js';
import type { EventBuilder, SourceEvent } from './event-builder.js';
import {
  Continuation,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  type ReadingFields,
  ServiceFields,
  UNFINISHED,
} from './formats/line-format.js';
import { readLine } from './formats/read-line.js';
import { SpreadObjects } from './formats/spread-objects.js';
import { type Line, LineSplitter, lineEndOf, MAX_LINE_BYTES } from './line-splitter.js';
import { OpenRecord } from './open-record.js';
import type { ReadText, TextWindow } from './read-text.js';
import { furtherReadings } from './reading-builder.js';
import { PREFIX_BYTES, type SourcePosition } from './source-position.js';
import { RECENT_BYTES, shortHash } from './text-file.js';

/** A line that is no event. */
export interface BadLine {
  /** A word that stays the same, a colon, and what is wrong. */
  readonly reason: string;
  /** The file or pipe that it is of. */
  readonly source: string;
  readonly line: number;
  /** The line as it was; cut off at 64 KiB. */
  readonly bytes: Buffer;
  /** How many bytes the whole line has. */
  readonly length: number;
}

/** A line, or the lines of one record, and what became of it: an event, a bad line, or nothing where it is empty or left out. */
export interface ReadLine {
  event: SourceEvent | undefined;
  bad: BadLine | undefined;
  /** It is one of those that are to be left out. */
  excluded: boolean;
  /** What became of the further records of a line that holds several: they are taken with it, or not at all. */
  others?: readonly Pick<ReadLine, 'bad' | 'event' | 'excluded'>[];
  /** The event's; of what has none, that of the line before it. */
  time: number;
  /** The first of its lines. */
  readonly line: Line;
  /** Where reading goes on after it. */
  readonly offset: number;
  readonly lines: number;
  /** Of a last line without a newline. */
  readonly tail?: NonNullable<SourcePosition['tail']>;
  readonly badTailBytes?: number;
  /** What opened the list that reading goes on in. */
  list?: string | undefined;
  /** The text has been read to its end with it. */
  isEnd?: boolean;
  /** How far its text had come with it, in milliseconds since the epoch. */
  reached: number;
  readonly file: ReadText;
  /** A window on the text that the offset is in. */
  readonly window: TextWindow;
}

export interface LineReaderOptions {
  readonly file: ReadText;
  readonly start: Pick<SourcePosition, 'offset' | 'lines' | 'tail' | 'badTailBytes' | 'list'>;
  /** What stands before the start. */
  readonly before: Buffer;
  /** How the text begins. */
  readonly beginning: Buffer;
  readonly format: LineFormat;
  readonly builder: EventBuilder;
}

const KEPT_BAD_BYTES = 64 * 1024;
const KEPT_REASON = 200;
const BYTE_ORDER_MARK = '\ufeff';
const NO_BYTES = Buffer.alloc(0);

/** Makes events of a text's bytes, in whatever pieces they come. */
export class LineReader {
  readonly #options: LineReaderOptions;
  readonly #format: LineFormat;
  readonly #dates: DateOrder | undefined;
  readonly #splitter: LineSplitter;
  #window: TextWindow;
  /** Reading starts inside a line that was taken without its newline: the rest of it is passed over. */
  #skip: boolean;
  #tail: SourcePosition['tail'];
  /** A service's line that the next may be more of. */
  #open: OpenRecord<ReadLine> | undefined;
  readonly #spread = new SpreadObjects();
  /** The first line of the record that is spread over several; 0 where none is. */
  #firstLine = 0;
  /** Where the line before ended. */
  #offsetBefore: number;
  #linesBefore: number;

  constructor(options: LineReaderOptions) {
    const { before, beginning, file, format, start } = options;
    this.#options = options;
    // A header further on is met when reading comes to it.
    const head = start.offset === 0 ? beginning : beginning.subarray(0, Math.max(PREFIX_BYTES, start.offset));
    this.#format = format.forText?.(head.toString(), file.name) ?? format;
    this.#dates = DateOrder.of(beginning.toString());
    const lineEnd = lineEndOf(beginning);
    this.#splitter = new LineSplitter(start, lineEnd);
    this.#offsetBefore = start.offset;
    this.#linesBefore = start.lines;
    this.#window = { bytes: before, offset: start.offset - before.length };
    this.#skip = before.length > 0 && before.at(-1) !== lineEnd && start.list === undefined;
    this.#tail = start.tail;
  }

  /** How many lines of the text have been read. */
  get lines(): number {
    return this.#splitter.lines;
  }

  /** How many bytes of the text those lines have. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /** Whether the last line that was read may go on in the next. */
  get holds(): boolean {
    return this.#open !== undefined;
  }

  /** The lines that end in this piece. The piece is kept as long as they are. */
  push(piece: Buffer): ReadLine[] {
    const { bytes, offset } = this.#window;
    const kept = bytes.subarray(-RECENT_BYTES);
    this.#window = {
      bytes: kept.length === 0 ? piece : Buffer.concat([kept, piece]),
      offset: offset + bytes.length - kept.length,
    };
    const lines: ReadLine[] = [];
    for (const line of this.#splitter.push(piece)) {
      this.#read(line, lines);
      this.#offsetBefore = line.nextOffset;
      this.#linesBefore = this.#splitter.lines;
    }
    return lines;
  }

  /** The line that was held, for nothing that follows is more of it. */
  flush(): ReadLine[] {
    const lines: ReadLine[] = [];
    this.#close(lines);
    return lines;
  }

  /** The end of the text: what stands after the last newline, unless it was taken before. */
  end(): ReadLine[] {
    const { lines, offset } = this.#splitter;
    const { start } = this.#options;
    const window = this.#window;
    const ended: ReadLine[] = [];
    for (const line of this.#splitter.end()) {
      if (start.offset === offset && start.badTailBytes === line.length) continue;
      const hash = shortHash(line.bytes);
      const taken = this.#tail;
      if (taken?.bytes === line.length && taken.hash === hash) continue;
      const tail = { bytes: line.length, hash };
      const read: ReadLine[] = [];
      this.#read(line, read);
      this.#close(read);
      const last = read.pop();
      if (last === undefined) continue;
      ended.push(...read, { ...last, lines, offset, window, ...(last.bad ? { badTailBytes: line.length } : { tail }) });
    }
    this.#close(ended);
    const kept = [...this.#spread.end(), ...(this.#format.spread?.end() ?? [])];
    if (kept.length > 0) ended.push(this.#together(this.endMark(), kept, this.#firstLine));
    return ended;
  }

  /** No line, but the place after the last one. */
  endMark(): ReadLine {
    const { lines, offset } = this.#splitter;
    const mark = this.#nothing({ bytes: NO_BYTES, number: lines, length: 0, nextOffset: offset });
    return { ...mark, list: this.#splitter.list };
  }

  #nothing(line: Line): ReadLine {
    return {
      event: undefined,
      bad: undefined,
      excluded: false,
      time: -1,
      line,
      offset: line.nextOffset,
      // The line of a list goes on behind each of its records.
      lines: line.list === undefined ? line.number : line.number - 1,
      list: line.list,
      reached: -1,
      file: this.#options.file,
      window: this.#window,
    };
  }

  #read(line: Line, into: ReadLine[]): void {
    const read = this.#nothing(line);
    if (this.#skip) {
      this.#skip = false;
      this.#splitter.lines--;
      into.push({ ...read, lines: line.number - 1 });
      return;
    }
    const tail = this.#tail;
    this.#tail = undefined;
    if (tail !== undefined && beginsAs(line, tail)) {
      if (line.length > tail.bytes) read.bad = badLine(this.#options.file.name, line, takenUnfinished(tail));
      into.push(read);
      return;
    }
    const first = this.#firstLine === 0 ? line.number : this.#firstLine;
    const outcome = this.#outcome(line);
    if (isList(outcome)) {
      this.#close(into);
      // A record that this line begins, too, is read again with it.
      const isBegun = this.#spread.isOpen || this.#format.spread?.isOpen === true;
      const place = isBegun ? { offset: this.#offsetBefore, lines: this.#linesBefore } : undefined;
      into.push({ ...this.#together(read, outcome, first), ...place });
      this.#firstLine = isBegun ? line.number : 0;
      return;
    }
    this.#firstLine = outcome === UNFINISHED ? first : 0;
    if (this.#open !== undefined) {
      // Stack traces have empty lines, too.
      if (outcome === undefined || outcome instanceof Continuation) {
        this.#open.goesOn(outcome?.text ?? '', read);
        return;
      }
      this.#close(into);
    }
    if (outcome === UNFINISHED) return;
    if (outcome instanceof ServiceFields) {
      this.#open = new OpenRecord(outcome, read);
      return;
    }
    this.#become(read, outcome);
    into.push(read);
  }

  /** Makes an event of the record that is open. */
  #close(into: ReadLine[]): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { fields, last } = open.whole();
    const { lines, list, offset, window } = last;
    const read: ReadLine = { ...open.first, lines, list, offset, window };
    this.#become(read, fields);
    into.push(read);
  }

  /** Whatever goes wrong with a line is that line's. */
  #become(read: ReadLine, outcome: LineOutcome | undefined): void {
    if (outcome === undefined || outcome === NO_RECORD || outcome === UNFINISHED) return;
    const { builder, file } = this.#options;
    let event: SourceEvent | LineRefusal;
    if (outcome instanceof LineRefusal) event = outcome;
    else if (outcome instanceof Continuation) {
      event = new LineRefusal('continues-nothing', 'it looks like more of a message, and none is before it');
    } else {
      try {
        this.#dates?.apply(outcome, builder.oddFields);
        if (builder.excludes(outcome)) {
          read.excluded = true;
          return;
        }
        event = builder.build(outcome);
      } catch (error) {
        event = unreadable(error);
      }
    }
    if (event instanceof LineRefusal) {
      read.bad = badLine(file.name, read.line, event.reason);
      return;
    }
    read.event = event;
    read.time = event.timestamp;
    const more = furtherReadings(outcome, event.timestamp);
    if (more.length > 0) read.others = this.#more(read, more);
  }

  /** What the line says besides, each as if it had a line of its own. */
  #more(read: ReadLine, more: readonly ReadingFields[]): ReadLine[] {
    return more.map((fields) => {
      const part = { ...read, event: undefined, others: [] };
      this.#become(part, fields);
      return part;
    });
  }

  /**
   * The records of one line, each as if it had a line of its own.
   *
   * @param firstLine where the first of them begins
   */
  #together(read: ReadLine, records: readonly string[], firstLine: number): ReadLine {
    const parts = records.map((text, index) => {
      const bytes = Buffer.from(text);
      const number = index === 0 ? firstLine : read.line.number;
      const part = { ...read, line: { ...read.line, bytes, length: bytes.length, number } };
      this.#become(part, this.#outcomeOf(text));
      return part;
    });
    const first = parts.find(({ event }) => event !== undefined) ?? parts[0];
    if (first === undefined) return read;
    const { bad, event, excluded, time } = first;
    const others = parts.flatMap((part) => [...(part === first ? [] : [part]), ...(part.others ?? [])]);
    return { ...read, bad, event, excluded, time, others };
  }

  #outcomeOf(text: string): LineOutcome {
    try {
      return this.#format.read(text);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** Undefined for an empty line; of a line that is a list, its records. */
  #outcome(line: Line): LineOutcome | readonly string[] | undefined {
    if (line.length > MAX_LINE_BYTES) {
      return new LineRefusal('line-too-long', `the line has ${line.length} bytes; ${MAX_LINE_BYTES} are the most`);
    }
    try {
      const text = this.#text(line);
      const whole = this.#wholeWith(text);
      if (whole !== undefined) return whole.length === 0 ? UNFINISHED : whole.flatMap((each) => this.#recordsOf(each));
      return text.trim() === '' ? undefined : readLine(this.#format, text);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** The records that are whole with a line, where it is one of several that are one record. */
  #wholeWith(text: string): readonly string[] | undefined {
    const rows = this.#format.spread;
    const objects = this.#open === undefined && rows?.isOpen !== true ? this.#spread.add(text) : undefined;
    return objects ?? rows?.add(text);
  }

  #recordsOf(text: string): readonly string[] {
    const outcome = readLine(this.#format, text);
    return isList(outcome) ? outcome : [text];
  }

  /** What is no UTF-8 becomes U+FFFD: NGINX writes what clients send as it is. */
  #text({ bytes, number }: Line): string {
    if (isAscii(bytes)) return bytes.toString('latin1');
    if (!isUtf8(bytes)) this.#options.builder.oddFields.add('line', 'no UTF-8');
    const text = bytes.toString();
    return number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }
}

function unreadable(error: unknown): LineRefusal {
  return new LineRefusal('unreadable', String(error).slice(0, KEPT_REASON));
}

function isList(outcome: LineOutcome | readonly string[] | undefined): outcome is readonly string[] {
  return Array.isArray(outcome);
}

/** Whether a line is the one that was taken when it had no newline yet, and maybe more of it. */
function beginsAs({ bytes, length }: Line, tail: NonNullable<SourcePosition['tail']>): boolean {
  return length >= tail.bytes && shortHash(bytes.subarray(0, tail.bytes)) === tail.hash;
}

function takenUnfinished({ bytes }: NonNullable<SourcePosition['tail']>): string {
  return `taken-unfinished: only its first ${bytes} bytes were there when its file was read to the end; an event was made of them`;
}

export function badLine(source: string, { bytes, length, number }: Line, reason: string): BadLine {
  return { reason, source, line: number, bytes: Buffer.from(bytes.subarray(0, KEPT_BAD_BYTES)), length };
}
