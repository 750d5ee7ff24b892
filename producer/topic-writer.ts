import { type Log, partitionForString, type Serde, type Transaction } from '@millrace/streams';

export interface TopicWriterOptions<V> {
  readonly log: Log;
  /** It must exist. */
  readonly topic: string;
  readonly serde: Serde<V>;
  /** Decides the partition. */
  readonly keyOf: (value: V) => string;
}

/** What has a time, in milliseconds since the epoch. */
interface Timed {
  readonly timestamp: number;
}

/** Appends values to a topic, those of a call in one transaction. */
export class TopicWriter<V extends Timed> {
  written = 0;
  readonly #options: TopicWriterOptions<V>;
  readonly #partitions: number;

  private constructor(options: TopicWriterOptions<V>, partitions: number) {
    this.#options = options;
    this.#partitions = partitions;
  }

  static async create<V extends Timed>(options: TopicWriterOptions<V>): Promise<TopicWriter<V>> {
    return new TopicWriter(options, (await options.log.partitions(options.topic)) ?? 1);
  }

  async write(values: readonly V[]): Promise<void> {
    const transaction = this.#options.log.transaction();
    this.append(transaction, values);
    await transaction.commit();
    this.written += values.length;
  }

  /** Makes the values part of a transaction that has more in it. */
  append(transaction: Transaction, values: readonly V[]): void {
    const { keyOf, serde, topic } = this.#options;
    for (const value of values) {
      const key = keyOf(value);
      const partition = partitionForString(key, this.#partitions);
      transaction.append(topic, partition, value.timestamp, Buffer.from(key), serde.serialize(topic, value));
    }
  }

  /** Resolves when others can read what was written. */
  async settle(): Promise<void> {
    const { log, topic } = this.#options;
    for (let partition = 0; partition < this.#partitions; partition++) await log.endOffset({ topic, partition });
  }
}
