import { isUtf8 } from 'node:buffer';
import type { AccessLog } from '../schemas/records.js';
import type { Fingerprint } from './fingerprint.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import type { LineParser } from './log-format.js';
import { type EventBuilder, LineError } from './parse-access-log.js';

/** A line that is no event. */
export interface BadLine {
  /** A word that stays the same, a colon, and what is wrong. */
  readonly reason: string;
  readonly line: number;
  /** The line as it was; cut off at 64 KiB. */
  readonly bytes: Buffer;
  /** How many bytes the whole line has. */
  readonly length: number;
}

/** Where reading a file goes on. It is committed together with the events that came before it. */
export interface SourcePosition extends Fingerprint {
  /** In bytes, of the uncompressed text. */
  readonly offset: number;
  readonly lines: number;
  /**
   * The file ended in a line without a newline that was no event: its length. It was given as a bad line; should the file
   * grow, it may have been half a line, and is read again, whole.
   */
  readonly badTailBytes?: number;
}

export interface LogBatch {
  readonly source: string;
  readonly events: readonly AccessLog[];
  readonly badLines: readonly BadLine[];
  /** Where to go on after this batch; undefined for standard input and pipes, which cannot be read again. */
  readonly position: SourcePosition | undefined;
}

export interface LogBatcherOptions {
  readonly source: string;
  /** Where reading starts; undefined for what cannot be read again. */
  readonly start: SourcePosition | undefined;
  readonly parse: LineParser;
  readonly builder: EventBuilder;
  readonly batchLines: number;
}

const KEPT_BAD_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = '\ufeff';

/** Makes batches of events of a source's bytes, in whatever pieces they come, and knows the position after each. */
export class LogBatcher {
  /** What the file is known by from now on. */
  fingerprint: Fingerprint | undefined;
  readonly #options: LogBatcherOptions;
  readonly #splitter: LineSplitter;
  #events: AccessLog[] = [];
  #badLines: BadLine[] = [];
  #batchedLines = 0;
  #skip = false;

  constructor(options: LogBatcherOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(options.start ?? { offset: 0, lines: 0 });
    this.fingerprint = options.start;
  }

  /** How many lines of the source have been read. */
  get lines(): number {
    return this.#splitter.lines;
  }

  /** How many bytes of the source those lines have. */
  get offset(): number {
    return this.#splitter.offset;
  }

  /**
   * Reading starts inside a line: one that was last when the file ended, and was an event. What it has grown by, mostly
   * its newline, is passed over.
   */
  skipRestOfLine(): void {
    this.#skip = true;
  }

  /** The batches that this piece fills. */
  *push(piece: Buffer): Generator<LogBatch> {
    for (const line of this.#splitter.push(piece)) {
      this.#add(line);
      if (this.#batchedLines >= this.#options.batchLines) yield this.#take();
    }
  }

  /** A batch of the lines so far, when there are any. */
  *flush(): Generator<LogBatch> {
    if (this.#batchedLines > 0) yield this.#take();
  }

  /** The end of the source: flushes, then gives the last line if it has no newline. */
  *end(): Generator<LogBatch> {
    yield* this.flush();
    const { lines, offset } = this.#splitter;
    const { start } = this.#options;
    for (const tail of this.#splitter.end()) {
      if (start?.offset === offset && start.badTailBytes === tail.length) return;
      this.#add(tail);
      yield this.#take(this.#badLines.length > 0 ? { lines, offset, badTailBytes: tail.length } : undefined);
    }
  }

  #add(line: Line): void {
    this.#batchedLines++;
    if (this.#skip) {
      this.#skip = false;
      this.#splitter.lines--;
      return;
    }
    try {
      const event = this.#event(line);
      if (event !== undefined) this.#events.push(event);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      this.#badLines.push({
        reason: error.message,
        line: line.number,
        bytes: Buffer.from(line.bytes.subarray(0, KEPT_BAD_BYTES)),
        length: line.length,
      });
    }
  }

  #take(at: Omit<SourcePosition, keyof Fingerprint> = { offset: this.offset, lines: this.lines }): LogBatch {
    const known = this.fingerprint;
    const batch: LogBatch = {
      source: this.#options.source,
      events: this.#events,
      badLines: this.#badLines,
      position: known && { prefixBytes: known.prefixBytes, prefixHash: known.prefixHash, ...at },
    };
    this.#events = [];
    this.#badLines = [];
    this.#batchedLines = 0;
    return batch;
  }

  #event({ bytes, length, number }: Line): AccessLog | undefined {
    if (length > MAX_LINE_BYTES) {
      throw new LineError('line-too-long', `the line has ${length} bytes; ${MAX_LINE_BYTES} are the most`);
    }
    if (!isUtf8(bytes)) throw new LineError('not-utf8', 'the line is not UTF-8 text');
    let line = bytes.toString();
    if (number === 1 && line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    return line.trim() === '' ? undefined : this.#options.builder.build(this.#options.parse(line));
  }
}
