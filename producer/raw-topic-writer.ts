import type { Log, Serde, Transaction } from '@millrace/streams';
import type { AccessLog, SensorReading, ServiceLog } from '../schemas/records.js';
import type { BadLine } from './line-reader.js';
import type { EventBatch, LogBatch } from './log-source.js';
import { addOddFields } from './odd-fields.js';
import { PositionsWatch } from './positions-watch.js';
import { RefusedLines } from './refused-lines.js';
import type { Positions } from './source-position.js';
import { TopicWriter } from './topic-writer.js';

/** A topic, and how its values are written. */
export interface TopicFor<V> {
  readonly topic: string;
  readonly serde: Serde<V>;
}

export interface RawTopicWriterOptions {
  readonly log: Log;
  /** Of requests. */
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly serde: Serde<AccessLog>;
  /** Without one, its events are refused: no pipeline that runs would read them. */
  readonly serviceLogs?: TopicFor<ServiceLog> | undefined;
  readonly readings?: TopicFor<SensorReading> | undefined;
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

/** The writers of the kinds of events. */
interface Writers {
  readonly requests: TopicWriter<AccessLog>;
  readonly serviceLogs: TopicWriter<ServiceLog> | undefined;
  readonly readings: TopicWriter<SensorReading> | undefined;
}

/**
 * Appends events to the raw topics, keyed and partitioned by client address, service or sensor, and lines that are no
 * events to the dead-letter topic. A batch and the position in the file that it came from are one transaction: a producer that is
 * killed goes on after the last line that is in the log, and writes none twice.
 */
export class RawTopicWriter {
  readonly metrics: WriterMetrics;
  readonly #options: RawTopicWriterOptions;
  readonly #writers: Writers;
  readonly #deadLetterPartitions: number;
  readonly #watch: PositionsWatch;

  private constructor(
    options: RawTopicWriterOptions,
    writers: Writers,
    deadLetterPartitions: number,
    watch: PositionsWatch,
  ) {
    this.metrics = options.metrics ?? newWriterMetrics();
    this.#options = options;
    this.#writers = writers;
    this.#deadLetterPartitions = deadLetterPartitions;
    this.#watch = watch;
  }

  static async create(options: RawTopicWriterOptions): Promise<RawTopicWriter> {
    const { deadLetterTopic, log, readings, serde, serviceLogs, topic } = options;
    const watch = await PositionsWatch.start(log, options.inputs);
    const writers = {
      requests: await TopicWriter.create({ log, topic, serde, keyOf: ({ client_ip }) => client_ip }),
      serviceLogs: serviceLogs && (await TopicWriter.create({ log, ...serviceLogs, keyOf: ({ service }) => service })),
      readings: readings && (await TopicWriter.create({ log, ...readings, keyOf: ({ sensor_id }) => sensor_id })),
    };
    return new RawTopicWriter(options, writers, (await log.partitions(deadLetterTopic)) ?? 1, watch);
  }

  /** Where texts were left, by key. */
  get positions(): Positions {
    return this.#watch.positions;
  }

  async write(events: readonly AccessLog[]): Promise<void> {
    await this.#writers.requests.write(events);
    this.metrics.events += events.length;
  }

  /**
   * Writes what others have sent, which no position is kept of. Resolves when it is durable: that is when they may be told.
   *
   * @param alongside makes more a part of the transaction
   * @throws LogError
   */
  async writeEvents(batch: EventBatch, alongside?: (transaction: Transaction) => void): Promise<void> {
    const transaction = this.#transactionOf(batch);
    alongside?.(transaction);
    await transaction.commit();
    this.#count(batch);
  }

  /** @throws ProducerError INPUT_IN_USE when another process writes what one of the batch's texts holds; INPUT_MOVED when it did */
  async writeBatch(batch: LogBatch): Promise<void> {
    if (batch.positions.size === 0) return this.writeEvents(batch);
    await this.#watch.commit(batch.positions, () => this.#transactionOf(batch));
    this.#count(batch);
  }

  #count(batch: EventBatch): void {
    const { metrics } = this;
    const serviceLines = this.#writers.serviceLogs === undefined ? 0 : batch.serviceLogs.length;
    const readings = this.#writers.readings === undefined ? 0 : batch.readings.length;
    metrics.events += batch.events.length + serviceLines + readings;
    metrics.serviceLines += serviceLines;
    metrics.readings += readings;
    metrics.excluded += batch.excluded;
    addOddFields(metrics.oddFields, batch.oddFields);
    for (const { source, line, reason, bytes } of this.#refused(batch))
      metrics.refused.add(source, line, reason, bytes);
  }

  /** The lines that could not be used, and those that no pipeline reads. */
  #refused({ badLines, readings, serviceLogs }: EventBatch): readonly BadLine[] {
    const { serviceLogs: logWriter, readings: readingWriter } = this.#writers;
    const unread = [
      ...(logWriter === undefined ? serviceLogs.map((event) => unreadBy('services', event)) : []),
      ...(readingWriter === undefined ? readings.map((event) => unreadBy('sensors', event)) : []),
    ];
    return unread.length === 0 ? badLines : [...badLines, ...unread];
  }

  #transactionOf(batch: EventBatch): Transaction {
    const { deadLetterTopic, log } = this.#options;
    const { readings, requests, serviceLogs } = this.#writers;
    const transaction = log.transaction();
    requests.append(transaction, batch.events);
    serviceLogs?.append(transaction, batch.serviceLogs);
    readings?.append(transaction, batch.readings);
    for (const { reason, source, line, bytes, length } of this.#refused(batch)) {
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
    for (const writer of Object.values(this.#writers)) await writer?.settle();
  }
}

function unreadBy(pipeline: string, event: ServiceLog | SensorReading): BadLine {
  const bytes = Buffer.from(JSON.stringify(event));
  const reason = `unread: the pipeline ${pipeline}, which would read it, is none of --pipelines`;
  return { reason, source: 'input', line: 0, bytes, length: bytes.length };
}
