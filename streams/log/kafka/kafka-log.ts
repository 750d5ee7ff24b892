import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import kafka, {
  type GlobalConfig,
  type IAdminClient,
  type Metadata,
  type OffsetSpec,
  type TopicPartitionOffsetAndMetadata,
} from '@confluentinc/kafka-javascript';
import type { ConnectionOptions } from '@platformatic/kafka';
import { BufferedTransaction, type PartitionBatches } from '../buffered-transaction.js';
import {
  type CommitResult,
  type CommittedOffset,
  DELETE_RETENTION_MS,
  type GroupConsumer,
  type GroupOffset,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
} from '../log.js';
import { Availability } from './availability.js';
import { Bootstrap } from './bootstrap.js';
import { BrokerConnections } from './broker-connections.js';
import { errorClass, isKafkaError } from './client-errors.js';
import { type ClientRole, clientSettings, fetchLimits, type KafkaSettings } from './client-settings.js';
import { Cluster } from './cluster.js';
import { connectionOptions } from './connection-settings.js';
import { call, persistently, UnansweredCallError } from './kafka-call.js';
import { KafkaConsumer } from './kafka-consumer.js';
import { type GroupProtocol, KafkaGroupConsumer } from './kafka-group-consumer.js';
import { KafkaProducer, type ProcessingGuarantee } from './kafka-producer.js';
import { type Asked, accessDenied, topicDenied, userOf } from './refusals.js';

const { ERRORS } = kafka.CODES;

const REQUEST_MS = 10_000;
const PROBE_MS = 2000;
const TOPIC_POLL_MS = 50;
const SETTLE_POLL_MS = 50;
const READ_BACK_POLL_MS = 1000;
const TOPIC_GONE_POLL_MS = 500;
/** How long brokers may take to tell each other of a new topic, or to be as many as its copies. */
const TOPIC_WITHIN_MS = 30_000;
const INTERNAL_SEGMENT_BYTES = 50 * 1024 * 1024;
/** A commit's changes to one slice of a window store are one record. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** What the client takes with the group protocol `classic` only. */
const CLASSIC_SETTINGS = [
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'partition.assignment.strategy',
  'group.protocol.type',
] as const;

