import { EventEmitter, once } from 'node:events';
import type { Log, LogConsumer, RecordCursor, TopicPartition } from '../../log/log.js';
import { whenReady } from '../../serde/serde.js';
import { StateDatabase, StateError } from '../../state/state-database.js';
import type { GlobalTableDefinition } from '../../topology/topology.js';
import { countSkipped, type StreamsMetrics } from '../metrics.js';
import { GlobalTable } from './global-table.js';

/** A poll waits no longer, so that a close is seen soon. */
const MAX_POLL_MS = 100;

/**
 * The global tables of a topology, each with the rows of all partitions of its topic. They are read from the beginning at
 * the start, and followed from then on beside the tasks, which see a change as soon as it is here.
 */
export class GlobalTables {
  readonly #tables: readonly GlobalTable[];
  readonly #database: StateDatabase;
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #metrics: StreamsMetrics;
  readonly #positions = new Map<string, { readonly topicPartition: TopicPartition; offset: number }>();
  /** Tells, by `moved`, that something may have changed for those who wait. */
  readonly #progress = new EventEmitter();
  #isClosed = false;
  #failure: unknown;
  #following: Promise<void> = Promise.resolve();

  private constructor(tables: readonly GlobalTable[], database: StateDatabase, log: Log, metrics: StreamsMetrics) {
    this.#tables = tables;
    this.#database = database;
    this.#log = log;
    this.#metrics = metrics;
    this.#consumer = log.consumer();
  }

  /**
   * Resolves when the tables have all that their topics held; undefined where the topology has none.
   *
   * @param partitions how many a topic has
   * @throws LogError
   */
  static async open(
    definitions: readonly GlobalTableDefinition[],
    partitions: (topic: string) => number,
    log: Log,
    metrics: StreamsMetrics,
  ): Promise<GlobalTables | undefined> {
    if (definitions.length === 0) return undefined;
    const database = await StateDatabase.inMemory();
    const tables = definitions.map((definition) => new GlobalTable(definition, database));
    const global = new GlobalTables(tables, database, log, metrics);
    try {
      for (const { topic } of definitions) await global.#assign(topic, partitions(topic));
      global.#following = global.#follow();
      await global.catchUp();
      return global;
    } catch (error) {
      await global.close();
      throw error;
    }
  }

  /** @throws StateError when the topology has no such table */
  table(name: string): GlobalTable {
    const table = this.find(name);
    if (table !== undefined) return table;
    throw new StateError('STATE_MISMATCH', `the topology has no global table "${name}"`);
  }

  find(name: string): GlobalTable | undefined {
    return this.#tables.find((table) => table.name === name);
  }

  /** Up to where the table's topic is in it, by topic and partition. */
  position({ topic }: GlobalTable): Record<string, Record<number, number>> {
    const ofTopic = [...this.#positions.values()].filter(({ topicPartition }) => topicPartition.topic === topic);
    return { [topic]: Object.fromEntries(ofTopic.map((at) => [at.topicPartition.partition, at.offset])) };
  }

  /** Waits until the tables have what their topics hold now. @throws what following them has failed with */
  async catchUp(): Promise<void> {
    for (const position of this.#positions.values()) {
      const end = await this.#log.endOffset(position.topicPartition);
      for (;;) {
        this.check();
        if (this.#isClosed || position.offset >= end) break;
        await once(this.#progress, 'moved');
      }
    }
  }

  /** @throws what following the topics has failed with */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#following;
    await this.#consumer.close();
    await this.#database.close();
  }

  async #assign(topic: string, partitions: number): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      const topicPartition = { topic, partition };
      const offset = await this.#log.startOffset(topicPartition);
      this.#positions.set(idOf(topicPartition), { topicPartition, offset });
      this.#consumer.assign(topicPartition, offset);
    }
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#isClosed) await this.#take(await this.#consumer.poll(MAX_POLL_MS));
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#progress.emit('moved');
    }
  }

  async #take(cursors: readonly RecordCursor[]): Promise<void> {
    for (const cursor of cursors) {
      const tables = this.#tables.filter(({ topic }) => topic === cursor.topic);
      while (cursor.next()) for (const table of tables) await this.#apply(table, cursor);
    }
    await this.#database.takeStaged().write({});
    for (const cursor of cursors) {
      const position = this.#positions.get(idOf(cursor));
      if (position !== undefined) position.offset = cursor.nextOffset;
    }
    this.#progress.emit('moved');
  }

  async #apply(table: GlobalTable, cursor: RecordCursor): Promise<void> {
    if (cursor.keyStart < 0) {
      countSkipped(this.#metrics, table.name, 'null key');
      return;
    }
    try {
      // What it takes to read the row is here, then, when an operator reads it.
      await whenReady(() => table.read(cursor));
    } catch {
      countSkipped(this.#metrics, table.name, 'cannot be decoded');
      return;
    }
    table.apply(cursor);
  }
}

function idOf({ partition, topic }: TopicPartition): string {
  return `${topic}-${partition}`;
}
