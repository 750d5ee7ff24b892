import { DELETE_RETENTION_MS, type RecordCursor, type TopicPartition } from '../../log/log.js';
import type { StateDatabase } from '../../state/state-database.js';
import type { StateStore } from '../../state/state-store.js';
import type { SubTopology } from '../../topology/topology.js';

/** An hour less than deletions stay in a changelog: for clocks that differ, and for the restore itself. */
const CHECKPOINT_VALID_MS = DELETE_RETENTION_MS - 3_600_000;

/** Where a store stands in its changelog. */
export interface StorePosition {
  readonly store: StateStore;
  readonly topicPartition: TopicPartition;
  /** The offset after the last record that the store holds. */
  readonly offset: number;
}

/** A task's stores and the database under them, whether the task runs here or its state is kept up to date only. */
export class TaskState {
  readonly id: string;
  readonly stores: ReadonlyMap<string, StateStore>;

  private constructor(
    readonly subTopology: SubTopology,
    readonly partition: number,
    /** Undefined for a sub-topology without stores. */
    readonly database: StateDatabase | undefined,
    readonly changelogTopic: (store: string) => string,
    /** Milliseconds since the epoch. */
    readonly now: () => number,
  ) {
    this.id = taskId(subTopology, partition);
    this.stores = new Map(subTopology.stores.map((store) => [store.name, store.create()]));
  }

  /** Reads what the database holds. The state closes it, also when this fails. @throws StateError */
  static async open(
    subTopology: SubTopology,
    partition: number,
    database: StateDatabase | undefined,
    changelogTopic: (store: string) => string,
    now: () => number,
  ): Promise<TaskState> {
    const state = new TaskState(subTopology, partition, database, changelogTopic, now);
    if (database === undefined) return state;
    try {
      await state.#clearStale(database);
      for (const store of state.stores.values()) await store.open(database);
    } catch (error) {
      await database.close();
      throw error;
    }
    return state;
  }

  get positions(): StorePosition[] {
    return [...this.stores.values()].map((store) => {
      const topic = this.changelogTopic(store.name);
      const offset = this.database?.checkpoint[topic] ?? 0;
      return { store, topicPartition: { topic, partition: this.partition }, offset };
    });
  }

  /** What the stores flushed is in the changelogs and in the database. */
  committed(): void {
    for (const { offset, store } of this.positions) store.committed(offset);
  }

  /** The stores held, at this time, all that their changelogs did. */
  holdsAllOf(timeMs: number): void {
    for (const name of this.stores.keys()) this.database?.isWholeAt(this.changelogTopic(name), timeMs);
  }

  /**
   * Applies what was read of one of the stores' changelogs; the stores hold it at once.
   *
   * @returns when LevelDB does: how much it was
   */
  async restore(cursor: RecordCursor): Promise<{ readonly records: number; readonly bytes: number }> {
    let records = 0;
    let bytes = 0;
    const store = this.positions.find(({ topicPartition }) => topicPartition.topic === cursor.topic)?.store;
    if (store === undefined || this.database === undefined) return { records, bytes };
    while (cursor.next()) {
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
      const value = valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd));
      store.restore(Buffer.from(keyBytes.subarray(keyStart, keyEnd)), value);
      records++;
      bytes += keyEnd - keyStart + (value?.length ?? 0);
    }
    await this.database.takeStaged().write({ [cursor.topic]: cursor.nextOffset });
    return { records, bytes };
  }

  async close(): Promise<void> {
    await this.database?.close();
  }

  /** Deletes what cannot be brought up to date by what is in the changelogs, and what is of no store of the task's. */
  async #clearStale(database: StateDatabase): Promise<void> {
    for (const name of await database.storeNames()) {
      if (this.stores.has(name)) continue;
      const changelog = this.changelogTopic(name);
      await database.clear(name, changelog);
      process.emitWarning(
        `the store "${name}" is no longer one of task ${this.id}: its local state is deleted; ${changelog} stays, and ` +
          'can be deleted where no other version of the application reads it',
      );
    }
    for (const name of this.stores.keys()) {
      const changelog = this.changelogTopic(name);
      // Keys that were deleted since then may have gone from the changelog with their deletions, and would come to life again.
      if (this.now() - database.wholeAtMs(changelog) <= CHECKPOINT_VALID_MS) continue;
      await database.clear(name, changelog);
      database.isWholeAt(changelog, this.now());
    }
  }
}

/** As Kafka Streams names tasks: the sub-topology, and the partition. */
export function taskId(subTopology: SubTopology, partition: number): string {
  return `${subTopology.id}_${partition}`;
}