/** It has what every client has, which its type declarations leave out. */
type AdminClient = IAdminClient & Pick<kafka.KafkaConsumer, 'getMetadata'>;

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
  readonly #options: KafkaLogOptions;
  #admin: AdminClient;
  readonly #availability: Availability;
  readonly #producer: KafkaProducer;
  readonly #cluster: Cluster;
  readonly #bootstrap: Bootstrap;
  readonly #say: (message: string) => void;
  #groupProtocol: Promise<GroupProtocol> | undefined;
  readonly #connectionOptions: ConnectionOptions;
  readonly #consumers = new Set<KafkaConsumer | KafkaGroupConsumer>();
  readonly #members = new Map<string, kafka.KafkaConsumer>();
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
    this.#cluster = new Cluster(() => this.#call((done) => this.#admin.getMetadata({ timeout: REQUEST_MS }, done)));
    this.#admin = this.#newAdmin();
    this.#producer = this.#newProducer(transactionalId);
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
      // One that starts with a wrong password is told at once, and not when it has gone on for a while.
      await log.#bootstrap.check().catch((error: unknown) => {
        if (error instanceof LogError) throw error;
      });
      log.#availability.suspect('no connection');
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
      if (isVisible && appended <= end) return end;
      await delay(SETTLE_POLL_MS);
    }
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    const member = await this.#member(group);
    // The client reads committed only: offsets of a transaction that is still open are waited for, as its outcome decides
    // where to go on. By a consumer and not by the admin client, in which librdkafka fails an assertion when a request
    // to a coordinator has timed out and the coordinator comes back.
    const [found] = await this.#call<(TopicPartitionOffsetAndMetadata | Error)[]>(
      (done) => member.committed([topicPartition], REQUEST_MS, (error, found) => done(error, found)),
      { group, operation: 'Read' },
    );
    if (found instanceof Error) throw this.#failed('to tell committed offsets', found);
    if (found?.offset === undefined || found.offset < 0) return undefined;
    return { offset: found.offset, metadata: found.metadata ?? '' };
  }

  transaction(): Transaction {
    this.#requireOpen();
    return new BufferedTransaction(this);
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
    this.#members.set(group, consumer.member);
    return consumer;
  }

  async endTransactions(transactionalId: string): Promise<void> {
    const producer = this.#newProducer(transactionalId);
    try {
      await producer.ready();
    } catch (error) {
      // Others may be about the same, and what is not ended so ends when its time is up.
      const mayBeLeft = error instanceof LogError && (error.code === 'LOG_IO' || error.code === 'LOG_REFUSED');
      if (!isKafkaError(error) && !mayBeLeft) throw error;
    } finally {
      await producer.close();
    }
  }

  async deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    await this.#call(
      (done) =>
        this.#admin.deleteRecords(
          [{ ...topicPartition, offset: beforeOffset }],
          { timeout: REQUEST_MS },
          (error, results) => done(error ?? results?.[0]?.error),
        ),
      { topic: topicPartition.topic, operation: 'Delete' },
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#availability.close();
    await this.#producer.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#admin.disconnect();
  }

  /** Resolves when the brokers answer. */
  async #probe(): Promise<void> {
    try {
      await call<Metadata>((done) => this.#admin.getMetadata({ timeout: PROBE_MS }, done), { what: 'getMetadata' });
    } catch (error) {
      // The client says of a refusal only that there is no broker.
      await this.#bootstrap.check();
      throw error;
    }
  }

  #protocolFor(group: string): Promise<GroupProtocol> {
    const { brokers, groupProtocol = 'auto', settings = {} } = this.#options;
    if (groupProtocol !== 'auto') return Promise.resolve(groupProtocol);
    const classic = CLASSIC_SETTINGS.find((name) => name in settings || `consumer.${name}` in settings);
    if (classic !== undefined) {
      this.#say(`${classic} is a setting of the group protocol classic, which is used`);
      return Promise.resolve('classic');
    }
    this.#groupProtocol ??= persistently(async () => {
      // Whoever does not answer now does so soon: brokers come back.
      const isThere = await this.#bootstrap.hasGroupProtocol(group).catch((error: Error) => {
        throw error instanceof LogError ? error : Object.assign(error, { code: ERRORS.ERR__TRANSPORT });
      });
      if (!isThere)
        this.#say(`Kafka at ${brokers} does not assign partitions itself (KIP-848); the group is a classic one`);
      return isThere ? 'consumer' : 'classic';
    }, this.#availability);
    return this.#groupProtocol;
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

  #newAdmin(): AdminClient {
    return kafka.AdminClient.create(this.#settings('admin') as GlobalConfig) as AdminClient;
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

  async commitBatches(appends: readonly PartitionBatches[], offsets: readonly GroupOffset[]): Promise<CommitResult> {
    this.#requireOpen();
    const group = offsets[0]?.group;
    const consumed = group === undefined ? undefined : { consumer: await this.#member(group), offsets };
    const ends = await this.#producer.commit(appends, consumed);
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

  /** Who reads and commits the group's offsets: its member here, or, where there is none, nobody in particular. */
  async #member(group: string): Promise<kafka.KafkaConsumer> {
    let member = this.#members.get(group);
    if (member === undefined) {
      const consumer = this.#track(this.#groupConsumer(group, 'classic', []));
      await consumer.connect();
      member = consumer.member;
      this.#members.set(group, member);
    }
    return member;
  }

  #newProducer(transactionalId: string): KafkaProducer {
    const { guarantee = 'exactly-once', settings = {} } = this.#options;
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
      isCommitted: (topicPartition, offset) => this.#isCommitted(topicPartition, offset),
    });
  }

  async #createTopic(
    topic: string,
    { partitions, cleanupPolicy = 'delete', retentionMs = -1 }: TopicConfig,
  ): Promise<void> {
    const config: Record<string, string> = {
      'cleanup.policy': cleanupPolicy,
      'retention.ms': String(retentionMs),
      'retention.bytes': '-1',
      'delete.retention.ms': String(DELETE_RETENTION_MS),
      'max.message.bytes': String(MAX_RECORD_BYTES),
      // What is kept for a time is kept that long after it was appended, whatever time its records tell.
      'message.timestamp.type': retentionMs < 0 ? 'CreateTime' : 'LogAppendTime',
      ...(retentionMs < 0 ? { 'segment.bytes': String(INTERNAL_SEGMENT_BYTES) } : {}),
      ...this.#options.topicConfig,
    };
    const deadline = performance.now() + TOPIC_WITHIN_MS;
    const made = {
      topic,
      num_partitions: partitions,
      replication_factor: this.#options.replicationFactor ?? -1,
      config,
    };
    await this.#call(
      (done) =>
        this.#admin.createTopic(made, REQUEST_MS, (error) => {
          if (error?.code === ERRORS.ERR_TOPIC_ALREADY_EXISTS) done(null);
          // A broker that is away for a moment does not count.
          else if (error?.code === ERRORS.ERR_INVALID_REPLICATION_FACTOR && performance.now() < deadline) {
            done(Object.assign(error, { isRetriable: true }));
          } else done(error);
        }),
      { topic, operation: 'Create' },
      `to make the topic "${topic}"`,
    );
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
    await this.ensureTopic(topic, { partitions });
  }

  async #offset(
    topicPartition: TopicPartition,
    offset: OffsetSpec,
    isolationLevel = kafka.IsolationLevel.READ_COMMITTED,
  ): Promise<number> {
    this.requirePartition(topicPartition.topic, topicPartition.partition);
    const [result] = await this.#call<kafka.ListOffsetsResult[]>(
      (done) =>
        this.#admin.listOffsets(
          [{ ...topicPartition, offset }],
          { timeout: REQUEST_MS, isolationLevel },
          (error, results) => done(error ?? results?.[0]?.error, results),
        ),
      { topic: topicPartition.topic, operation: 'Describe' },
    );
    if (result === undefined) throw new LogError('LOG_IO', `Kafka names no offset of ${topicPartition.topic}`);
    return result.offset;
  }

  async #call<T>(
    invoke: (done: (error: kafka.LibrdKafkaError | null | undefined, result?: T) => void) => void,
    asked: Asked = { operation: 'Describe' },
    what = 'what it was asked for',
  ): Promise<T> {
    this.#requireOpen();
    const options = { what, closed: this.#availability.closed };
    try {
      return await persistently(async () => {
        try {
          return await call<T>(invoke, options);
        } catch (error) {
          if (error instanceof UnansweredCallError) throw error;
          // The client remembers a leader that is one no more.
          await call<Metadata>((done) => this.#admin.getMetadata({ timeout: REQUEST_MS }, done), options).catch(
            () => {},
          );
          throw error;
        }
      }, this.#availability);
    } catch (error) {
      if (this.#closed) throw closed(this.#options.brokers);
      if (!isKafkaError(error)) throw error;
      if (errorClass(error) !== 'refused') throw this.#failed(what, error);
      throw accessDenied(this.#options.brokers, this.#options.settings ?? {}, error, asked);
    }
  }

  #failed(what: string, cause: { readonly message: string }): LogError {
    return new LogError('LOG_IO', `Kafka at ${this.#options.brokers} refuses ${what}: ${cause.message}`, { cause });
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
      topics,
      brokers: this.#options.brokers,
      hasTopic: (topic) => this.#hasTopic(topic),
      reader: this.#reader(),
    });
  }

  #connection(): KafkaSettings {
    return { 'bootstrap.servers': this.#options.brokers, 'client.id': clientId() };
  }

  #settings(role: ClientRole): Record<string, unknown> {
    return clientSettings(role, this.#options.settings ?? {}, this.#connection());
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
