import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../errors.js';
import { diskFailureOf } from '../leveldb/disk-failure.js';
import { type Level, levelInMemory, levelOnDisk } from '../leveldb/level.js';
import { damageOf } from '../leveldb/level-damage.js';
import { makePrivateDirectory } from '../log/private-directory.js';
import { endOfStore, startOfStore } from './store-keys.js';

interface WithSizes {
  approximateSize(start: Buffer, end: Buffer): Promise<number>;
}

function hasSizes(level: object): level is WithSizes {
  return 'approximateSize' in level;
}

type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

const CHECKPOINT_KEY = Buffer.from('\0checkpoint');

/** How often the time in an unchanged checkpoint is written anew. */
const TIME_STEP_MS = 3_600_000;

/** The offset after the last changelog record that the database holds, by changelog topic. */
export type Checkpoint = Readonly<Record<string, number>>;

interface StoredCheckpoint {
  readonly offsets: Checkpoint;
  /** By changelog topic; missing in states of an earlier version. */
  readonly wholeAt?: Readonly<Record<string, number>>;
}

/** State that cannot be used, or has no room; `code` is stable, the message says what to do. */
export class StateError extends MillraceError<
  | 'STATE_LOCKED'
  | 'STATE_CORRUPT'
  | 'STATE_FULL'
  | 'STATE_READ_ONLY'
  | 'STATE_IO'
  | 'STATE_MISMATCH'
  /** A `suppress` with `shutDownWhenFull` has no room. */
  | 'BUFFER_FULL'
> {}

/**
 * One task's LevelDB. Writes are staged and reach the disk in one atomic batch with the checkpoint; LevelDB's lock
 * keeps every other process out.
 */
export class StateDatabase {
  #operations: Operation[] = [];
  #clears: { gte: Buffer; lt: Buffer }[] = [];
  #stored: StoredCheckpoint | undefined;
  #checkpoint: Checkpoint;
  readonly #wholeAt: Map<string, number>;

  private constructor(
    readonly level: Level,
    /** For messages. */
    readonly location: string,
    stored: StoredCheckpoint | undefined,
  ) {
    this.#stored = stored;
    this.#checkpoint = stored?.offsets ?? {};
    this.#wholeAt = new Map(Object.entries(stored?.wholeAt ?? {}));
  }

  /**
   * Opens the directory, and creates it when it is not there. All of its files are read, for LevelDB itself does not see
   * all damage. What is damaged is emptied, with a warning: all of it is in the changelogs.
   *
   * @throws StateError
   */
  static open(directory: string): Promise<StateDatabase> {
    return StateDatabase.#open(directory, false);
  }

