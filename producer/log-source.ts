import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { AccessLog } from '../schemas/records.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import { type LineParser, lineParser } from './log-format.js';
import { EventBuilder, type EventDefaults, LineError } from './parse-access-log.js';
import { ProducerError } from './producer-error.js';

/** A line that is no event. */
export interface BadLine {
  readonly reason: string;
  readonly line: number;
  /** The line as it was; cut off at 64 KiB. */
  readonly bytes: Buffer;
}

/** Where reading a source goes on. It is committed together with the events that came before it. */
export interface SourcePosition {
  /** In bytes, of the uncompressed text. */
  readonly offset: number;
  readonly lines: number;
  /** What the file began with, to know it again: its first bytes' number and hash. */
  readonly prefixBytes: number;
  readonly prefixHash: string;
}

export interface LogBatch {
  readonly source: string;
  readonly events: readonly AccessLog[];
  readonly badLines: readonly BadLine[];
  readonly position: SourcePosition;
}

export interface LogSourceOptions extends EventDefaults {
  /** Paths; `-` is standard input; names that end in .gz are decompressed. */
  readonly inputs: readonly string[];
  /** `auto`, `combined`, `json`, or an NGINX log_format. */
  readonly format: string;
  /** How many lines make a batch. Default 5,000. */
  readonly batchLines?: number;
  /** Go on when the last file ends, across rotation. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Where a source was left, by its name. */
  readonly positionOf: (source: string) => Promise<SourcePosition | undefined>;
}

const DEFAULT_BATCH_LINES = 5000;
const KEPT_BAD_BYTES = 64 * 1024;
const PREFIX_BYTES = 1024;
const FOLLOW_INTERVAL_MS = 200;
const NO_POSITION: SourcePosition = { offset: 0, lines: 0, prefixBytes: 0, prefixHash: '' };
const BYTE_ORDER_MARK = '\ufeff';

/** The name that a source is known by: a file's absolute path. */
export function sourceName(input: string): string {
  return input === '-' ? '-' : resolve(input);
}

/**
 * Reads access logs, in the order given, in batches of events.
 *
 * @throws ProducerError for an input that cannot be read
 */
export async function* readLogs(options: LogSourceOptions): AsyncGenerator<LogBatch> {
  const reader = new LogReader(options);
  for (const input of options.inputs) if (input !== '-') await checkFile(input);
  for (const [index, input] of options.inputs.entries()) {
    const follow = options.follow && index === options.inputs.length - 1;
    if (options.signal.aborted) return;
    if (input === '-') yield* reader.standardInput();
    else if (input.endsWith('.gz')) yield* reader.compressed(input);
    else yield* reader.file(input, follow);
  }
}

