import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type OffsetSpec, type TopicPartitionOffsetAndMetadata } from '@confluentinc/kafka-javascript';
import type { ConnectionOptions } from '@platformatic/kafka';
import { BufferedTransaction, type PartitionBatches } from '../buffered-transaction.js';
import {
  type CommitResult,
  type CommittedOffset,
  type GroupConsumer,
  type GroupOffset,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
  type WriteSessions,
} from '../log.js';
import { Availability } from './availability.js';
import { Bootstrap } from './bootstrap.js';
import { BrokerConnections } from './broker-connections.js';
import { isKafkaError } from './client-errors.js';
import { fetchLimits, type KafkaSettings } from './client-settings.js';
import { Cluster } from './cluster.js';
import { connectionOptions } from './connection-settings.js';
import { KafkaAdmin } from './kafka-admin.js';
import { persistently } from './kafka-call.js';
import { KafkaConsumer } from './kafka-consumer.js';
import { type GroupProtocol, KafkaGroupConsumer } from './kafka-group-consumer.js';
import { type ConsumedOffsets, KafkaProducer, type ProcessingGuarantee } from './kafka-producer.js';
import { OpenTransactions } from './open-transactions.js';
import { connectionHint, topicDenied, userOf } from './refusals.js';
import { SessionTransaction } from './session-transaction.js';

const { ERRORS } = kafka.CODES;

const REQUEST_MS = 10_000;
const TOPIC_POLL_MS = 50;
const SETTLE_POLL_MS = 50;
const READ_BACK_POLL_MS = 1000;
const TOPIC_GONE_POLL_MS = 500;
/** How long brokers may take to tell each other of a new topic, or to be as many as its copies. */
const TOPIC_WITHIN_MS = 30_000;

/** Another producer of the same name has come after this one. */
const SHUT_OUT: ReadonlySet<number> = new Set([
  ERRORS.ERR__FENCED,
  ERRORS.ERR_PRODUCER_FENCED,
  ERRORS.ERR_INVALID_PRODUCER_EPOCH,
]);

/** What the client takes with the group protocol `classic` only. */
const CLASSIC_SETTINGS = [
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'partition.assignment.strategy',
  'group.protocol.type',
] as const;

export interface KafkaLogOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  /** Default `exactly-once`. */
  readonly guarantee?: ProcessingGuarantee;
  /**
   * Names the producer. A new producer with the same name ends the transactions that the old one has left open, and
   * shuts it out: no two processes may have one name at a time. Default: a random one.
   */
  readonly transactionalId?: string;
  /** Default `auto`: `consumer` where the brokers have it, and `classic` elsewhere, with a line that says so. */
  readonly groupProtocol?: GroupProtocol | 'auto';
  /**
   * Names this log's members of groups for good (`group.instance.id`): one that is closed does not leave its group, and keeps
   * its partitions for the log that is opened with that name within the group's session time-out. No two logs may have one
   * name at a time. Default: a member that is closed leaves.
   */
  readonly groupInstanceId?: string;
  /** Of topics that are made. Default: the broker's. */
  readonly replicationFactor?: number;
  /** Further properties of topics that are made, such as `min.insync.replicas`. */
  readonly topicConfig?: Readonly<Record<string, string>>;
  /** Properties of librdkafka, for TLS, SASL and everything else; see `clientSettings`. */
  readonly settings?: KafkaSettings;
  /** Gets a line when the brokers go away, and one when they are back. Default: standard error. */
  readonly say?: (message: string) => void;
  /** Ends `open` while it waits for the brokers. */
  readonly signal?: AbortSignal;
}

/**
 * A Kafka cluster behind the log port, by librdkafka's callback API. Reads committed records only; calls that fail
 * because a broker is away are tried again until the log is closed.
 */