  static async #open(directory: string, isRebuilt: boolean): Promise<StateDatabase> {
    try {
      await makePrivateDirectory(directory);
    } catch (cause) {
      throw failure(`cannot create the state directory ${directory}`, directory, cause);
    }
    // Before it is opened, for LevelDB then makes good what it takes to be whole. What was found counts only if it can
    // be opened, for another process may have it.
    let damage = await damageOf(directory);
    const level = await levelOnDisk(directory, {
      // So that all blocks of a table can be found and checked.
      compression: false,
      writeBufferSize: 8 * 1024 * 1024,
    });
    try {
      await openLevel(level, directory);
      if (damage === undefined) return await StateDatabase.#over(level, directory);
      // While it is locked. Without this file it counts as damaged, should nothing more come of it.
      await rm(join(directory, 'CURRENT'));
      await level.close();
    } catch (error) {
      // What only LevelDB sees, such as a table that is missing: no other process can have changed it, for this one holds the lock.
      const isCorrupt = error instanceof StateError && error.code === 'STATE_CORRUPT' && !isRebuilt;
      if (isCorrupt) damage ??= reasonOf(error).message;
      if (damage === undefined || (error instanceof StateError && error.code === 'STATE_LOCKED')) throw error;
    }
    await level.close().catch(() => {});
    await rm(directory, { recursive: true });
    process.emitWarning(`the state in ${directory} is damaged (${damage}); it is rebuilt from the changelog`);
    return StateDatabase.#open(directory, true);
  }

  /** A database that is gone with the process. */
  static async inMemory(): Promise<StateDatabase> {
    const level = levelInMemory();
    await openLevel(level, 'memory');
    return StateDatabase.#over(level, 'memory');
  }

  static async #over(level: Level, location: string): Promise<StateDatabase> {
    const stored = await level.get(CHECKPOINT_KEY);
    return new StateDatabase(level, location, stored && (JSON.parse(stored.toString()) as StoredCheckpoint));
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /**
   * When the database held all that the changelog did, in milliseconds since the epoch; 0 when it never has. What it holds
   * behind the checkpoint came after that.
   */
  wholeAtMs(changelog: string): number {
    return this.#wholeAt.get(changelog) ?? 0;
  }

  isWholeAt(changelog: string, timeMs: number): void {
    this.#wholeAt.set(changelog, timeMs);
  }

  /** The names of all stores that it holds anything of. */
  async storeNames(): Promise<string[]> {
    const names: string[] = [];
    try {
      for (let after = CHECKPOINT_KEY; ; ) {
        const [key] = await this.level.keys({ gt: after, limit: 1 }).all();
        if (key === undefined) return names;
        const name = key.subarray(0, key.indexOf(0));
        names.push(name.toString('latin1'));
        after = Buffer.concat([name, Buffer.from([1])]);
      }
    } catch (cause) {
      throw failure(`cannot read the state in ${this.location}`, this.location, cause);
    }
  }

  /** Deletes all that it holds of a store, and where it stands in its changelog. @throws StateError */
  async clear(store: string, changelog: string): Promise<void> {
    const { [changelog]: position, ...offsets } = this.#checkpoint;
    this.#wholeAt.delete(changelog);
    try {
      // First: what is half deleted must not count as whole.
      if (position !== undefined) {
        this.#checkpoint = offsets;
        await this.level.put(CHECKPOINT_KEY, this.#serializedCheckpoint());
      }
      await this.level.clear({ gte: startOfStore(store), lt: endOfStore(store) });
    } catch (cause) {
      throw failure(`cannot write to the state in ${this.location}`, this.location, cause);
    }
  }

  get(key: Buffer): Buffer | undefined {
    return this.level.getSync(key);
  }

  /** Entries in key order, or in the reverse of it. @throws StateError */
  async *entries(gte: Buffer, lt: Buffer, reverse = false): AsyncIterable<[Buffer, Buffer]> {
    try {
      yield* this.level.iterator({ gte, lt, reverse });
    } catch (cause) {
      throw failure(`cannot read the state in ${this.location}`, this.location, cause);
    }
  }

  /**
   * The entry of `head`, where there is one, and then those from `gte` on in key order, all as of one moment.
   *
   * @throws StateError
   */
  async *entriesBehind(head: Buffer, gte: Buffer, lt: Buffer): AsyncIterable<[Buffer, Buffer]> {
    const iterator = this.level.iterator({ gte: head, lt });
    try {
      const first = await iterator.next();
      if (first?.[0].equals(head)) yield first;
      iterator.seek(gte);
      yield* iterator;
    } catch (cause) {
      throw failure(`cannot read the state in ${this.location}`, this.location, cause);
    } finally {
      await iterator.close();
    }
  }

  /** What the store's entries take on the disk, roughly and without those written last; undefined where that is not known. */
  async approximateBytes(store: string): Promise<number | undefined> {
    if (!hasSizes(this.level)) return undefined;
    try {
      return await this.level.approximateSize(startOfStore(store), endOfStore(store));
    } catch {
      // It has just been closed.
      return undefined;
    }
  }

  /** How many entries there are. @throws StateError */
  async count(gte: Buffer, lt: Buffer): Promise<number> {
    let count = 0;
    try {
      for await (const _ of this.level.keys({ gte, lt })) count++;
    } catch (cause) {
      throw failure(`cannot read the state in ${this.location}`, this.location, cause);
    }
    return count;
  }

  stagePut(key: Buffer, value: Buffer): void {
    this.#operations.push({ type: 'put', key, value });
  }

  stageDelete(key: Buffer): void {
    this.#operations.push({ type: 'del', key });
  }

  /** Stages the deletion of a range. It happens after the batch: readers must pass over what should be gone. */
  stageClear(gte: Buffer, lt: Buffer): void {
    this.#clears.push({ gte, lt });
  }

  /** Takes what is staged; `write` makes it durable, with the checkpoint, when the transaction it belongs to is. */
  takeStaged(): { write(checkpoint: Checkpoint): Promise<void> } {
    const operations = this.#operations;
    const clears = this.#clears;
    this.#operations = [];
    this.#clears = [];
    return {
      write: async (checkpoint) => {
        const changed = Object.entries(checkpoint).some(([topic, offset]) => this.#checkpoint[topic] !== offset);
        if (changed || this.#isNewsOfWholeness()) {
          this.#checkpoint = { ...this.#checkpoint, ...checkpoint };
          operations.push({ type: 'put', key: CHECKPOINT_KEY, value: this.#serializedCheckpoint() });
        }
        try {
          if (operations.length > 0) await this.level.batch(operations);
          for (const range of clears) await this.level.clear(range);
        } catch (cause) {
          throw failure(`cannot write to the state in ${this.location}`, this.location, cause);
        }
      },
    };
  }

  close(): Promise<void> {
    return this.level.close();
  }

  #isNewsOfWholeness(): boolean {
    const { wholeAt = {} } = this.#stored ?? {};
    for (const [topic, timeMs] of this.#wholeAt) if (timeMs - (wholeAt[topic] ?? 0) >= TIME_STEP_MS) return true;
    return false;
  }

  #serializedCheckpoint(): Buffer {
    this.#stored = { offsets: this.#checkpoint, wholeAt: Object.fromEntries(this.#wholeAt) };
    return Buffer.from(JSON.stringify(this.#stored));
  }
}

/** @throws StateError */
async function openLevel(level: Level, directory: string): Promise<void> {
  try {
    await level.open();
  } catch (cause) {
    throw failure(`cannot open the state directory ${directory}`, directory, cause);
  }
}

/** What a failure of LevelDB means for who uses the state. */
function failure(what: string, location: string, cause: unknown): StateError {
  const reason = reasonOf(cause as Error);
  if ('code' in reason && reason.code === 'LEVEL_LOCKED') {
    return new StateError('STATE_LOCKED', `the state directory ${location} is in use by another process`, { cause });
  }
  if (/corrupt/i.test(reason.message)) {
    return new StateError(
      'STATE_CORRUPT',
      `the state in ${location} is corrupt (${reason.message}); delete that directory: it is rebuilt from the changelog`,
      { cause },
    );
  }
  switch (diskFailureOf(cause)) {
    case 'full':
      return new StateError('STATE_FULL', `${what}: the disk is full; make room and start again`, { cause });
    case 'read-only':
      return new StateError('STATE_READ_ONLY', `${what}: the disk is read-only; use another directory`, { cause });
    default:
      return new StateError('STATE_IO', `${what}: ${reason.message}`, { cause });
  }
}

function reasonOf(error: Error): Error {
  return error.cause instanceof Error ? reasonOf(error.cause) : error;
}
