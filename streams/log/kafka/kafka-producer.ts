import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type LibrdKafkaError, type Producer, type ProducerGlobalConfig } from '@confluentinc/kafka-javascript';
import type { PartitionBatches } from '../buffered-transaction.js';
import { type GroupOffset, LogError, type TopicPartition } from '../log.js';
import { BatchCursor } from '../record-batch.js';
import type { Availability } from './availability.js';
import { errorClass, isKafkaError, isOutage, isUnknownTopic } from './client-errors.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';
import { DeliveryReports, type EndOffsets } from './delivery-reports.js';
import { type Callback, type CallOptions, call, persistently, UnansweredCallError } from './kafka-call.js';
import { type Asked, accessDenied } from './refusals.js';

const { ERRORS } = kafka.CODES;

const REQUEST_MS = 10_000;
/** As in Kafka Streams: an open transaction holds back those who read committed records only. */
const TRANSACTION_MS = 10_000;

/** So much longer than the client promises at most, a call may take that is bounded by the transaction's time. */
const OFFSETS_MARGIN_MS = 3000;
/** Calls of so many producers that did not come back: each holds one of the few threads that Node has for them. */
const MAX_GIVEN_UP = 2;
/** How long closing waits for what is under way. */
const CLOSE_MS = 5000;

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
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  readonly say: (message: string) => void;
  /** Whether the brokers still know the topic, each of which may lag behind. */
  readonly hasTopic: (topic: string) => Promise<boolean>;
  /** Those of the topics that the user may not write. */
  readonly unwritable: (topics: readonly string[]) => Promise<readonly string[]>;
  /** Whether the record that was written there is committed, once no transaction before it is open. */
  readonly isCommitted: (topicPartition: TopicPartition, offset: number) => Promise<boolean>;
}

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
  /** Counts the producers that were ready: each shuts out the one before it. */
  #session = 0;
  /** Whether the broker may have committed what was sent last. */
  #askedToCommit = false;
  #queue: Promise<unknown> = Promise.resolve();
  #toldOfAbort = false;
  /** Those in a call that has not come back. */
  readonly #inCall = new Set<Producer>();

  constructor(options: KafkaProducerOptions) {
    this.#options = options;
  }

  /**
   * @param session the one that must go on; without it, records that follow from nothing but themselves are sent again
   * @throws LogError TRANSACTION_ABORTED
   */
  commit(
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
    session?: number,
  ): Promise<EndOffsets> {
    return this.#inTurn(() => this.#commit(appends, consumed, session));
  }

  /** The session that goes on, or a new one. */
  session(): Promise<number> {
    return this.#inTurn(async () => {
      await this.ready();
      return this.#session;
    });
  }

  /** In bounded time, whatever the client does: what is not committed by then is not committed. */
  async close(): Promise<void> {
    const timer = new AbortController();
    await Promise.race([this.#queue, delay(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    await this.#discard();
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(act);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #commit(
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
    session: number | undefined,
  ): Promise<EndOffsets> {
    for (;;) {
      if (session !== undefined && (this.#producer === undefined || session !== this.#session)) {
        throw new LogError('TRANSACTION_ABORTED', 'the session that the transaction was to be committed in is over');
      }
      this.#askedToCommit = false;
      try {
        const ends = await this.#attempt(await this.ready(), appends, consumed);
        this.#toldOfAbort = false;
        return ends;
      } catch (error) {
        const reports = this.#reports;
        const askedToCommit = this.#askedToCommit;
        const aborted = (await this.#abort(error)) || !askedToCommit;
        const cause = reports?.failure ?? error;
        this.#options.availability.closed.throwIfAborted();
        await this.#requireRepeatable(cause, reports?.failedTopic, appends, consumed);
        // Who requires a session may have been shut out, and tells of that.
        if (session === undefined) this.#tellOfAbort(cause as Error);
        // Records that follow from nothing but themselves can be sent again, as long as nothing of them is there.
        if (consumed === undefined) {
          if (!aborted && reports !== undefined && (await this.#isCommitted(reports.ends))) return reports.ends;
          if (session === undefined) continue;
        }
        throw new LogError('TRANSACTION_ABORTED', `the transaction was aborted: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
  }

  /** @throws LogError when what failed would fail again */
  async #requireRepeatable(
    cause: unknown,
    topic: string | undefined,
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
  ): Promise<void> {
    if (cause instanceof UnansweredCallError) return;
    if (!isKafkaError(cause)) throw cause;
    if (isUnknownTopic(cause) && topic !== undefined && !(await this.#options.hasTopic(topic))) {
      throw new LogError('UNKNOWN_TOPIC', `the topic "${topic}" is gone from Kafka`, { cause });
    }
    const place = topic === undefined ? '' : ` of the topic "${topic}"`;
    switch (errorClass(cause)) {
      case 'refused': {
        const isGroup = cause.code === ERRORS.ERR_GROUP_AUTHORIZATION_FAILED;
        // A transaction that a topic is refused to does not say to which.
        const refused = isGroup ? [] : await this.#options.unwritable([...new Set(appends.map((one) => one.topic))]);
        throw this.#denied(cause, {
          topic: topic ?? refused[0],
          group: consumed?.offsets[0]?.group,
          operation: isGroup ? 'Read' : 'Write',
        });
      }
      case 'fatal':
        throw new LogError('LOG_IO', `Kafka does not take the records${place}: ${cause.message}`, { cause });
      default:
    }
  }

  #denied(error: LibrdKafkaError, asked: Asked): LogError {
    const { brokers, settings, transactionalId } = this.#options;
    return accessDenied(brokers, settings, error, { ...asked, transactionalId });
  }

  /** Once, until a commit has succeeded: that work is done again is nothing to act upon, that it never ends would be. */
  #tellOfAbort(cause: Error): void {
    if (this.#toldOfAbort) return;
    this.#toldOfAbort = true;
    this.#options.say(`a transaction was aborted, and its work is done again (${cause.message})`);
  }

  async #attempt(
    producer: Producer,
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
  ): Promise<EndOffsets> {
    const reports = this.#reports as DeliveryReports;
    const { availability, guarantee } = this.#options;
    const transactional = guarantee === 'exactly-once';
    if (transactional) await this.#call(producer, 'beginTransaction', (done) => producer.beginTransaction(done));
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
    await this.#reported(reports);
    if (reports.failure !== undefined) throw reports.failure;
    if (consumed !== undefined) {
      const { consumer } = consumed;
      const offsets = consumed.offsets.map(({ topicPartition, committed }) => ({ ...topicPartition, ...committed }));
      const what = transactional ? 'sendOffsetsToTransaction' : 'commit of offsets';
      const withinMs = REQUEST_MS + OFFSETS_MARGIN_MS;
      await persistently(
        () =>
          this.#call(
            producer,
            what,
            (done) => {
              if (transactional) producer.sendOffsetsToTransaction(offsets, consumer, REQUEST_MS, done);
              else consumer.commitCb(offsets, done);
            },
            { withinMs },
          ),
        availability,
      );
    }
    if (transactional) {
      this.#askedToCommit = true;
      await persistently(
        () => this.#call(producer, 'commitTransaction', (done) => producer.commitTransaction(REQUEST_MS, done)),
        availability,
      );
    }
    return reports.ends;
  }

  /** Ends a transaction that failed. @returns whether the broker has said that it is aborted */
  async #abort(error: unknown): Promise<boolean> {
    const producer = this.#producer;
    if (producer === undefined || this.#options.guarantee === 'at-least-once') return false;
    // What is in the middle of one call takes no other.
    if (error instanceof UnansweredCallError) {
      this.#giveUp();
      return false;
    }
    try {
      await persistently(
        () => this.#call(producer, 'abortTransaction', (done) => producer.abortTransaction(REQUEST_MS, done)),
        this.#options.availability,
      );
      if (this.#reports !== undefined) await this.#reported(this.#reports);
      return true;
    } catch (cause) {
      if (cause instanceof UnansweredCallError) this.#giveUp();
      // Fenced, or its transaction has timed out: a new producer with the same id ends what this one has left open.
      else await this.#discard();
      return false;
    }
  }

  /**
   * Leaves the producer as it is, in a call from which it may never come back; the next of its name shuts it out.
   *
   * @throws LogError when that happens too often
   */
  #giveUp(): void {
    this.#producer = undefined;
    this.#reports = undefined;
    if (this.#inCall.size <= MAX_GIVEN_UP) return;
    throw new LogError(
      'LOG_IO',
      `the Kafka client does not come back from its calls to the brokers at ${this.#options.brokers}; start again`,
    );
  }

  /** A call of the producer's. One that comes back after it was given up frees what it held. */
  #call<T>(
    producer: Producer,
    what: string,
    invoke: (done: Callback<T>) => void,
    options: Pick<CallOptions, 'withinMs'> = {},
  ): Promise<T> {
    const asked = (done: Callback<T>) => {
      try {
        invoke((error, result) => {
          this.#inCall.delete(producer);
          done(error, result);
        });
      } catch (error) {
        this.#inCall.delete(producer);
        throw error;
      }
    };
    this.#inCall.add(producer);
    return call<T>(asked, {
      ...options,
      what,
      closed: this.#options.availability.closed,
      onLate: () => {
        if (this.#producer !== producer) void disconnect(producer);
      },
    });
  }

  /** Resolves when all records of a transaction were reported on, or the log is closed. @throws what it is closed with */
  async #reported(reports: DeliveryReports): Promise<void> {
    const { closed } = this.#options.availability;
    let stop: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    closed.addEventListener('abort', stop, { once: true });
    if (!closed.aborted) await Promise.race([reports.all(), stopped]);
    closed.removeEventListener('abort', stop);
    closed.throwIfAborted();
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
      if (isOutage(error) || errorClass(error) === 'refused') availability.suspect(error.message);
    });
    try {
      await persistently(
        () => this.#call(producer, 'connect', (done) => producer.connect({ timeout: REQUEST_MS }, done)),
        availability,
      );
      producer.setPollInBackground(true);
      if (guarantee === 'exactly-once') {
        await persistently(
          () => this.#call(producer, 'initTransactions', (done) => producer.initTransactions(REQUEST_MS, done)),
          availability,
        );
      }
    } catch (error) {
      if (error instanceof UnansweredCallError) this.#giveUp();
      else await this.#end(producer);
      if (isKafkaError(error) && errorClass(error) === 'refused') {
        throw this.#denied(error, { operation: 'Write and Describe' });
      }
      throw error;
    }
    this.#producer = producer;
    this.#session++;
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer !== undefined) await this.#end(producer);
  }

  /** What is in a call cannot be ended: the client would wait for it without end, or fail. */
  async #end(producer: Producer): Promise<void> {
    if (!this.#inCall.has(producer)) await disconnect(producer);
  }
}

/** Without the flush that the client would wait for: what is not committed is not wanted. */
async function disconnect(producer: Producer): Promise<void> {
  const ended = call((done) => kafka.Producer.prototype.disconnect.call(producer, 1, done), { what: 'disconnect' });
  const timer = new AbortController();
  await Promise.race([
    ended.catch(() => {}),
    delay(CLOSE_MS, undefined, { signal: timer.signal, ref: false }).catch(() => {}),
  ]);
  timer.abort();
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
