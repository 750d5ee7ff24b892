import { setTimeout as delay } from 'node:timers/promises';
import kafka, {
  type GlobalConfig,
  type IAdminClient,
  type ListOffsetsResult,
  type Metadata,
  type OffsetSpec,
} from '@confluentinc/kafka-javascript';
import { DELETE_RETENTION_MS, LogError, type TopicConfig, type TopicPartition } from '../log.js';
import type { Availability } from './availability.js';
import { errorClass, isKafkaError } from './client-errors.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';
import { type Callback, call, persistently, UnansweredCallError } from './kafka-call.js';
import { type OffsetQuestion, OffsetQuestions } from './offset-questions.js';
import { type Asked, accessDenied } from './refusals.js';

const { ERRORS } = kafka.CODES;

const REQUEST_MS = 10_000;
const PROBE_MS = 2000;
/** How long closing waits for what is under way. */
const CLOSE_MS = 1000;
/** So many calls in a row that do not come back are asked again, while brokers may be away, of a new client. */
const MAX_GIVEN_UP = 3;
const INTERNAL_SEGMENT_BYTES = 50 * 1024 * 1024;
/** A commit's changes to one slice of a window store are one record. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** It has what every client has, which its type declarations leave out. */
type AdminClient = IAdminClient & Pick<kafka.KafkaConsumer, 'getMetadata'>;

export interface KafkaAdminOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  readonly connection: KafkaSettings;
  readonly settings: KafkaSettings;
  readonly availability: Availability;
  /** Of topics that are made; undefined for the broker's. */
  readonly replicationFactor: number | undefined;
  readonly topicConfig: Readonly<Record<string, string>> | undefined;
}

