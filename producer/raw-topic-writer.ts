import type { AccessLog } from '../schemas/records.js';
import type { Log, Transaction } from '../streams/log/log.js';
import { partitionForString } from '../streams/log/partitioner.js';
import type { Serde } from '../streams/serde/serde.js';
import type { LogBatch, SourcePosition } from './log-source.js';

/** The group under which positions in input files are committed, as if each file were a partition. */
const POSITIONS = 'millrace-inputs';

export interface RawTopicWriterOptions {
  readonly log: Log;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly serde: Serde<AccessLog>;
}

/** What was written since the start. */
export interface WriterMetrics {
  events: number;
  badLines: number;
}

/**
 * Appends events to the raw topic, keyed and partitioned by client address, and lines that are no events to the
 * dead-letter topic. A batch and the position in the file that it came from are one transaction: a producer that is
 * killed goes on after the last line that is in the log, and writes none twice.
 */
export class RawTopicWriter {
  readonly metrics: WriterMetrics = { events: 0, badLines: 0 };
  readonly #options: RawTopicWriterOptions;
  readonly #partitions: number;
  readonly #deadLetterPartitions: number;

  private constructor(options: RawTopicWriterOptions, partitions: number, deadLetterPartitions: number) {
    this.#options = options;
    this.#partitions = partitions;
    this.#deadLetterPartitions = deadLetterPartitions;
  }

  static async create(options: RawTopicWriterOptions): Promise<RawTopicWriter> {
    const { log, topic, deadLetterTopic } = options;
    return new RawTopicWriter(
      options,
      (await log.partitions(topic)) ?? 1,
      (await log.partitions(deadLetterTopic)) ?? 1,
    );
  }

  async write(events: readonly AccessLog[]): Promise<void> {
    const transaction = this.#options.log.transaction();
    this.#append(transaction, events);
    await transaction.commit();
    this.metrics.events += events.length;
  }

  async writeBatch(batch: LogBatch): Promise<void> {
    const { deadLetterTopic, log } = this.#options;
    const transaction = log.transaction();
    this.#append(transaction, batch.events);
    for (const { reason, line, bytes } of batch.badLines) {
      const headers = Object.entries({ reason, source: batch.source, line: String(line) });
      transaction.append(
        deadLetterTopic,
        line % this.#deadLetterPartitions,
        Date.now(),
        null,
        bytes,
        headers.map(([key, value]) => ({ key, value: Buffer.from(value) })),
      );
    }
    if (batch.source !== '-') {
      const { offset, ...metadata } = batch.position;
      transaction.commitOffset(
        POSITIONS,
        { topic: batch.source, partition: 0 },
        { offset, metadata: JSON.stringify(metadata) },
      );
    }
    await transaction.commit();
    this.metrics.events += batch.events.length;
    this.metrics.badLines += batch.badLines.length;
  }

  async positionOf(source: string): Promise<SourcePosition | undefined> {
    const committed = await this.#options.log.committed(POSITIONS, { topic: source, partition: 0 });
    if (committed === undefined) return undefined;
    return { offset: committed.offset, ...(JSON.parse(committed.metadata) as Omit<SourcePosition, 'offset'>) };
  }

  #append(transaction: Transaction, events: readonly AccessLog[]): void {
    const { serde, topic } = this.#options;
    for (const event of events) {
      const partition = partitionForString(event.client_ip, this.#partitions);
      transaction.append(
        topic,
        partition,
        event.timestamp,
        Buffer.from(event.client_ip),
        serde.serialize(topic, event),
      );
    }
  }
}
