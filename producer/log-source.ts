import { createReadStream, open as openCallback } from 'node:fs';
import { access, constants, type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beginsWith, fingerprint, grownFingerprint, isGzip } from './fingerprint.js';
import { whatFollows } from './follow.js';
import { gunzip } from './gunzip.js';
import { type LogBatch, LogBatcher, type SourcePosition } from './log-batcher.js';
import { type LineParser, lineParser } from './log-format.js';
import { EventBuilder, type EventDefaults } from './parse-access-log.js';
import { ProducerError } from './producer-error.js';
import { isSameFile, type LastRead, openNext } from './rotation.js';

export type { LogBatch, SourcePosition } from './log-batcher.js';

export interface LogSourceOptions extends EventDefaults {
  /** Paths; `-` is standard input. What is compressed with gzip is decompressed. */
  readonly inputs: readonly string[];
  /** `auto`, `combined`, `common`, `json`, or an NGINX log_format. */
  readonly format: string;
  /** How many lines make a batch. Default 5,000. */
  readonly batchLines?: number;
  /** Go on when the last file ends, across rotation. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Where a source was left, by its name. */
  readonly positionOf: (source: string) => Promise<SourcePosition | undefined>;
}

const openDescriptor = promisify(openCallback);

const DEFAULT_BATCH_LINES = 5000;
const READ_BYTES = 256 * 1024;
const REOPEN_EVERY_MS = 50;
const NEWLINE = 0x0a;

/** The name that a source is known by: a file's absolute path. */
function sourceName(input: string): string {
  return input === '-' ? '-' : resolve(input);
}

/**
 * Reads access logs, in the order given, in batches of events. An input that is named twice is read once.
 *
 * A caller that keeps each batch's position together with its events, and gives it back by `positionOf`, loses no line and
 * doubles none, wherever it was stopped. A file that is not the one that was left is read from its start; when following,
 * the rest of the one that was left is read first, if it stands beside it under a name that rotation gives.
 *
 * @throws ProducerError for an input that cannot be read
 */
export async function* readLogs(options: LogSourceOptions): AsyncGenerator<LogBatch> {
  const reader = new LogReader(options);
  const inputs = [...new Map(options.inputs.map((input) => [sourceName(input), input])).values()];
  for (const input of inputs) if (input !== '-') await checkReadable(input);
  for (const [index, input] of inputs.entries()) {
    if (options.signal.aborted) return;
    const follow = options.follow && index === inputs.length - 1;
    if (input === '-') yield* reader.stream(process.stdin, '-');
    else if ((await stat(input)).isFile()) yield* reader.file(input, follow);
    else yield* reader.stream(await openStream(input), sourceName(input));
  }
}

async function checkReadable(input: string): Promise<void> {
  try {
    const stats = await stat(input);
    if (stats.isDirectory()) {
      throw new ProducerError(
        'INPUT_IS_DIRECTORY',
        `${input} is a directory; name the log files in it, such as ${input}/*.log`,
      );
    }
    await access(input, constants.R_OK);
  } catch (cause) {
    throw cause instanceof ProducerError ? cause : unreadable(input, cause);
  }
}

function unreadable(input: string, cause: unknown): ProducerError {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new ProducerError('INPUT_MISSING', `there is no file ${input}; its full path would be ${resolve(input)}`, {
        cause,
      });
    case 'EACCES':
    case 'EPERM':
      return new ProducerError(
        'INPUT_UNREADABLE',
        `no permission to read ${input}; run as a user who may read it, or let this one (chmod, or the log's group)`,
        { cause },
      );
    default:
      return new ProducerError('INPUT_UNREADABLE', `cannot read ${input}: ${message}`, { cause });
  }
}

/** What is no file. A pipe is read as a socket is: a file's read of a silent pipe cannot be stopped. */
async function openStream(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path);
  return new Socket({ fd: await openDescriptor(path, 'r'), readable: true, writable: false });
}

