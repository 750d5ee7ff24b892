import type { AbstractLevel } from 'abstract-level';
import type { LogError } from '../log.js';
import { writeError } from './level-errors.js';

/** What the log asks of LevelDB, on disk or in memory. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer };

/**
 * Writes in the order of the calls, each of them all or nothing. After a failure nothing is written any more: what came
 * before it stands, and nothing that came after it may.
 */
export class OrderedWriter {
  readonly #level: Level;
  readonly #fsync: boolean;
  readonly #location: string;
  #last: Promise<unknown> = Promise.resolve();
  #failure: LogError | undefined;

  constructor(level: Level, options: { readonly fsync: boolean; readonly location: string }) {
    this.#level = level;
    this.#fsync = options.fsync;
    this.#location = options.location;
  }

  get failure(): LogError | undefined {
    return this.#failure;
  }

  /** @throws LogError LOG_FULL or LOG_IO, of this write or of one before it */
  write(operations: Operation[]): Promise<void> {
    const write = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      if (operations.length === 0) return;
      try {
        // `sync` is of classic-level, not of abstract-level.
        await this.#level.batch(operations, { sync: this.#fsync } as object);
      } catch (error) {
        this.#failure = writeError(error, this.#location);
        throw this.#failure;
      }
    });
    this.#last = write.catch(() => {});
    return write;
  }

  /** Resolves when what was to be written so far has been, or has failed. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
