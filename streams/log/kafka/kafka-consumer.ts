import { setTimeout as delay } from 'node:timers/promises';
import kafka, {
  type ConsumerGlobalConfig,
  type KafkaConsumer as KafkaClient,
  type LibrdKafkaError,
  type Message,
  type TopicPartitionOffset,
} from '@confluentinc/kafka-javascript';
import './client-types.js';
import { type LogConsumer, LogError, type TopicPartition } from '../log.js';
import type { Availability } from './availability.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';
import { call, isTransient, persistently } from './kafka-call.js';
import { KafkaCursor } from './kafka-cursor.js';

const FETCH_MESSAGES = 10_000;
/** A fetch waits so long for its first message; assignments wait for the fetch. */
const FETCH_WAIT_MS = 50;
const CONNECT_MS = 10_000;
const LEAVE_MS = 5000;

export interface KafkaConsumerOptions {
  readonly connection: KafkaSettings;
  readonly settings: KafkaSettings;
  readonly availability: Availability;
}

interface Assignment extends TopicPartition {
  /** What the next cursor starts at. */
  position: number;
  paused: boolean;
}

/** What one fetch has brought. */
interface Fetched {
  readonly messages: readonly Message[];
  /** Partitions that were read to their ends. */
  readonly ends: readonly TopicPartitionOffset[];
}

/**
 * Reads partitions with a librdkafka consumer, by its callback API. The next fetch is under way while what the last one
 * has brought is processed.
 *
 * Assignments take effect between two fetches, so that it is always known whether a message was fetched before one or
 * after it.
 */
export class KafkaConsumer implements LogConsumer {
  protected readonly client: KafkaClient;
  readonly #availability: Availability;
  readonly #assignments = new Map<string, Assignment[]>();
  readonly #eofs: TopicPartitionOffset[] = [];
  #changed = new Set<Assignment>();
  #connected: Promise<void> | undefined;
  #fetching: Promise<void> | undefined;
  #fetched: Fetched | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  protected closed = false;
  #end: () => void = () => {};
  /** Resolves when it is closed. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(options: KafkaConsumerOptions, group: Readonly<Record<string, unknown>>) {
    this.#availability = options.availability;
    this.client = new kafka.KafkaConsumer(
      clientSettings('consumer', options.settings, { ...options.connection, ...group }) as ConsumerGlobalConfig,
    );
    this.client.setDefaultConsumeTimeout(FETCH_WAIT_MS);
    this.client.setDefaultIsTimeoutOnlyForFirstMessage(true);
    this.client.on('partition.eof', (end) => this.#eofs.push(end));
    this.client.on('event.error', (error: LibrdKafkaError) => {
      if (isTransient(error)) this.#availability.suspect(error.message);
    });
  }

  connect(): Promise<void> {
    this.#connected ??= persistently(
      () => call<unknown>((done) => this.client.connect({ timeout: CONNECT_MS }, done)),
      this.#availability,
    ).then(() => {});
    return this.#connected;
  }

  assign({ topic, partition }: TopicPartition, offset: number): void {
    const assignment = { topic, partition, position: offset, paused: false };
    let partitions = this.#assignments.get(topic);
    if (partitions === undefined) {
      partitions = [];
      this.#assignments.set(topic, partitions);
    }
    const before = partitions[partition];
    if (before !== undefined) this.#changed.delete(before);
    partitions[partition] = assignment;
    this.#changed.add(assignment);
    this.wake();
  }

  pause(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (assignment === undefined || assignment.paused) return;
    assignment.paused = true;
    // What is not assigned yet is paused when it is.
    if (!this.#changed.has(assignment)) this.client.pause([topicPartition]);
  }

  resume(topicPartition: TopicPartition): void {
    const assignment = this.#find(topicPartition);
    if (!assignment?.paused) return;
    assignment.paused = false;
    if (!this.#changed.has(assignment)) this.client.resume([topicPartition]);
  }

  async poll(maxWaitMs: number): Promise<KafkaCursor[]> {
    const deadline = performance.now() + maxWaitMs;
    await this.connect();
    for (;;) {
      if (this.closed) return [];
      if (this.#failure !== undefined) throw this.#failure;
      if (this.changesAreDue) await this.#applyChanges();
      this.#fetch();
      if (this.#fetched !== undefined) {
        const cursors = this.#takeFetched();
        this.#fetch();
        if (cursors.length > 0) return cursors;
      }
      const leftMs = deadline - performance.now();
      if (!(leftMs > 0) || this.isInterrupted) return [];
      await this.#waitForFetch(leftMs);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.wake();
    await this.#connected?.catch(() => {});
    await this.#fetching;
    // Without brokers there is nobody to take leave of.
    if (this.client.isConnected()) {
      const left = call((done) => this.client.disconnect(done)).catch(() => {});
      await Promise.race([left, delay(LEAVE_MS, undefined, { ref: false })]);
    }
    this.#end();
  }

  /** Whether the client is to be told of assignments. */
  protected get changesAreDue(): boolean {
    return this.#changed.size > 0;
  }

