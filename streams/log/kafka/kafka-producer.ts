import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import kafka, { type LibrdKafkaError, type Producer, type ProducerGlobalConfig } from '@confluentinc/kafka-javascript';
import type { PartitionBatches } from '../buffered-transaction.js';
import { type GroupOffset, LogError, type TopicPartition } from '../log.js';
import { BatchCursor } from '../record-batch.js';
import type { Availability } from './availability.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';
import { call, isKafkaError, isTransient, persistently } from './kafka-call.js';

const { ERRORS } = kafka.CODES;

const REQUEST_MS = 10_000;
/** As in Kafka Streams: an open transaction holds back those who read committed records only. */
const TRANSACTION_MS = 10_000;

/** The transaction is over, and the next may succeed: records took longer than a transaction may, or it was cut off. */
const PASSES: ReadonlySet<number> = new Set([
  ERRORS.ERR__TIMED_OUT,
  ERRORS.ERR__MSG_TIMED_OUT,
  ERRORS.ERR__TRANSPORT,
  ERRORS.ERR__ALL_BROKERS_DOWN,
  ERRORS.ERR__STATE,
  ERRORS.ERR_INVALID_TXN_STATE,
  ERRORS.ERR_UNKNOWN_PRODUCER_ID,
  ERRORS.ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
  ERRORS.ERR_INVALID_PRODUCER_ID_MAPPING,
]);

/** Another member has the partitions, another producer the id, or the broker has ended the transaction. */
const FENCED: ReadonlySet<number> = new Set([
  ERRORS.ERR__FENCED,
  ERRORS.ERR__FATAL,
  ERRORS.ERR_PRODUCER_FENCED,
  ERRORS.ERR_INVALID_PRODUCER_EPOCH,
  ERRORS.ERR_TRANSACTION_COORDINATOR_FENCED,
  ERRORS.ERR_ILLEGAL_GENERATION,
  ERRORS.ERR_UNKNOWN_MEMBER_ID,
  ERRORS.ERR_REBALANCE_IN_PROGRESS,
  ERRORS.ERR_FENCED_INSTANCE_ID,
  ERRORS.ERR_FENCED_MEMBER_EPOCH,
  ERRORS.ERR_STALE_MEMBER_EPOCH,
]);

/**
 * - `exactly-once`: records and consumed offsets are committed together, in a transaction.
 * - `at-least-once`: records first, then offsets; after a failure some records may be there twice.
 */
export type ProcessingGuarantee = 'exactly-once' | 'at-least-once';

export interface KafkaProducerOptions {
  readonly connection: KafkaSettings;
  readonly settings: KafkaSettings;
  readonly guarantee: ProcessingGuarantee;
  readonly transactionalId: string;
  readonly availability: Availability;
  /** Whether the record that was written there is committed, once no transaction before it is open. */
  readonly isCommitted: (topicPartition: TopicPartition, offset: number) => Promise<boolean>;
}

/** Where the records of a transaction ended, by topic and partition. */
export type EndOffsets = ReadonlyMap<string, readonly (number | undefined)[]>;

/** The offsets of consumed partitions, and the consumer that says which member of its group commits them. */
export interface ConsumedOffsets {
  readonly consumer: kafka.KafkaConsumer;
  readonly offsets: readonly GroupOffset[];
}

