import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { CompressionError, uncompressed } from './decompress.js';
import type { EventBuilder } from './event-builder.js';
import { FollowedEnd } from './follow.js';
import type { LineFormat } from './formats/line-format.js';
import type { PlannedInput, PlannedText } from './input-plan.js';
import type { LastPieces } from './last-pieces.js';
import { LineReader, type ReadLine } from './line-reader.js';
import { listedRecords } from './listed-records.js';
import type { LineSource } from './merge.js';
import { NeighbourCheck } from './neighbours.js';
import { ProducerError } from './producer-error.js';
import { ReadText } from './read-text.js';
import { openNext, rotatedLogs } from './rotation.js';
import { PREFIX_BYTES } from './source-position.js';
import { TextFile } from './text-file.js';
import { utf8Of } from './utf16.js';

/** How long a file that ends in half a line, and has just been written to, is given to go on. */
const HALF_LINE_MS = 300;
const LOOK_EVERY_MS = 50;
/** How long a pipe that says nothing may still say whether a line is ahead of those that follow. */
const SILENT_MS = 200;
const NOTHING: readonly ReadLine[] = [];
const NEWLINE = 0x0a;

export interface InputOptions {
  readonly format: LineFormat;
  /** By the path of a text. */
  readonly builderOf: (path: string) => EventBuilder;
  readonly hostOf: (path: string) => string | undefined;
  readonly warn: (message: string) => void;
  readonly tellDamage: (message: string) => void;
  /** Given what is read of a stream. */
  readonly onText: (piece: Buffer) => void;
  readonly maxAheadMs: number;
  /** How much is read at a time. */
  readonly pieceBytes: number;
  readonly signal: AbortSignal;
}

/** A text that is being read, line by line. */
class OpenText {
  readonly #reader: LineReader;
  readonly #check: NeighbourCheck;
  readonly #options: InputOptions;

  constructor(
    readonly text: ReadText,
    start: PlannedText['start'],
    before: Buffer,
    options: InputOptions,
  ) {
    const { builderOf, maxAheadMs, format } = options;
    this.#options = options;
    this.#reader = new LineReader({ file: text, start, before, format, builder: builderOf(text.name) });
    this.#check = new NeighbourCheck({ maxAheadMs, time: start.time });
  }

  get offset(): number {
    return this.#reader.offset;
  }

  get lines(): number {
    return this.#reader.lines;
  }

  get holds(): boolean {
    return this.#check.holds || this.#reader.holds;
  }

  push(piece: Buffer): readonly ReadLine[] {
    return this.#check.push(this.#reader.push(piece));
  }

  /** There is nothing more at the moment. */
  settle(): readonly ReadLine[] {
    return this.#check.settle(Date.now() + this.#options.maxAheadMs);
  }