  /** Whether a poll that waits should end with nothing. */
  protected get isInterrupted(): boolean {
    return false;
  }

  /** Tells the client what is assigned anew, and from where. */
  protected applyAssignments(_changed: readonly TopicPartitionOffset[]): void {
    // All of it, each partition from where the reader stands: the client forgets what it has fetched ahead.
    this.client.assign(this.positions());
  }

  protected positions(): TopicPartitionOffset[] {
    return [...this.#all()].map(({ topic, partition, position }) => ({ topic, partition, offset: position }));
  }

  protected forget(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const assignment = this.#find({ topic, partition });
      if (assignment !== undefined) this.#changed.delete(assignment);
      delete this.#assignments.get(topic)?.[partition];
    }
  }

  protected wake(): void {
    this.#wake?.();
  }

  async #applyChanges(): Promise<void> {
    await this.#fetching;
    if (this.closed) return;
    const changed = [...this.#changed];
    this.#changed = new Set();
    if (this.#fetched !== undefined) this.#fetched = without(this.#fetched, changed);
    this.#passOver(this.#fetched);
    this.applyAssignments(changed.map(({ topic, partition, position }) => ({ topic, partition, offset: position })));
    const paused = [...this.#all()].filter((assignment) => assignment.paused);
    if (paused.length > 0) this.client.pause(paused.map(({ topic, partition }) => ({ topic, partition })));
  }

  /** Where the client is told to go on, it is to go on behind what is fetched but not handed out yet. */
  #passOver(fetched: Fetched | undefined): void {
    for (const { topic, partition, offset } of fetched?.messages ?? []) {
      const assignment = this.#find({ topic, partition });
      if (assignment !== undefined) assignment.position = offset + 1;
    }
  }

  #fetch(): void {
    if (this.#fetching !== undefined || this.#fetched !== undefined || this.closed) return;
    this.#fetching = new Promise((resolve) => {
      this.client.consume(FETCH_MESSAGES, (error: LibrdKafkaError | null, messages: Message[]) => {
        this.#fetching = undefined;
        if (error) this.#failed(error);
        this.#fetched = { messages: error ? [] : messages, ends: this.#eofs.splice(0) };
        this.#wake?.();
        resolve();
      });
    });
  }

  #failed(error: LibrdKafkaError): void {
    if (isTransient(error)) this.#availability.suspect(error.message);
    else this.failed(error);
  }

  /** An error that does not pass by itself. */
  protected failed(error: LibrdKafkaError): void {
    this.#failure = new LogError('LOG_IO', `cannot read from Kafka: ${error.message}`, { cause: error });
  }

  #takeFetched(): KafkaCursor[] {
    const { messages, ends } = this.#fetched as Fetched;
    this.#fetched = undefined;
    const cursors: KafkaCursor[] = [];
    let cursor: KafkaCursor | undefined;
    const cursorOf = (topic: string, partition: number, nextOffset: number): KafkaCursor | undefined => {
      const known = cursors.find((candidate) => candidate.partition === partition && candidate.topic === topic);
      if (known !== undefined || this.#find({ topic, partition }) === undefined) return known;
      const started = new KafkaCursor(topic, partition, [], nextOffset);
      cursors.push(started);
      return started;
    };
    for (const message of messages) {
      const { topic, partition, offset } = message;
      if (cursor?.partition !== partition || cursor.topic !== topic) cursor = cursorOf(topic, partition, offset);
      if (cursor === undefined) continue;
      cursor.messages.push(message);
      cursor.nextOffset = offset + 1;
    }
    for (const { topic, partition, offset } of ends) {
      if ((this.#find({ topic, partition })?.position ?? offset) >= offset) continue;
      const end = cursorOf(topic, partition, offset);
      if (end !== undefined && end.nextOffset < offset) end.nextOffset = offset;
    }
    for (const { topic, partition, nextOffset } of cursors) {
      const assignment = this.#find({ topic, partition });
      if (assignment !== undefined) assignment.position = nextOffset;
    }
    return cursors;
  }

  async #waitForFetch(maxWaitMs: number): Promise<void> {
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, delay(maxWaitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    this.#wake = undefined;
  }

  #find({ topic, partition }: TopicPartition): Assignment | undefined {
    return this.#assignments.get(topic)?.[partition];
  }

  *#all(): Generator<Assignment> {
    for (const partitions of this.#assignments.values()) {
      for (const assignment of partitions) if (assignment !== undefined) yield assignment;
    }
  }
}

function without({ messages, ends }: Fetched, changed: readonly TopicPartition[]): Fetched {
  const stays = (one: TopicPartition) =>
    !changed.some(({ topic, partition }) => topic === one.topic && partition === one.partition);
  return { messages: messages.filter(stays), ends: ends.filter(stays) };
}
