import { FollowedEnd } from './follow.js';
import type { PlannedInput, PlannedText } from './input-plan.js';
import type { ReadLine } from './line-reader.js';
import { reopened } from './log-input.js';
import type { LineSource } from './merge.js';
import { type InputOptions, openedText, some, wholeText } from './open-text.js';
import { ProducerError } from './producer-error.js';
import { type FileState, stateOf } from './rotation.js';
import type { TextFile } from './text-file.js';

const NOTHING: readonly ReadLine[] = [];

/** Why the reading of a file that is followed has come to its end. */
export type FollowedOutcome =
  /** All was read, and nothing has come for long; the file was so when that was seen. */
  | { readonly kind: 'read'; readonly state: FileState }
  /** It was cut, to be written from its start again. */
  | { readonly kind: 'cut' }
  /** Its path has another file now, or none. */
  | { readonly kind: 'left' };

export interface FollowedInputOptions extends InputOptions {
  /** How long nothing may come before a file is closed. */
  readonly idleMs: () => number;
  readonly onOver: (input: FollowedInput, outcome: FollowedOutcome) => void;
}

/**
 * A log that is followed: what was put aside, its file, and what is written to it, until another has taken its place or
 * nothing has come for long. Whether there is more at its path then is found out as it was at the start.
 */
export class FollowedInput implements LineSource {
  readonly mayStall = false;
  readonly #planned: PlannedInput;
  readonly #options: FollowedInputOptions;
  #hasBegun = false;

  constructor(planned: PlannedInput, options: FollowedInputOptions) {
    this.#planned = planned;
    this.#options = options;
  }

  get firstTime(): number {
    return this.#planned.firstTime;
  }

  get path(): string {
    return this.#planned.path;
  }

  get texts(): readonly PlannedText[] {
    return this.#planned.texts;
  }

  async *lines(): AsyncGenerator<readonly ReadLine[]> {
    this.#hasBegun = true;
    const { onOver, signal } = this.#options;
    const left = [...this.#planned.texts];
    let outcome: FollowedOutcome = { kind: 'left' };
    try {
      for (let planned = left.shift(); planned !== undefined && !signal.aborted; planned = left.shift()) {
        const file = planned.file ?? (await reopened(planned).catch(ifGone));
        if (file === undefined) continue;
        try {
          // A server may still write to the log that was put aside last.
          outcome = yield* this.#contents(file, planned, left.length <= 1);
        } finally {
          await file.close();
        }
      }
    } finally {
      for (const { file } of left) await file?.close();
      onOver(this, outcome);
    }
  }

  /** Where it was not read: closes what was opened for it. */
  async close(): Promise<void> {
    if (!this.#hasBegun) for (const { file } of this.texts) await file?.close();
  }

  async *#contents(
    file: TextFile,
    planned: PlannedText,
    follows: boolean,
  ): AsyncGenerator<readonly ReadLine[], FollowedOutcome> {
    if (!file.isPlain || !follows) {
      yield* wholeText(file, planned, this.#options);
      return { kind: 'read', state: stateOf(file.stats) };
    }
    const { idleMs, pieceBytes, signal } = this.#options;
    const { start, text } = planned;
    const opened = await openedText(file, planned, this.#options);
    const end = new FollowedEnd(file.handle, this.path);
    for (let position = start.offset; !signal.aborted; ) {
      for await (const piece of file.pieces(position, pieceBytes)) {
        text.hasRead(piece, position);
        position += piece.length;
        yield* some(opened.push(piece));
        if (signal.aborted) return { kind: 'left' };
      }
      yield* some(opened.settle());
      let seen = await end.look(position, text.head);
      for (let looks = 0; seen.kind === 'nothing' && !signal.aborted; looks++) {
        if (seen.silentMs >= idleMs() && !opened.holds) return { kind: 'read', state: seen.state };
        yield looks === 0 ? NOTHING : opened.rest();
        seen = await end.look(position, text.head);
      }
      if (seen.kind === 'cut' || seen.kind === 'left') {
        yield* some(opened.end(Date.now()));
        return seen;
      }
    }
    return { kind: 'left' };
  }
}

/** What has been renamed or deleted before it was opened. */
function ifGone(error: unknown): undefined {
  if (!(error instanceof ProducerError)) throw error;
}
