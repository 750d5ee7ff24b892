import type { RecordCursor, TopicPartition } from '../log/log.js';
import type { StateDatabase } from '../state/state-database.js';
import type { StateStore } from '../state/state-store.js';
import type { SubTopology } from './topology.js';

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
  ): Promise<TaskState> {
    const state = new TaskState(subTopology, partition, database, changelogTopic);
    if (database === undefined) return state;
    try {
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

  /** Applies what was read of one of the stores' changelogs; the stores hold it at once. @returns when LevelDB does */
  async restore(cursor: RecordCursor): Promise<void> {
    const store = this.positions.find(({ topicPartition }) => topicPartition.topic === cursor.topic)?.store;
    if (store === undefined || this.database === undefined) return;
    while (cursor.next()) {
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
      const value = valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd));
      store.restore(Buffer.from(keyBytes.subarray(keyStart, keyEnd)), value);
    }
    await this.database.takeStaged().write({ [cursor.topic]: cursor.nextOffset });
  }

  async close(): Promise<void> {
    await this.database?.close();
  }
}

/** As Kafka Streams names tasks: the sub-topology, and the partition. */
export function taskId(subTopology: SubTopology, partition: number): string {
  return `${subTopology.id}_${partition}`;
}
