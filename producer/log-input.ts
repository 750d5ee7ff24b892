import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { CompressionError, uncompressed } from './decompress.js';
import type { PlannedInput, PlannedText } from './input-plan.js';
import type { LastPieces } from './last-pieces.js';
import type { ReadLine } from './line-reader.js';
import { lineEndOf } from './line-splitter.js';
import { listedRecords } from './listed-records.js';
import type { LineSource } from './merge.js';
import { BEGINNING_BYTES, type InputOptions, OpenText, tell, wholeText } from './open-text.js';
import { ProducerError } from './producer-error.js';
import { ReadText } from './read-text.js';
import { rotatedLogs } from './rotation.js';
import { TextFile } from './text-file.js';
import { utf8Of } from './utf16.js';

/** How long a pipe that says nothing may still say whether a line is ahead of those that follow. */
const SILENT_MS = 200;
const NOTHING: Buffer = Buffer.alloc(0);

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
    let opened = this.#openedAt(NOTHING);
    let isFirst = true;
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
        if (isFirst) opened = this.#openedAt(wholeLines(value.subarray(0, BEGINNING_BYTES)));
        isFirst = false;
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

  /** @param head how the text begins, as far as it has come */
  #openedAt(head: Buffer): OpenText {
    const text = new ReadText({ name: this.#name, hasPositions: false, head });
    return new OpenText(text, { offset: 0, lines: 0 }, NOTHING, this.#options);
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    const stream = this.#lastPieces.opened(await this.#open());
    this.#stream = stream;
    yield* uncompressed(stream);
  }
}

/** Where a piece ends within a line, only those before it say how a text begins. */
function wholeLines(piece: Buffer): Buffer {
  return piece.subarray(0, piece.lastIndexOf(lineEndOf(piece)) + 1);
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

/** The file that was planned, also where it has got another name since. */
export async function reopened(planned: PlannedText): Promise<TextFile> {
  const { path, stats } = planned;
  const standing = await openedAs(planned, path);
  if (standing !== undefined) return standing;
  for (const log of await rotatedLogs(path)) {
    const file = log.stats.ino === stats.ino ? await openedAs(planned, log.path) : undefined;
    if (file !== undefined) return file;
  }
  throw new ProducerError(
    'INPUT_MISSING',
    `${path} was there when this began, and is gone now, also from ${dirname(path)}; run it again`,
  );
}

/** Undefined where another file has the name now, or none. */
async function openedAs({ path, stats }: PlannedText, name: string): Promise<TextFile | undefined> {
  if ((await stat(name).catch(() => undefined))?.ino !== stats.ino) return undefined;
  const file = await TextFile.of(path, await open(name, 'r'));
  if (file.stats.ino === stats.ino) return file;
  await file.close();
  return undefined;
}