async function checkFile(input: string): Promise<Stats> {
  let stats: Stats;
  try {
    stats = await stat(input);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ProducerError(
      missing ? 'INPUT_MISSING' : 'INPUT_UNREADABLE',
      missing ? `there is no file ${input}` : `cannot read ${input}: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (stats.isDirectory()) {
    throw new ProducerError(
      'INPUT_IS_DIRECTORY',
      `${input} is a directory; name the log files in it, such as ${input}/*.log`,
    );
  }
  return stats;
}

class LogReader {
  readonly #options: LogSourceOptions;
  readonly #parse: LineParser;
  readonly #builder: EventBuilder;
  readonly #batchLines: number;

  constructor(options: LogSourceOptions) {
    this.#options = options;
    this.#batchLines = options.batchLines ?? DEFAULT_BATCH_LINES;
    this.#parse = lineParser(options.format);
    this.#builder = new EventBuilder(options);
  }

  async *standardInput(): AsyncGenerator<LogBatch> {
    const splitter = new LineSplitter(NO_POSITION);
    const batcher = new Batcher('-', splitter, NO_POSITION, this.#parse, this.#builder, this.#batchLines);
    // Waiting for input that does not come ends with the signal, too.
    this.#options.signal.addEventListener('abort', () => process.stdin.destroy());
    try {
      yield* this.#read(process.stdin, splitter, batcher);
    } catch (error) {
      if (!this.#options.signal.aborted) throw error;
    }
  }

  async *compressed(path: string): AsyncGenerator<LogBatch> {
    const source = sourceName(path);
    const prefix = await prefixOf(path);
    const start = await this.#resume(source, path);
    const splitter = new LineSplitter(start);
    const batcher = new Batcher(
      source,
      splitter,
      { ...start, ...prefix },
      this.#parse,
      this.#builder,
      this.#batchLines,
    );
    const file = createReadStream(path);
    const text = new PassThrough({ highWaterMark: 256 * 1024 });
    // The pipeline's failure reaches the reader through `text`.
    pipeline(file, createGunzip(), text).catch(() => {});
    try {
      yield* this.#read(text, splitter, batcher, start.offset);
    } catch (cause) {
      yield batcher.take();
      throw new ProducerError(
        'INPUT_TRUNCATED',
        `${path} ends in the middle or is damaged (${(cause as Error).message}); its first ${splitter.lines} lines were read`,
        { cause },
      );
    } finally {
      file.destroy();
    }
  }

  async *file(path: string, follow: boolean): AsyncGenerator<LogBatch> {
    const source = sourceName(path);
    let start = await this.#resume(source, path);
    for (;;) {
      const file = await open(path, 'r').catch((cause: unknown) => {
        throw new ProducerError('INPUT_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
      });
      try {
        yield* this.#openFile(file, path, source, start, follow);
      } finally {
        await file.close();
      }
      if (!follow || this.#options.signal.aborted) return;
      start = NO_POSITION;
    }
  }

  /** Reads an open file to its end; when following, until another file stands at its path, or it has been cut. */
  async *#openFile(
    file: FileHandle,
    path: string,
    source: string,
    start: SourcePosition,
    follow: boolean,
  ): AsyncGenerator<LogBatch> {
    const splitter = new LineSplitter(start);
    const batcher = new Batcher(
      source,
      splitter,
      { ...start, ...(await prefixOf(path)) },
      this.#parse,
      this.#builder,
      this.#batchLines,
    );
    const buffer = Buffer.allocUnsafe(256 * 1024);
    let position = start.offset;
    if (await isInsideLine(file, position)) batcher.skipRestOfLine();
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead > 0) {
        position += bytesRead;
        for (const line of splitter.push(Buffer.from(buffer.subarray(0, bytesRead)))) {
          batcher.add(line);
          if (batcher.isFull) yield batcher.take();
        }
        if (this.#options.signal.aborted) break;
        continue;
      }
      if (!follow || this.#options.signal.aborted) break;
      if (!batcher.isEmpty) yield batcher.take();
      const own = await file.stat();
      const standing = await stat(path).catch(() => undefined);
      if (own.size < position) return;
      if (standing !== undefined && standing.ino !== own.ino && own.size === position) {
        for (const line of splitter.end()) batcher.add(line);
        break;
      }
      await delay(FOLLOW_INTERVAL_MS, undefined, { signal: this.#options.signal }).catch(() => {});
    }
    if (!follow && !this.#options.signal.aborted) for (const line of splitter.end()) batcher.add(line);
    if (!batcher.isEmpty) yield batcher.take();
  }

  async *#read(
    stream: NodeJS.ReadableStream,
    splitter: LineSplitter,
    batcher: Batcher,
    skipBytes = 0,
  ): AsyncGenerator<LogBatch> {
    let toSkip = skipBytes;
    let before: number | undefined;
    for await (const chunk of stream) {
      if (this.#options.signal.aborted) break;
      let piece = chunk as Buffer;
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, piece.length);
        before = piece[skipped - 1];
        piece = piece.subarray(skipped);
        toSkip -= skipped;
        if (toSkip === 0 && before !== 0x0a) batcher.skipRestOfLine();
        if (piece.length === 0) continue;
      }
      for (const line of splitter.push(piece)) {
        batcher.add(line);
        if (batcher.isFull) yield batcher.take();
      }
      if (!batcher.isEmpty) yield batcher.take();
    }
    if (!this.#options.signal.aborted) for (const line of splitter.end()) batcher.add(line);
    if (!batcher.isEmpty) yield batcher.take();
  }

  /** Where the file was left, if it still begins as it did then and is not shorter. */
  async #resume(source: string, path: string): Promise<SourcePosition> {
    const position = await this.#options.positionOf(source);
    if (position === undefined) return NO_POSITION;
    const { prefixHash } = await prefixOf(path, position.prefixBytes);
    if (prefixHash !== position.prefixHash) return NO_POSITION;
    if (!path.endsWith('.gz') && (await stat(path)).size < position.offset) return NO_POSITION;
    return position;
  }
}

/** Collects lines into a batch. */
class Batcher {
  readonly #source: string;
  readonly #splitter: LineSplitter;
  readonly #start: SourcePosition;
  readonly #parse: LineParser;
  readonly #builder: EventBuilder;
  readonly #batchLines: number;
  #events: AccessLog[] = [];
  #badLines: BadLine[] = [];
  #lines = 0;
  #skip = false;

  constructor(
    source: string,
    splitter: LineSplitter,
    start: SourcePosition,
    parse: LineParser,
    builder: EventBuilder,
    batchLines: number,
  ) {
    this.#batchLines = batchLines;
    this.#source = source;
    this.#splitter = splitter;
    this.#start = start;
    this.#parse = parse;
    this.#builder = builder;
  }

  get isFull(): boolean {
    return this.#lines >= this.#batchLines;
  }

  get isEmpty(): boolean {
    return this.#lines === 0;
  }

  /** The line that was last when the file ended has grown since: what came of it stands, the rest is passed over. */
  skipRestOfLine(): void {
    this.#skip = true;
  }

  add(line: Line): void {
    this.#lines++;
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
      });
    }
  }

  take(): LogBatch {
    const batch: LogBatch = {
      source: this.#source,
      events: this.#events,
      badLines: this.#badLines,
      position: { ...this.#start, offset: this.#splitter.offset, lines: this.#splitter.lines },
    };
    this.#events = [];
    this.#badLines = [];
    this.#lines = 0;
    return batch;
  }

  #event({ bytes, length, number }: Line): AccessLog | undefined {
    if (length > MAX_LINE_BYTES) {
      throw new LineError('line-too-long', `the line has ${length} bytes; ${MAX_LINE_BYTES} are the most`);
    }
    if (!isUtf8(bytes)) throw new LineError('not-utf8', 'the line is not UTF-8 text');
    let line = bytes.toString();
    if (number === 1 && line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    return line.trim() === '' ? undefined : this.#builder.build(this.#parse(line));
  }
}

async function isInsideLine(file: FileHandle, position: number): Promise<boolean> {
  if (position === 0) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, position - 1);
  return bytesRead > 0 && buffer[0] !== 0x0a && bytesRead === 2;
}

async function prefixOf(path: string, bytes = PREFIX_BYTES): Promise<{ prefixBytes: number; prefixHash: string }> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new ProducerError('INPUT_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    const hash = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex');
    return { prefixBytes: bytesRead, prefixHash: hash };
  } finally {
    await file.close();
  }
}