async function openInput(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

function isZlibError(cause: unknown): cause is Error {
  return cause instanceof Error && String((cause as NodeJS.ErrnoException).code).startsWith('Z_');
}

class LogReader {
  readonly #options: LogSourceOptions;
  readonly #parse: LineParser;
  readonly #builder: EventBuilder;

  constructor(options: LogSourceOptions) {
    this.#options = options;
    this.#parse = lineParser(options.format);
    this.#builder = new EventBuilder(options);
  }

  /** Standard input or a pipe: what is there is given at once, and there is no going back. */
  async *stream(stream: Readable, source: string): AsyncGenerator<LogBatch> {
    const { signal } = this.#options;
    const batcher = this.#batcher(source, undefined);
    try {
      for await (const piece of addAbortSignal(signal, stream)) {
        yield* batcher.push(piece as Buffer);
        yield* batcher.flush();
      }
    } catch (cause) {
      if (signal.aborted) return;
      throw (cause as NodeJS.ErrnoException).code === undefined ? cause : unreadable(source, cause);
    }
    yield* batcher.end();
  }

  async *file(path: string, follow: boolean): AsyncGenerator<LogBatch> {
    const { positionOf, signal } = this.#options;
    const source = sourceName(path);
    let left = await positionOf(source);
    let files = follow && left ? await this.#openNext(path, { position: left }) : [await openInput(path)];
    try {
      while (!signal.aborted) {
        const [file, ...others] = files;
        if (file === undefined) return;
        const isStanding = others.length === 0;
        // A server may still write to the log that was put aside last.
        const outcome = yield* this.#contents(file, path, source, left, follow && others.length <= 1);
        if (isStanding && outcome === 'ended') return;
        // A position is one in the file that was left, and that comes first.
        left = undefined;
        if (isStanding && outcome === 'cut') continue;
        const stats = await file.stat();
        files = others;
        await file.close();
        if (isStanding) files = await this.#openNext(path, { stats });
      }
    } finally {
      for (const file of files) await file.close();
    }
  }

  async *#contents(
    file: FileHandle,
    path: string,
    source: string,
    left: SourcePosition | undefined,
    follow: boolean,
  ): AsyncGenerator<LogBatch, 'ended' | 'cut' | 'replaced'> {
    if (!(await isGzip(file))) return yield* this.#plain(file, path, source, left, follow);
    yield* this.#compressed(file, path, source, left);
    return 'ended';
  }

  /** Reads an open file to its end; when following, until it has been cut or another file stands at its path. */
  async *#plain(
    file: FileHandle,
    path: string,
    source: string,
    left: SourcePosition | undefined,
    follow: boolean,
  ): AsyncGenerator<LogBatch, 'ended' | 'cut' | 'replaced'> {
    const { signal } = this.#options;
    const same = left !== undefined && (await isSameFile(file, left));
    const start = same ? left : { offset: 0, lines: 0, ...(await fingerprint(file)) };
    const batcher = this.#batcher(source, start);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let position = start.offset;
    if (position > 0) {
      await file.read(buffer, 0, 1, position - 1);
      if (buffer[0] !== NEWLINE) batcher.skipRestOfLine();
    }
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead > 0) {
        position += bytesRead;
        if (batcher.fingerprint) batcher.fingerprint = await grownFingerprint(file, batcher.fingerprint);
        yield* batcher.push(Buffer.from(buffer.subarray(0, bytesRead)));
        continue;
      }
      if (!follow) {
        yield* batcher.end();
        return 'ended';
      }
      yield* batcher.flush();
      const outcome = await whatFollows({ file, path, position, fingerprint: batcher.fingerprint }, signal);
      if (outcome === 'cut' || outcome === 'replaced') {
        yield* batcher.end();
        return outcome;
      }
    }
    yield* batcher.flush();
    return 'ended';
  }

  async *#compressed(
    file: FileHandle,
    path: string,
    source: string,
    left: SourcePosition | undefined,
  ): AsyncGenerator<LogBatch> {
    const same = left !== undefined && (await beginsWith(file, left));
    const start = same ? left : { offset: 0, lines: 0, ...(await fingerprint(file)) };
    const batcher = this.#batcher(source, start);
    let toSkip = start.offset;
    try {
      for await (const bytes of gunzip(file)) {
        if (this.#options.signal.aborted) break;
        const skipped = Math.min(toSkip, bytes.length);
        toSkip -= skipped;
        if (skipped > 0 && toSkip === 0 && bytes[skipped - 1] !== NEWLINE) batcher.skipRestOfLine();
        yield* batcher.push(bytes.subarray(skipped));
      }
    } catch (cause) {
      if (!isZlibError(cause)) throw cause;
      yield* batcher.flush();
      throw new ProducerError(
        'INPUT_TRUNCATED',
        `${path} ends in the middle or is damaged (${cause.message}); ` +
          `its first ${batcher.lines} lines, ${batcher.offset} bytes of text, were read`,
        { cause },
      );
    }
    if (this.#options.signal.aborted) yield* batcher.flush();
    else yield* batcher.end();
  }

  /** Between renaming a log and making it anew there is a moment without one. */
  async #openNext(path: string, last: LastRead): Promise<FileHandle[]> {
    for (;;) {
      try {
        return await openNext(path, last);
      } catch (cause) {
        const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        if (!isMissing || this.#options.signal.aborted) throw unreadable(path, cause);
        await delay(REOPEN_EVERY_MS, undefined, { signal: this.#options.signal }).catch(() => {});
      }
    }
  }

  #batcher(source: string, start: SourcePosition | undefined): LogBatcher {
    const { batchLines = DEFAULT_BATCH_LINES } = this.#options;
    return new LogBatcher({ source, start, parse: this.#parse, builder: this.#builder, batchLines });
  }
}