export class KafkaLog implements Log {
  readonly singleOwner = false;
  readonly transactionalId: string;
  readonly sessions?: WriteSessions;
  readonly #options: KafkaLogOptions;
  readonly #admin: KafkaAdmin;
  readonly #availability: Availability;
  readonly #openTransactions: OpenTransactions;
  readonly #producer: KafkaProducer;
  /** A transactional one has one transaction at a time. */
  #noticeProducer: KafkaProducer | undefined;
  readonly #cluster: Cluster;
  readonly #bootstrap: Bootstrap;
  readonly #say: (message: string) => void;
  readonly #connectionOptions: ConnectionOptions;
  readonly #consumers = new Set<KafkaConsumer | KafkaGroupConsumer>();
  /** Of groups that it has joined, and of others whose offsets it is asked for. */
  readonly #members = new Map<string, () => kafka.KafkaConsumer>();
  /** Where this log's own records end. */
  readonly #written = new Map<string, (number | undefined)[]>();
  #closed = false;

  private constructor(options: KafkaLogOptions) {
    const { brokers, transactionalId = `millrace-${randomUUID()}` } = options;
    this.#options = options;
    this.transactionalId = transactionalId;
    this.#say = options.say ?? ((message) => process.stderr.write(`${message}\n`));
    this.#connectionOptions = connectionOptions(options.settings ?? {});
    this.#bootstrap = new Bootstrap({
      brokers,
      clientId: clientId(),
      settings: options.settings ?? {},
      connection: this.#connectionOptions,
    });
    this.#availability = new Availability({ brokers, probe: () => this.#probe(), say: this.#say });
    this.#openTransactions = new OpenTransactions({ brokers, say: this.#say });
    this.#admin = new KafkaAdmin({
      brokers,
      connection: this.#connection(),
      settings: options.settings ?? {},
      availability: this.#availability,
      replicationFactor: options.replicationFactor,
      topicConfig: options.topicConfig,
    });
    this.#cluster = new Cluster(() => this.#whileOpen(() => this.#admin.metadata()));
    this.#producer = this.#newProducer(transactionalId);
    if (options.guarantee === 'at-least-once') return;
    this.sessions = {
      current: () => this.#whileOpen(() => this.#producer.session()),
      shutOut: (id) => this.#whileOpen(() => this.#shutOut(id)),
    };
  }

  /**
   * Connects, and waits until a broker answers.
   *
   * @throws LogError LOG_SETTING when the client does not take a setting; LOG_REFUSED when the brokers let nobody in like
   *   this
   */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    let log: KafkaLog;
    try {
      log = new KafkaLog(options);
    } catch (cause) {
      if (cause instanceof LogError) throw cause;
      throw new LogError('LOG_SETTING', `the Kafka client does not take its settings: ${(cause as Error).message}`, {
        cause,
      });
    }
    const stop = () => void log.close();
    options.signal?.addEventListener('abort', stop);
    try {
      // A wrong password is reported at the start, and not after a while of retries.
      const reason = await log.#bootstrap.check().then(
        () => 'no connection',
        (error: Error) => {
          if (error instanceof LogError) throw error;
          return connectionHint(error);
        },
      );
      log.#availability.suspect(reason);
      await log.#cluster.refresh();
    } catch (error) {
      await log.close();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
    return log;
  }

  async ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    const existing = await this.partitions(topic);
    if (existing === undefined) await this.#createTopic(topic, config);
    else if (existing !== config.partitions) {
      throw new LogError(
        'PARTITION_COUNT',
        `the topic "${topic}" has ${existing} partitions, not ${config.partitions}; ask for as many, or use another topic`,
      );
    }
  }

  async topics(): Promise<string[]> {
    await this.#cluster.refresh();
    return this.#cluster.topics();
  }

  async partitions(topic: string): Promise<number | undefined> {
    if (this.#cluster.partitions(topic) === undefined) await this.#cluster.refresh();
    return this.#cluster.partitions(topic);
  }

  startOffset(topicPartition: TopicPartition): Promise<number> {
    return this.#offset(topicPartition, kafka.OffsetSpec.EARLIEST);
  }

  async endOffset(topicPartition: TopicPartition, options: { readonly settled?: boolean } = {}): Promise<number> {
    for (;;) {
      const end = await this.#offset(topicPartition, kafka.OffsetSpec.LATEST);
      // A commit is durable a moment before the partitions know of it.
      const isVisible = end >= (this.#written.get(topicPartition.topic)?.[topicPartition.partition] ?? 0);
      if (isVisible && !options.settled) return end;
      // Records of an open transaction stand behind the last committed one.
      const appended = await this.#offset(
        topicPartition,
        kafka.OffsetSpec.LATEST,
        kafka.IsolationLevel.READ_UNCOMMITTED,
      );
      this.#openTransactions.seen(topicPartition, end, appended);
      if (isVisible && appended <= end) return end;
      await delay(SETTLE_POLL_MS);
    }
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    const member = await this.#member(group);
    // The client reads committed only: offsets of a transaction that is still open are waited for, as its outcome decides
    // where to go on. By a consumer and not by the admin client, in which librdkafka fails an assertion when a request
    // to a coordinator has timed out and the coordinator comes back.
    const [found] = await this.#whileOpen(() =>
      this.#admin.ask<(TopicPartitionOffsetAndMetadata | Error)[]>(
        (done) => member.committed([topicPartition], REQUEST_MS, (error, found) => done(error, found)),
        { group, operation: 'Read' },
        'to tell committed offsets',
      ),
    );
    if (found instanceof Error) {
      throw new LogError(
        'LOG_IO',
        `Kafka at ${this.#options.brokers} refuses to tell committed offsets: ${found.message}`,
        {
          cause: found,
        },
      );
    }
    if (found?.offset === undefined || found.offset < 0) return undefined;
    return { offset: found.offset, metadata: found.metadata ?? '' };
  }

  transaction(): Transaction {
    this.#requireOpen();
    return new SessionTransaction(this);
  }

  notice(): Transaction {
    this.#requireOpen();
    return new BufferedTransaction({
      requirePartition: (topic, partition) => this.requirePartition(topic, partition),
      commitBatches: (appends) => {
        this.#requireOpen();
        this.#noticeProducer ??= this.#newProducer(`${this.transactionalId}-notices`, 'at-least-once');
        return this.#write(this.#noticeProducer, appends, undefined);
      },
    });
  }

  consumer(): LogConsumer {
    this.#requireOpen();
    return this.#track(this.#reader());
  }

  async join(group: string, topics: readonly string[]): Promise<GroupConsumer> {
    this.#requireOpen();
    const protocol = await this.#protocolFor(group);
    const consumer = this.#track(this.#groupConsumer(group, protocol, topics));
    // Before partitions come, so that what an earlier process of this name has left open does not hold them back.
    await Promise.all([this.#producer.ready(), consumer.connect()]);
    await consumer.join();
    this.#members.set(group, () => consumer.member);
    return consumer;
  }

  async endTransactions(transactionalId: string): Promise<void> {
    try {
      await this.#shutOut(transactionalId);
    } catch (error) {
      // What is not ended so ends when its time is up.
      const mayBeLeft = error instanceof LogError && (error.code === 'LOG_IO' || error.code === 'LOG_REFUSED');
      if (!isKafkaError(error) && !mayBeLeft) throw error;
    }
  }

  async #shutOut(transactionalId: string): Promise<void> {
    const producer = this.#newProducer(transactionalId);
    try {
      await producer.ready();
    } catch (error) {
      // Another is about the same, or the one that was to be shut out has begun anew: what it had before is over, too.
      if (!isKafkaError(error) || !SHUT_OUT.has(error.code)) throw error;
    } finally {
      await producer.close();
    }
  }

  async deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    await this.#whileOpen(() => this.#admin.deleteRecords(topicPartition, beforeOffset));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#availability.close();
    await Promise.all([this.#producer.close(), this.#noticeProducer?.close()]);
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#admin.close();
  }

  /** Resolves when the brokers answer. */
  async #probe(): Promise<void> {
    try {
      await this.#admin.probe();
    } catch (error) {
      // The client says of a refusal only that there is no broker.
      await this.#bootstrap.check();
      throw error;
    }
  }

  /** @throws LogError LOG_SETTING when the brokers have not what is asked for: the client would wait for ever */
  async #protocolFor(group: string): Promise<GroupProtocol> {
    const { brokers, groupProtocol = 'auto', settings = {} } = this.#options;
    if (groupProtocol === 'classic') return groupProtocol;
    if (groupProtocol === 'auto') {
      const classic = CLASSIC_SETTINGS.find((name) => name in settings || `consumer.${name}` in settings);
      if (classic !== undefined) {
        this.#say(`${classic} is a setting of classic groups: the group is one`);
        return 'classic';
      }
    }
    const isThere = await persistently(
      () =>
        this.#bootstrap.hasGroupProtocol(group).catch((error: Error) => {
          // Whoever does not answer now does so soon: brokers come back.
          throw error instanceof LogError ? error : Object.assign(error, { code: ERRORS.ERR__TRANSPORT });
        }),
      this.#availability,
    );
    if (isThere) return 'consumer';
    if (groupProtocol === 'auto') {
      this.#say(`Kafka at ${brokers} does not assign partitions itself (KIP-848, Kafka 4): the group is a classic one`);
      return 'classic';
    }
    throw new LogError(
      'LOG_SETTING',
      `Kafka at ${brokers} does not assign partitions itself (KIP-848, Kafka 4); use the group protocol classic`,
    );
  }

  /** Asks until a broker names the topic, or none has for long enough. */
  async #hasTopic(topic: string): Promise<boolean> {
    for (;;) {
      await this.#cluster.refresh();
      if (this.#cluster.isSeen(topic)) return true;
      if (this.#cluster.partitions(topic) === undefined) return false;
      await delay(TOPIC_GONE_POLL_MS, undefined, { signal: this.#availability.closed }).catch(() => {});
    }
  }

  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void {
    const partitions = this.#cluster.partitions(topic);
    if (partitions !== undefined && partition >= 0 && partition < partitions) return;
    throw new LogError(
      'UNKNOWN_TOPIC',
      partitions === undefined
        ? `there is no topic "${topic}" at ${this.#options.brokers}`
        : `the topic "${topic}" has partitions 0 to ${partitions - 1}, not ${partition}`,
    );
  }

  async commitBatches(
    appends: readonly PartitionBatches[],
    offsets: readonly GroupOffset[],
    session?: number,
  ): Promise<CommitResult> {
    this.#requireOpen();
    const group = offsets[0]?.group;
    const consumed = group === undefined ? undefined : { consumer: await this.#member(group), offsets };
    return this.#write(this.#producer, appends, consumed, session);
  }

  async #write(
    producer: KafkaProducer,
    appends: readonly PartitionBatches[],
    consumed: ConsumedOffsets | undefined,
    session?: number,
  ): Promise<CommitResult> {
    const ends = await producer.commit(appends, consumed, session);
    for (const [topic, partitions] of ends) {
      const written = this.#written.get(topic) ?? [];
      partitions.forEach((end, partition) => {
        written[partition] = end;
      });
      this.#written.set(topic, written);
    }
    return { endOffset: (topic, partition) => ends.get(topic)?.[partition] };
  }

  async #isCommitted(topicPartition: TopicPartition, offset: number): Promise<boolean> {
    const consumer = this.consumer();
    consumer.assign(topicPartition, offset);
    try {
      for (;;) {
        for (const cursor of await consumer.poll(READ_BACK_POLL_MS)) {
          if (cursor.next()) return cursor.offset === offset;
          // Past it, and past the mark of an abort.
          if (cursor.nextOffset > offset) return false;
        }
        this.#requireOpen();
      }
    } finally {
      await consumer.close();
    }
  }

  /** The client that reads and commits the group's offsets: its member here or, where there is none, one without a group. */
  async #member(group: string): Promise<kafka.KafkaConsumer> {
    const member = this.#members.get(group);
    if (member !== undefined) return member();
    const consumer = this.#track(this.#groupConsumer(group, 'classic', []));
    await consumer.connect();
    this.#members.set(group, () => consumer.member);
    return consumer.member;
  }

  #newProducer(
    transactionalId: string,
    guarantee: ProcessingGuarantee = this.#options.guarantee ?? 'exactly-once',
  ): KafkaProducer {
    const { settings = {} } = this.#options;
    const availability = this.#availability;
    return new KafkaProducer({
      connection: this.#connection(),
      settings,
      guarantee,
      transactionalId,
      availability,
      brokers: this.#options.brokers,
      say: this.#say,
      hasTopic: (topic) => this.#hasTopic(topic),
      unwritable: (topics) => this.#admin.unwritable(topics),
      isCommitted: (topicPartition, offset) => this.#isCommitted(topicPartition, offset),
    });
  }

  async #createTopic(topic: string, config: TopicConfig): Promise<void> {
    const deadline = performance.now() + TOPIC_WITHIN_MS;
    await this.#whileOpen(() => this.#admin.createTopic(topic, config, TOPIC_WITHIN_MS));
    // It is there when the brokers say so to others, too.
    while ((await this.partitions(topic)) === undefined) {
      if (performance.now() > deadline) {
        throw new LogError(
          'UNKNOWN_TOPIC',
          `the topic "${topic}" was made, or was there, and the brokers at ${this.#options.brokers} do not show it ` +
            `to ${userOf(this.#options.settings ?? {})}; is the right Describe on it missing?`,
        );
      }
      await delay(TOPIC_POLL_MS);
    }
    await this.ensureTopic(topic, { partitions: config.partitions });
  }

  async #offset(topicPartition: TopicPartition, offset: OffsetSpec, isolation?: kafka.IsolationLevel): Promise<number> {
    this.requirePartition(topicPartition.topic, topicPartition.partition);
    return this.#whileOpen(() => this.#admin.offset(topicPartition, offset, isolation));
  }

  async #whileOpen<T>(ask: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    try {
      return await ask();
    } catch (error) {
      if (this.#closed) throw closed(this.#options.brokers);
      throw error;
    }
  }

  #track<C extends KafkaConsumer | KafkaGroupConsumer>(consumer: C): C {
    this.#consumers.add(consumer);
    void consumer.ended.then(() => this.#consumers.delete(consumer));
    return consumer;
  }

  #reader(): KafkaConsumer {
    return new KafkaConsumer({
      cluster: this.#cluster,
      connections: new BrokerConnections(clientId(), this.#connectionOptions, this.#options.settings ?? {}),
      limits: fetchLimits(this.#options.settings ?? {}),
      availability: this.#availability,
      openTransactions: this.#openTransactions,
      denied: (topic, reason) => topicDenied(this.#options.brokers, this.#options.settings ?? {}, topic, reason),
      startOffset: (topicPartition) => this.startOffset(topicPartition),
    });
  }

  #groupConsumer(group: string, protocol: GroupProtocol, topics: readonly string[]): KafkaGroupConsumer {
    return new KafkaGroupConsumer({
      connection: this.#connection(),
      settings: this.#options.settings ?? {},
      availability: this.#availability,
      group,
      protocol,
      instanceId: this.#options.groupInstanceId,
      topics,
      brokers: this.#options.brokers,
      hasTopic: (topic) => this.#hasTopic(topic),
      reader: this.#reader(),
      say: this.#say,
    });
  }

  #connection(): KafkaSettings {
    return { 'bootstrap.servers': this.#options.brokers, 'client.id': clientId() };
  }

  #requireOpen(): void {
    if (this.#closed) throw closed(this.#options.brokers);
    this.#availability.closed.throwIfAborted();
  }
}

function closed(brokers: string): LogError {
  return new LogError('LOG_CLOSED', `the log at ${brokers} is closed`);
}

function clientId(): string {
  return `millrace-${hostname()}-${process.pid}`;
}
