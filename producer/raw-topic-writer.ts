import type { Log, Serde, Transaction } from '@millrace/streams';
import type { AccessLog } from '../schemas/records.js';
import type { LogBatch } from './log-source.js';
import { addOddFields } from './odd-fields.js';
import { PositionsWatch } from './positions-watch.js';
import { RefusedLines } from './refused-lines.js';
import type { Positions } from './source-position.js';
import { TopicWriter } from './topic-writer.js';

export interface RawTopicWriterOptions {
  readonly log: Log;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly serde: Serde<AccessLog>;
  /** Paths of the inputs whose batches it will get: who writes them now is shut out, where the log can do that. */
  readonly inputs?: readonly string[] | undefined;
  /** Where to count; default: a count of its own. */
  readonly metrics?: WriterMetrics;
}

/** What was written since the start. */
export interface WriterMetrics {
  /** Of every kind. */
  events: number;
  /** Those of them that are lines of services' logs. */
  serviceLines: number;
  /** Those of them that are readings of sensors. */
  readings: number;
  readonly refused: RefusedLines;
  /** What was odd in lines that were used all the same, by `<field>: <what was wrong>`. */
  readonly oddFields: Map<string, number>;
  /** How many requests were left out for their paths. */
  excluded: number;
  /** What of the inputs is missing. */
  readonly damage: string[];
}

export function newWriterMetrics(): WriterMetrics {
  return {
    ...{ events: 0, serviceLines: 0, readings: 0, excluded: 0 },
    ...{ refused: new RefusedLines(), oddFields: new Map(), damage: [] },
  };
}

/**
 * Appends events to the raw topic, keyed and partitioned by client address, and lines that are no events to the
 * dead-letter topic. A batch and the position in the file that it came from are one transaction: a producer that is
 * killed goes on after the last line that is in the log, and writes none twice.
 */
export class RawTopicWriter {
  readonly metrics: WriterMetrics;
  readonly #options: RawTopicWriterOptions;
  readonly #requests: TopicWriter<AccessLog>;
  readonly #deadLetterPartitions: number;
  readonly #watch: PositionsWatch;

  private constructor(
    options: RawTopicWriterOptions,
    requests: TopicWriter<AccessLog>,
    deadLetterPartitions: number,
    watch: PositionsWatch,
  ) {
    this.metrics = options.metrics ?? newWriterMetrics();
    this.#options = options;
    this.#requests = requests;
    this.#deadLetterPartitions = deadLetterPartitions;
    this.#watch = watch;
  }

  static async create(options: RawTopicWriterOptions): Promise<RawTopicWriter> {
    const { deadLetterTopic, log, serde, topic } = options;
    const watch = await PositionsWatch.start(log, options.inputs);
    return new RawTopicWriter(
      options,
      await TopicWriter.create({ log, topic, serde, keyOf: ({ client_ip }) => client_ip }),
      (await log.partitions(deadLetterTopic)) ?? 1,
      watch,
    );
  }

  /** Where texts were left, by key. */
  get positions(): Positions {
    return this.#watch.positions;
  }

  async write(events: readonly AccessLog[]): Promise<void> {
    await this.#requests.write(events);
    this.metrics.events += events.length;
  }

  /** @throws ProducerError INPUT_IN_USE when another process writes what one of the batch's texts holds; INPUT_MOVED when it did */
  async writeBatch(batch: LogBatch): Promise<void> {
    if (batch.positions.size === 0) await this.#transactionOf(batch).commit();
    else await this.#watch.commit(batch.positions, () => this.#transactionOf(batch));
    this.metrics.events += batch.events.length;
    this.metrics.excluded += batch.excluded;
    addOddFields(this.metrics.oddFields, batch.oddFields);
    for (const { source, line, reason, bytes } of batch.badLines) this.metrics.refused.add(source, line, reason, bytes);
  }

  #transactionOf(batch: LogBatch): Transaction {
    const { deadLetterTopic, log } = this.#options;
    const transaction = log.transaction();
    this.#requests.append(transaction, batch.events);
    for (const { reason, source, line, bytes, length } of batch.badLines) {
      const headers = Object.entries({
        reason,
        source,
        line: String(line),
        // The value is cut off there.
        ...(length > bytes.length ? { 'line-bytes': String(length) } : {}),
      });
      transaction.append(
        deadLetterTopic,
        line % this.#deadLetterPartitions,
        Date.now(),
        null,
        bytes,
        headers.map(([key, value]) => ({ key, value: Buffer.from(value) })),
      );
    }
    return transaction;
  }

  /** Resolves when others can read what was written. */
  async settle(): Promise<void> {
    await this.#watch.close();
    await this.#requests.settle();
  }
}
