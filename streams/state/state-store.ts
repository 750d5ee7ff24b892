import type { StoreView } from './read-only-stores.js';
import type { StateDatabase } from './state-database.js';

/** Where a store's changes go when they are flushed: its changelog topic, inside the transaction of the commit. */
export type ChangelogAppend = (key: Buffer, value: Buffer | null) => void;

/**
 * Told of an entry that cannot be serialized, of which the store then keeps what was committed before.
 *
 * @throws Error when the application is to stop
 */
export type FlushFailure = (error: unknown, key: unknown, value: unknown, timestamp?: number) => void;

/**
 * A task's store. Between commits its writes are in memory only; `flush` appends them to the changelog and stages them
 * for LevelDB, which the task writes once the transaction is durable. So LevelDB always equals a committed prefix of the
 * changelog, and nothing is ever undone.
 */
export interface StateStore {
  readonly name: string;
  /** Writes since the last flush, in entries; the engine commits early when it grows too large. */
  readonly uncommittedEntries: number;
  /** How many it holds, where that is known without a count: those of windows are all in memory. */
  readonly entries: number | null;
  /** Reads what the database holds; called once, before anything else. */
  open(database: StateDatabase): Promise<void>;
  /** Applies one changelog record that the database does not hold yet, and stages it. */
  restore(key: Buffer, value: Buffer | null): void;
  flush(changelog: ChangelogAppend, failed: FlushFailure): void;
  /** What was flushed is durable, in the log and in the database. Told after each commit, before the next `flush`. */
  committed(changelogEndOffset: number): void;
  /** The offset before which the store needs no record of its changelog any more. */
  readonly changelogNeededFrom: number;
  /**
   * What the database holds, and so what was committed, for readers beside the task: they neither wait for it nor make it
   * wait. Open until the task is closed.
   */
  view(): StoreView;
}