/** The one producer of a process. A transaction is sent whole: begin, produce, offsets, commit; one after the other. */
export class KafkaProducer {
  readonly #options: KafkaProducerOptions;
  #producer: Producer | undefined;
  #reports: DeliveryReports | undefined;
  /** Whether the broker may have committed what was sent last. */
  #askedToCommit = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: KafkaProducerOptions) {
    this.#options = options;
  }

  /** @throws LogError TRANSACTION_ABORTED */
  commit(appends: readonly PartitionBatches[], consumed: ConsumedOffsets | undefined): Promise<EndOffsets> {
    const committed = this.#queue.then(() => this.#commit(appends, consumed));
    this.#queue = committed.catch(() => {});
    return committed;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#discard();
  }

  async #commit(appends: readonly PartitionBatches[], consumed: ConsumedOffsets | undefined): Promise<EndOffsets> {
    for (;;) {
      this.#askedToCommit = false;
      try {
        return await this.#attempt(await this.ready(), appends, consumed);
      } catch (error) {
        const reports = this.#reports;
        const askedToCommit = this.#askedToCommit;
        const aborted = (await this.#abort()) || !askedToCommit;
        if (!isKafkaError(error)) throw error;
        const cause = reports?.failure ?? error;
        if (!isTransient(cause) && !PASSES.has(cause.code) && !FENCED.has(cause.code)) {
          throw new LogError('LOG_IO', `Kafka does not take the records: ${cause.message}`, { cause });
        }
        // Records that follow from nothing but themselves can be sent again, as long as nothing of them is there.
        if (consumed === undefined) {
          if (aborted || reports === undefined || !(await this.#isCommitted(reports.ends))) continue;
          return reports.ends;
        }
        throw new LogError('TRANSACTION_ABORTED', `the transaction was aborted: ${cause.message}`, { cause });
      }
    }
  }

  async #attempt(
    producer: Producer,
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
  ): Promise<EndOffsets> {
    const reports = this.#reports as DeliveryReports;
    const { availability, guarantee } = this.#options;
    const transactional = guarantee === 'exactly-once';
    if (transactional) await call((done) => producer.beginTransaction(done));
    reports.begin();
    for (const { batches, partition, topic } of appends) {
      for (const { bytes } of batches) {
        const cursor = new BatchCursor(topic, partition, bytes, 0);
        while (cursor.next()) {
          while (!produce(producer, cursor)) await reports.progress();
          reports.expected++;
        }
      }
    }
    // All of it is there before the commit, and where: should no answer to that come, this tells what became of it.
    await reports.all();
    if (reports.failure !== undefined) throw reports.failure;
    if (consumed !== undefined) {
      const { consumer } = consumed;
      const offsets = consumed.offsets.map(({ topicPartition, committed }) => ({ ...topicPartition, ...committed }));
      await persistently(
        () =>
          call((done) => {
            if (transactional) producer.sendOffsetsToTransaction(offsets, consumer, REQUEST_MS, done);
            else consumer.commitCb(offsets, done);
          }),
        availability,
      );
    }
    if (transactional) {
      this.#askedToCommit = true;
      await persistently(() => call((done) => producer.commitTransaction(REQUEST_MS, done)), availability);
    }
    return reports.ends;
  }

  /** Ends a transaction that failed. @returns whether the broker has said that it is aborted */
  async #abort(): Promise<boolean> {
    const producer = this.#producer;
    if (producer === undefined || this.#options.guarantee === 'at-least-once') return false;
    try {
      await persistently(() => call((done) => producer.abortTransaction(REQUEST_MS, done)), this.#options.availability);
      await this.#reports?.all();
      return true;
    } catch {
      // Fenced, or its transaction has timed out: a new producer with the same id ends what this one has left open.
      await this.#discard();
      return false;
    }
  }

  /**
   * Whether a transaction is in the log of which the broker was asked to commit it and no answer came. One of its records
   * tells, for all of them are committed or none.
   */
  async #isCommitted(ends: EndOffsets): Promise<boolean> {
    // What the transaction was left in ends when a producer of its name begins.
    await this.ready();
    for (const [topic, partitions] of ends) {
      for (const [partition, end] of partitions.entries()) {
        if (end !== undefined) return this.#options.isCommitted({ topic, partition }, end - 1);
      }
    }
    return false;
  }

  /** The producer, connected; transactions that one of its name has left open have ended. */
  async ready(): Promise<Producer> {
    if (this.#producer !== undefined) return this.#producer;
    const { availability, connection, guarantee, settings, transactionalId } = this.#options;
    const producer = new kafka.Producer(
      clientSettings('producer', settings, {
        ...connection,
        ...(guarantee === 'exactly-once'
          ? {
              'transactional.id': transactionalId,
              'transaction.timeout.ms': settings['transaction.timeout.ms'] ?? TRANSACTION_MS,
            }
          : {}),
        dr_cb: true,
      }) as ProducerGlobalConfig,
    );
    this.#reports = new DeliveryReports(producer);
    producer.on('event.error', (error: LibrdKafkaError) => {
      if (isTransient(error)) availability.suspect(error.message);
    });
    await persistently(() => call((done) => producer.connect({ timeout: REQUEST_MS }, done)), availability);
    producer.setPollInBackground(true);
    if (guarantee === 'at-least-once') {
      this.#producer = producer;
      return producer;
    }
    try {
      await persistently(() => call((done) => producer.initTransactions(REQUEST_MS, done)), availability);
    } catch (error) {
      await call((done) => producer.disconnect(done)).catch(() => {});
      throw error;
    }
    this.#producer = producer;
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer === undefined) return;
    // Without the flush that the client would wait for: what is not committed is not wanted.
    await call((done) => kafka.Producer.prototype.disconnect.call(producer, 1, done)).catch(() => {});
  }
}

/** Sends the record at which the cursor stands. @returns false when the queue is full */
function produce(producer: Producer, cursor: BatchCursor): boolean {
  const { bytes, headers, keyEnd, keyStart, partition, timestamp, topic, valueEnd, valueStart } = cursor;
  try {
    producer.produce(
      topic,
      partition,
      valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
      keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
      // librdkafka takes 0 as "now".
      Math.max(1, timestamp),
      undefined,
      headers.length === 0 ? undefined : headers.map(({ key, value }) => ({ [key]: value })),
    );
    return true;
  } catch (error) {
    if (isKafkaError(error) && error.code === ERRORS.ERR__QUEUE_FULL) return false;
    throw error;
  }
}

/** Follows what became of the records of one transaction at a time. */
class DeliveryReports {
  expected = 0;
  /** The first reason for which a record was refused. */
  failure: LibrdKafkaError | undefined;
  #ends = new Map<string, (number | undefined)[]>();
  #reported = 0;
  #wake: (() => void) | undefined;

  constructor(producer: Producer) {
    producer.on('delivery-report', (error, report) => {
      this.#reported++;
      if (error) this.#refused(error);
      else this.#delivered(report.topic, report.partition, report.offset);
      this.#wake?.();
    });
  }

  get ends(): EndOffsets {
    return this.#ends;
  }

  begin(): void {
    this.expected = 0;
    this.failure = undefined;
    this.#reported = 0;
    this.#ends = new Map();
  }

  /** Resolves when some more records were reported on. */
  async progress(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    await yieldToEventLoop();
  }

  /** Resolves when all records were. */
  async all(): Promise<void> {
    while (this.#reported < this.expected) await this.progress();
  }

  #refused(error: LibrdKafkaError): void {
    // Records that were dropped because the transaction had failed already say nothing of the reason.
    if (error.code !== ERRORS.ERR__PURGE_QUEUE && error.code !== ERRORS.ERR__PURGE_INFLIGHT) this.failure ??= error;
  }

  #delivered(topic: string, partition: number, offset: number): void {
    let ends = this.#ends.get(topic);
    if (ends === undefined) {
      ends = [];
      this.#ends.set(topic, ends);
    }
    ends[partition] = Math.max(ends[partition] ?? 0, offset + 1);
  }
}
