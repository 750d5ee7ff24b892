import { setTimeout as delay } from 'node:timers/promises';
import { CompressionError } from './decompress.js';
import type { EventBuilder } from './event-builder.js';
import type { LineFormat } from './formats/line-format.js';
import type { PlannedText } from './input-plan.js';
import { LineReader, type ReadLine } from './line-reader.js';
import { NeighbourCheck } from './neighbours.js';
import type { ReadText } from './read-text.js';
import type { TextFile } from './text-file.js';

/** How long a file that ends in half a line, and has just been written to, is given to go on. */
const HALF_LINE_MS = 300;
const LOOK_EVERY_MS = 50;
const NOTHING: readonly ReadLine[] = [];
const NEWLINE = 0x0a;
/** So much of a text shows how its lines are written. */
export const BEGINNING_BYTES = 64 * 1024;

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
export class OpenText {
  readonly #reader: LineReader;
  readonly #check: NeighbourCheck;
  readonly #options: InputOptions;

  constructor(
    readonly text: ReadText,
    start: PlannedText['start'],
    before: Buffer,
    options: InputOptions,
    beginning = text.head,
  ) {
    const { builderOf, maxAheadMs, format } = options;
    this.#options = options;
    this.#reader = new LineReader({ file: text, start, before, beginning, format, builder: builderOf(text.name) });
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

/** An empty list would say that there is nothing now. */
export function* some(lines: readonly ReadLine[]): Generator<readonly ReadLine[]> {
  if (lines.length > 0) yield lines;
}

/** A text where it was left. */
export async function openedText(
  file: TextFile,
  { start, text }: Pick<PlannedText, 'start' | 'text'>,
  options: InputOptions,
): Promise<OpenText> {
  return new OpenText(text, start, await file.before(start.offset), options, await file.head(BEGINNING_BYTES));
}

/** A text from where it was left to its end. */
export async function* wholeText(
  file: TextFile,
  { start, text }: PlannedText,
  options: InputOptions,
): AsyncGenerator<readonly ReadLine[]> {
  const { pieceBytes, signal } = options;
  const opened = await openedText(file, { start, text }, options);
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

/** Says what of a text could not be read. */
export function tell(options: InputOptions, name: string, { lines, offset }: OpenText, error: CompressionError): void {
  if (error.isWhole) {
    options.warn(`${name}: ${error.message}; its ${lines} lines were read`);
    return;
  }
  options.tellDamage(
    `${name} ends in the middle or is damaged (${error.message}); its first ${lines} lines, ${offset} bytes of text, were read`,
  );
}
