import { type Level, levelOnDisk } from '../../leveldb/level.js';
import type { LogError } from '../log.js';
import type { CommitMark } from './commit-mark.js';
import { COMMIT_KEY } from './keys.js';
import { writeError } from './level-errors.js';
import type { CommitRecord } from './log-entries.js';
import { putSmallEntry } from './small-entries.js';

export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer };

/** The log's LevelDB, not open yet. */
export function logOnDisk(directory: string): Promise<Level> {
  return levelOnDisk(directory, { writeBufferSize: 32 * 1024 * 1024, maxFileSize: 16 * 1024 * 1024 });
}

/**
 * Writes in the order of the calls, numbered, each of them all or nothing. After a failure nothing is written any more: what came
 * before it stands, and nothing that came after it may.
 */
export class OrderedWriter {
  readonly #level: Level;
  readonly #fsync: boolean;
  readonly #location: string;
  #last: Promise<unknown> = Promise.resolve();
  #failure: LogError | undefined;
  #commits = 0;
  #mark: CommitMark | undefined;

  constructor(level: Level, options: { readonly fsync: boolean; readonly location: string }) {
    this.#level = level;
    this.#fsync = options.fsync;
    this.#location = options.location;
  }

  /** Goes on behind what was written before. */
  continueFrom(commits: number, mark: CommitMark | undefined): void {
    this.#commits = commits;
    this.#mark = mark;
    mark?.write(commits);
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
        const record: CommitRecord = { commits: this.#commits + 1 };
        operations.push(putSmallEntry(COMMIT_KEY, record));
        // `sync` is of classic-level, not of abstract-level.
        await this.#level.batch(operations, { sync: this.#fsync } as object);
      } catch (error) {
        this.#failure = writeError(error, this.#location);
        throw this.#failure;
      }
      this.#commits++;
      this.#mark?.write(this.#commits);
    });
    this.#last = write.catch(() => {});
    return write;
  }

  /** Resolves when what was to be written so far has been, or has failed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Nothing may be on its way. */
  close(): void {
    this.#mark?.close();
  }
}