  /** There has been nothing more for a while: what was held for what might follow goes on. */
  rest(): readonly ReadLine[] {
    if (!this.holds) return NOTHING;
    return [...this.#check.push(this.#reader.flush()), ...this.settle()];
  }

  /**
   * The end of the text.
   *
   * @param writtenMs when it was written to last: no line is of a later time
   */
  end(writtenMs: number, takesTail = true): readonly ReadLine[] {
    const last = takesTail ? this.#reader.end() : [];
    if (takesTail && this.text.isPacked) {
      // It is not to be decompressed again to find that nothing in it is new.
      if (last.length === 0) last.push(this.#reader.endMark());
      for (const line of last) line.isEnd = true;
    }
    return [...this.#check.push(last), ...this.#check.end(writtenMs + this.#options.maxAheadMs)];
  }
}

/** A pipe, or standard input: there is no going back in it. */
export class StreamInput implements LineSource {
  readonly firstTime = -1;
  readonly mayStall = true;
  readonly #name: string;
  readonly #open: () => Promise<Readable>;
  readonly #lastPieces: LastPieces;
  readonly #options: InputOptions;
  #stream: Readable | undefined;

  constructor(name: string, open: () => Promise<Readable>, lastPieces: LastPieces, options: InputOptions) {
    this.#name = name;
    this.#open = open;
    this.#lastPieces = lastPieces;
    this.#options = options;
  }

  async *lines(): AsyncGenerator<readonly ReadLine[]> {
    const text = new ReadText({ name: this.#name, hasPositions: false, head: Buffer.alloc(0) });
    const opened = new OpenText(text, { offset: 0, lines: 0 }, Buffer.alloc(0), this.#options);
    let takesTail = true;
    const pieces = listedRecords(utf8Of(this.#pieces()))[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = pieces.next();
        if (opened.holds) {
          const isSilent = await Promise.race([next.then(() => false), delay(SILENT_MS, true)]);
          if (isSilent) yield opened.rest();
        }
        const { done, value } = await next;
        if (done) break;
        this.#options.onText(value);
        yield opened.push(value);
      }
    } catch (error) {
      if (this.#options.signal.aborted) takesTail = false;
      else if (!(error instanceof CompressionError)) throw error;
      else {
        takesTail = error.isWhole;
        tell(this.#options, this.#name, opened, error);
      }
    }
    yield opened.end(Date.now(), takesTail);
    if (this.#stream !== undefined) this.#lastPieces.handedOn(this.#stream);
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    const stream = this.#lastPieces.opened(await this.#open());
    this.#stream = stream;
    yield* uncompressed(stream);
  }
}

/** A log's files, one after the other, up to their ends. */
export class FileInput implements LineSource {
  readonly mayStall = false;
  readonly #planned: PlannedInput;
  readonly #options: InputOptions;

  constructor(planned: PlannedInput, options: InputOptions) {
    this.#planned = planned;
    this.#options = options;
  }

  get firstTime(): number {
    return this.#planned.firstTime;
  }

  async *lines(): AsyncGenerator<readonly ReadLine[]> {
    for (const planned of this.#planned.texts) {
      if (this.#options.signal.aborted) return;
      const file = await reopened(planned);
      try {
        yield* wholeText(file, planned, this.#options);
      } finally {
        await file.close();
      }
    }
  }
}

/** A log that is followed: its files one after the other, and what is written to it. */
export class FollowedInput implements LineSource {
  readonly mayStall = false;
  readonly #planned: PlannedInput;
  readonly #options: InputOptions;

  constructor(planned: PlannedInput, options: InputOptions) {
    this.#planned = planned;
    this.#options = options;
  }

  get firstTime(): number {
    return this.#planned.firstTime;
  }

  async *lines(): AsyncGenerator<readonly ReadLine[]> {
    const { signal } = this.#options;
    const { path, texts } = this.#planned;
    let files: { file: TextFile; planned: PlannedText }[] = [];
    try {
      for (const planned of texts) files.push({ file: planned.file ?? (await reopened(planned)), planned });
      while (!signal.aborted) {
        const [current, ...others] = files;
        if (current === undefined) return;
        const isStanding = others.length === 0;
        // A server may still write to the log that was put aside last.
        const outcome = yield* this.#contents(current, others.length <= 1);
        if (isStanding && outcome === 'ended') return;
        if (isStanding && outcome === 'cut') {
          files = [await this.#fresh(path, current.file.handle)];
          continue;
        }
        const stats = await current.file.handle.stat();
        files = others;
        await current.file.close();
        if (!isStanding) continue;
        for (const handle of await openNext(path, stats, signal)) files.push(await this.#fresh(path, handle));
      }
    } finally {
      for (const { file } of files) await file.close();
    }
  }

  async #fresh(path: string, handle: FileHandle): Promise<{ file: TextFile; planned: PlannedText }> {
    const file = await TextFile.of(path, handle);
    const head = await file.head(PREFIX_BYTES);
    const text = new ReadText({ name: path, hasPositions: true, head, host: this.#options.hostOf(path) });
    return { file, planned: { path, file, stats: file.stats, text, start: { offset: 0, lines: 0 } } };
  }

  async *#contents(
    { file, planned }: { file: TextFile; planned: PlannedText },
    follows: boolean,
  ): AsyncGenerator<readonly ReadLine[], 'ended' | 'cut' | 'replaced'> {
    if (!file.isPlain || !follows) {
      yield* wholeText(file, planned, this.#options);
      return 'ended';
    }
    const { pieceBytes, signal } = this.#options;
    const { start, text } = planned;
    const opened = new OpenText(text, start, await file.before(start.offset), this.#options);
    const end = new FollowedEnd(file.handle, this.#planned.path);
    for (let position = start.offset; !signal.aborted; ) {
      for await (const piece of file.pieces(position, pieceBytes)) {
        text.hasRead(piece, position);
        position += piece.length;
        yield* some(opened.push(piece));
        if (signal.aborted) return 'ended';
      }
      yield* some(opened.settle());
      let outcome = await end.look(position, text.head);
      for (let looks = 0; outcome === 'nothing' && !signal.aborted; looks++) {
        yield looks === 0 ? NOTHING : opened.rest();
        outcome = await end.look(position, text.head);
      }
      if (outcome === 'cut' || outcome === 'replaced') {
        yield* some(opened.end(Date.now()));
        return outcome;
      }
    }
    return 'ended';
  }
}

/** An empty list would say that there is nothing now. */
function* some(lines: readonly ReadLine[]): Generator<readonly ReadLine[]> {
  if (lines.length > 0) yield lines;
}

async function* wholeText(
  file: TextFile,
  { start, text }: PlannedText,
  options: InputOptions,
): AsyncGenerator<readonly ReadLine[]> {
  const { pieceBytes, signal } = options;
  const opened = new OpenText(text, start, await file.before(start.offset), options);
  let takesTail = true;
  let position = start.offset;
  try {
    for (;;) {
      let last: number | undefined;
      for await (const piece of file.pieces(position, pieceBytes)) {
        if (signal.aborted) return;
        text.hasRead(piece, position);
        position += piece.length;
        last = piece.at(-1) ?? last;
        yield* some(opened.push(piece));
      }
      if (!file.isPlain || last === undefined || last === NEWLINE || !(await hasGrown(file, position, signal))) break;
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    takesTail = error.isWhole;
    tell(options, text.name, opened, error);
  }
  if (signal.aborted) return;
  yield* some(opened.end(file.stats.mtimeMs, takesTail));
}

/** Whether what was half a line goes on: who writes it may be at it. */
async function hasGrown({ handle }: TextFile, position: number, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const { mtimeMs, size } = await handle.stat();
    if (size > position) return true;
    if (Date.now() - mtimeMs > HALF_LINE_MS || signal.aborted) return false;
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

function tell(options: InputOptions, name: string, { lines, offset }: OpenText, error: CompressionError): void {
  if (error.isWhole) {
    options.warn(`${name}: ${error.message}; its ${lines} lines were read`);
    return;
  }
  options.tellDamage(
    `${name} ends in the middle or is damaged (${error.message}); its first ${lines} lines, ${offset} bytes of text, were read`,
  );
}

/** The file that was planned, also where it has got another name since. */
async function reopened({ path, stats }: PlannedText): Promise<TextFile> {
  const isSame = async (candidate: string) => (await stat(candidate).catch(() => undefined))?.ino === stats.ino;
  const names = [
    path,
    ...(await rotatedLogs(path)).filter((log) => log.stats.ino === stats.ino).map((log) => log.path),
  ];
  for (const name of names) {
    if (!(await isSame(name))) continue;
    const file = await TextFile.of(path, await open(name, 'r'));
    if (file.stats.ino === stats.ino) return file;
    await file.close();
  }
  throw new ProducerError(
    'INPUT_MISSING',
    `${path} was there when this began, and is gone now, also from ${dirname(path)}; run it again`,
  );
}
