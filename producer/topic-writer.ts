import type { Log } from '../streams/log/log.js';
import { partitionForString } from '../streams/log/partitioner.js';
import type { Serde } from '../streams/serde/serde.js';

export interface TopicWriterOptions<V> {
  readonly log: Log;
  /** It must exist. */
  readonly topic: string;
  readonly serde: Serde<V>;
  /** Decides the partition. */
  readonly keyOf: (value: V) => string;
  /** Milliseconds since the epoch. */
  readonly timestampOf: (value: V) => number;
}

/** Appends values to a topic, those of a call in one transaction. */
export class TopicWriter<V> {
  written = 0;
  readonly #options: TopicWriterOptions<V>;
  readonly #partitions: number;

  private constructor(options: TopicWriterOptions<V>, partitions: number) {
    this.#options = options;
    this.#partitions = partitions;
  }

  static async create<V>(options: TopicWriterOptions<V>): Promise<TopicWriter<V>> {
    return new TopicWriter(options, (await options.log.partitions(options.topic)) ?? 1);
  }

  async write(values: readonly V[]): Promise<void> {
    const { keyOf, log, serde, timestampOf, topic } = this.#options;
    const transaction = log.transaction();
    for (const value of values) {
      const key = keyOf(value);
      const partition = partitionForString(key, this.#partitions);
      transaction.append(topic, partition, timestampOf(value), Buffer.from(key), serde.serialize(topic, value));
    }
    await transaction.commit();
    this.written += values.length;
  }

  /** Resolves when others can read what was written. */
  async settle(): Promise<void> {
    const { log, topic } = this.#options;
    for (let partition = 0; partition < this.#partitions; partition++) await log.endOffset({ topic, partition });
  }
}
