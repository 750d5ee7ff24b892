import { mkdir } from 'node:fs/promises';
import type { AbstractLevel } from 'abstract-level';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';

type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;
type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

const CHECKPOINT_KEY = Buffer.from('\0checkpoint');

/** The offset after the last changelog record that the database holds, by changelog topic. */
export type Checkpoint = Readonly<Record<string, number>>;

/** A state directory that cannot be used; `code` is stable, the message says what to do. */
export class StateError extends Error {
  constructor(
    readonly code: 'STATE_LOCKED' | 'STATE_CORRUPT' | 'STATE_IO' | 'STATE_MISMATCH',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StateError';
  }
}

/**
 * One task's LevelDB. Writes are staged and reach the disk in one atomic batch with the checkpoint; LevelDB's lock
 * keeps every other process out.
 */
export class StateDatabase {
  #operations: Operation[] = [];
  #clears: { gte: Buffer; lt: Buffer }[] = [];
  #checkpoint: Checkpoint;

  private constructor(
    readonly level: Level,
    /** For messages. */
    readonly location: string,
    checkpoint: Checkpoint,
  ) {
    this.#checkpoint = checkpoint;
  }

  /** Opens the directory, and creates it when it is not there. @throws StateError */
  static async open(directory: string): Promise<StateDatabase> {
    try {
      await mkdir(directory, { recursive: true });
    } catch (cause) {
      throw new StateError('STATE_IO', `cannot create the state directory ${directory}`, { cause });
    }
    return StateDatabase.#over(
      new ClassicLevel<Buffer, Buffer>(directory, {
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
        writeBufferSize: 8 * 1024 * 1024,
      }) as unknown as Level,
      directory,
    );
  }

  /** A database that is gone with the process. */
  static inMemory(): Promise<StateDatabase> {
    const level = new MemoryLevel<Buffer, Buffer>({
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      storeEncoding: 'buffer',
    });
    return StateDatabase.#over(level as unknown as Level, 'memory');
  }

  static async #over(level: Level, directory: string): Promise<StateDatabase> {
    try {
      await level.open();
    } catch (cause) {
      throw failure(`cannot open the state directory ${directory}`, directory, cause);
    }
    const checkpoint = await level.get(CHECKPOINT_KEY);
    return new StateDatabase(level, directory, checkpoint ? (JSON.parse(checkpoint.toString()) as Checkpoint) : {});
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  get(key: Buffer): Buffer | undefined {
    return this.level.getSync(key);
  }

  /** Entries in key order. @throws StateError */
  async *entries(gte: Buffer, lt: Buffer): AsyncIterable<[Buffer, Buffer]> {
    try {
      yield* this.level.iterator({ gte, lt });
    } catch (cause) {
      throw failure(`cannot read the state in ${this.location}`, this.location, cause);
    }
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
        if (changed) {
          this.#checkpoint = { ...this.#checkpoint, ...checkpoint };
          operations.push({ type: 'put', key: CHECKPOINT_KEY, value: Buffer.from(JSON.stringify(this.#checkpoint)) });
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
  return new StateError('STATE_IO', `${what}: ${reason.message}`, { cause });
}

function reasonOf(error: Error): Error {
  return error.cause instanceof Error ? reasonOf(error.cause) : error;
}