/** What is asked of the brokers beside reading and writing. Asked again when what it fails with passes by itself. */
export class KafkaAdmin {
  readonly #options: KafkaAdminOptions;
  #client: AdminClient;
  /** Calls that have not come back, and the client that each is one of. */
  readonly #inCall = new Map<Promise<void>, AdminClient>();
  #givenUp = 0;
  readonly #offsets = new OffsetQuestions({
    together: (questions) => this.#offsetsOf(questions),
    alone: (question) => this.#offset(question),
  });
  #closed = false;

  constructor(options: KafkaAdminOptions) {
    this.#options = options;
    this.#client = this.#newClient();
  }

  metadata(): Promise<Metadata> {
    return this.ask((done) => this.#client.getMetadata({ timeout: REQUEST_MS }, done));
  }

  /** Asks once, and does not wait long. */
  async probe(): Promise<void> {
    await this.#call<Metadata>((done) => this.#client.getMetadata({ timeout: PROBE_MS }, done), 'a probe');
  }

  offset(
    topicPartition: TopicPartition,
    offset: OffsetSpec,
    isolationLevel = kafka.IsolationLevel.READ_COMMITTED,
  ): Promise<number> {
    return this.#offsets.offset({ topicPartition, offset, isolationLevel });
  }

  async #offset({ isolationLevel, offset, topicPartition }: OffsetQuestion): Promise<number> {
    const [result] = await this.ask<ListOffsetsResult[]>(
      (done) =>
        this.#client.listOffsets(
          [{ ...topicPartition, offset }],
          { timeout: REQUEST_MS, isolationLevel },
          (error, results) => done(error ?? results?.[0]?.error, results),
        ),
      { topic: topicPartition.topic, operation: 'Describe' },
    );
    if (result === undefined) throw new LogError('LOG_IO', `Kafka names no offset of ${topicPartition.topic}`);
    return result.offset;
  }

  /** Of partitions that are asked for in the same way. Asks once, and does not wait long for one that has no leader. */
  async #offsetsOf(questions: readonly OffsetQuestion[]): Promise<readonly ListOffsetsResult[]> {
    const isolationLevel = questions[0]?.isolationLevel ?? kafka.IsolationLevel.READ_COMMITTED;
    return this.#askOnce<ListOffsetsResult[]>(
      (done) =>
        this.#client.listOffsets(
          questions.map(({ offset, topicPartition }) => ({ ...topicPartition, offset })),
          { timeout: PROBE_MS, isolationLevel },
          done,
        ),
      'listOffsets',
    );
  }

  async deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    await this.ask(
      (done) =>
        this.#client.deleteRecords(
          [{ ...topicPartition, offset: beforeOffset }],
          { timeout: REQUEST_MS },
          (error, results) => done(error ?? results?.[0]?.error),
        ),
      { topic: topicPartition.topic, operation: 'Delete' },
    );
  }

  /** It may be there already. @param withinMs how long brokers that are missing for its copies are waited for */
  async createTopic(
    topic: string,
    { partitions, cleanupPolicy = 'delete', retentionBytes = -1, retentionMs = -1 }: TopicConfig,
    withinMs: number,
  ): Promise<void> {
    const config: Record<string, string> = {
      'cleanup.policy': cleanupPolicy,
      'retention.ms': String(retentionMs),
      'retention.bytes': String(retentionBytes),
      'delete.retention.ms': String(DELETE_RETENTION_MS),
      'max.message.bytes': String(MAX_RECORD_BYTES),
      // What is kept for a time is kept that long after it was appended, whatever time its records tell.
      'message.timestamp.type': retentionMs < 0 ? 'CreateTime' : 'LogAppendTime',
      ...(retentionMs < 0 ? { 'segment.bytes': String(INTERNAL_SEGMENT_BYTES) } : {}),
      ...this.#options.topicConfig,
    };
    const made = {
      topic,
      num_partitions: partitions,
      replication_factor: this.#options.replicationFactor ?? -1,
      config,
    };
    const deadline = performance.now() + withinMs;
    await this.ask(
      (done) =>
        this.#client.createTopic(made, REQUEST_MS, (error) => {
          if (error?.code === ERRORS.ERR_TOPIC_ALREADY_EXISTS) done(null);
          // A broker that is away for a moment does not count.
          else if (error?.code === ERRORS.ERR_INVALID_REPLICATION_FACTOR && performance.now() < deadline) {
            done(Object.assign(error, { isRetriable: true }));
          } else done(error);
        }),
      { topic, operation: 'Create' },
      `to make the topic "${topic}"`,
    );
  }

  /** Those of the topics that the user may not write, as far as that can be found out. */
  async unwritable(topics: readonly string[]): Promise<string[]> {
    const described = await this.#call<kafka.TopicDescription[]>(
      (done) =>
        this.#client.describeTopics([...topics], { includeAuthorizedOperations: true, timeout: PROBE_MS }, done),
      'describeTopics',
    ).catch(() => []);
    const may = ({ authorizedOperations = [] }: kafka.TopicDescription) =>
      authorizedOperations.includes(kafka.AclOperationTypes.WRITE);
    return described.filter((topic) => !may(topic)).map(({ name }) => name);
  }

  /**
   * Asks something of any client.
   *
   * @throws LogError LOG_REFUSED, naming what the user has no right to; LOG_IO for what does not pass by itself
   */
  async ask<T>(
    invoke: (done: Callback<T>) => void,
    asked: Asked = { operation: 'Describe' },
    what = 'what it was asked for',
  ): Promise<T> {
    const { availability, brokers, settings } = this.#options;
    try {
      return await persistently(() => this.#askOnce(invoke, what), availability);
    } catch (error) {
      if (!isKafkaError(error)) throw error;
      if (errorClass(error) === 'refused') throw accessDenied(brokers, settings, error, asked);
      throw new LogError('LOG_IO', `Kafka at ${brokers} refuses ${what}: ${error.message}`, { cause: error });
    }
  }

  /** In bounded time: the client would wait for what is under way, and everything for the client. */
  async close(): Promise<void> {
    this.#closed = true;
    const timer = new AbortController();
    const { signal } = timer;
    await Promise.race([Promise.all(this.#inCall.keys()), delay(CLOSE_MS, undefined, { signal }).catch(() => {})]);
    timer.abort();
    this.#end();
  }

  #end(): void {
    if (this.#closed && this.#inCall.size === 0) this.#client.disconnect();
  }

  async #askOnce<T>(invoke: (done: Callback<T>) => void, what: string): Promise<T> {
    for (;;) {
      const client = this.#client;
      try {
        const answer = await this.#call(invoke, what);
        this.#givenUp = 0;
        return answer;
      } catch (error) {
        if (error instanceof UnansweredCallError) {
          this.#giveUp(client, error);
          continue;
        }
        // The client remembers a leader that is one no more.
        await this.#call((done) => this.#client.getMetadata({ timeout: REQUEST_MS }, done), 'getMetadata').catch(
          () => {},
        );
        throw error;
      }
    }
  }

  /** Goes on with a new client. @throws UnansweredCallError when that was of no use */
  #giveUp(client: AdminClient, error: UnansweredCallError): void {
    this.#options.availability.suspect(error.message);
    // Other calls of the same client may have been given up before this one.
    if (client !== this.#client) return;
    if (++this.#givenUp > MAX_GIVEN_UP) throw error;
    this.#client = this.#newClient();
  }

  #call<T>(invoke: (done: Callback<T>) => void, what: string): Promise<T> {
    const client = this.#client;
    let isBack: () => void = () => {};
    const back = new Promise<void>((resolve) => {
      isBack = () => {
        this.#inCall.delete(back);
        if (client !== this.#client && ![...this.#inCall.values()].includes(client)) client.disconnect();
        resolve();
      };
    });
    this.#inCall.set(back, client);
    const asked = (done: Callback<T>) => {
      try {
        invoke((error, result) => {
          isBack();
          done(error, result);
        });
      } catch (error) {
        isBack();
        throw error;
      }
    };
    return call<T>(asked, { what, closed: this.#options.availability.closed, onLate: () => this.#end() });
  }

  #newClient(): AdminClient {
    const { connection, settings } = this.#options;
    return kafka.AdminClient.create(clientSettings('admin', settings, connection) as GlobalConfig) as AdminClient;
  }
}
