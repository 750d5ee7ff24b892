import { setTimeout as delay } from 'node:timers/promises';
import kafka, {
  type ConsumerGlobalConfig,
  type KafkaConsumer as KafkaClient,
  type LibrdKafkaError,
} from '@confluentinc/kafka-javascript';
import './client-types.js';
import { type GroupConsumer, LogError, type Rebalance, type RecordCursor, type TopicPartition } from '../log.js';
import type { Availability } from './availability.js';
import { errorClass, isOutage, isUnknownTopic } from './client-errors.js';
import { clientSettings, type KafkaSettings } from './client-settings.js';
import { call, persistently } from './kafka-call.js';
import type { KafkaConsumer } from './kafka-consumer.js';
import { accessDenied } from './refusals.js';

const { ERRORS } = kafka.CODES;

const CONNECT_MS = 10_000;
const LEAVE_MS = 5000;
/** How often it is tried to take the name of a member that is gone, but still counts. */
const TAKE_NAME_AGAIN_MS = 1000;
/** Longer than the session of a member that is gone. */
const NAME_IS_HELD_MS = 120_000;
/** How long the client is listened to at a time. */
const SERVE_MS = 50;
/** Librdkafka's name for the end of a partition. */
const OFFSET_END = -1;

/**
 * - `consumer`: the broker assigns (KIP-848), and moves only the partitions that have to move.
 * - `classic`: a member assigns, and everything stops for it; for brokers before 4.0.
 *
 * Both by range: the partitions of a number, of all topics, go to one member.
 */
export type GroupProtocol = 'consumer' | 'classic';

export interface KafkaGroupConsumerOptions {
  readonly connection: KafkaSettings;
  readonly settings: KafkaSettings;
  readonly availability: Availability;
  readonly group: string;
  readonly protocol: GroupProtocol;
  /** It is a static member of this name. */
  readonly instanceId?: string | undefined;
  readonly topics: readonly string[];
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  /** Whether the brokers still know the topic, each of which may lag behind. */
  readonly hasTopic: (topic: string) => Promise<boolean>;
  /** Reads what the group assigns. */
  readonly reader: KafkaConsumer;
  readonly say: (message: string) => void;
}

/**
 * A member of a consumer group. The application acts on rebalances between two polls, and takes its time.
 *
 * The client of librdkafka is the member; its partitions are paused, for the reader is several times faster than it.
 */
export class KafkaGroupConsumer implements GroupConsumer {
  readonly #options: KafkaGroupConsumerOptions;
  #client: KafkaClient;
  readonly #rebalances: Rebalance[] = [];
  /** What the application reads, by name. */
  readonly #assigned = new Map<string, TopicPartition>();
  /** What the client has been told that it does. */
  readonly #held = new Map<string, TopicPartition>();
  /** What was taken away since the last answer; what was lost may have come back by now. */
  readonly #dropped = new Set<string>();
  /** What the client waits for, also when it is about no partition. */
  #assignIsDue = false;
  #unassignIsDue = false;
  #polls = 0;
  #connected: Promise<unknown> | undefined;
  #serving: Promise<void> | undefined;
  #failure: Error | undefined;
  /** When the group first did not take it under its name. */
  #refusedAt: number | undefined;
  #wasAssigned = false;
  #saidNameIsHeld = false;
  readonly #closing = new AbortController();

  constructor(options: KafkaGroupConsumerOptions) {
    this.#options = options;
    this.#client = this.#newClient();
  }

  #newClient(): KafkaClient {
    const { availability, connection, group, instanceId, protocol, settings } = this.#options;
    const client = newClient(
      clientSettings('consumer', settings, {
        ...connection,
        'group.id': group,
        ...(instanceId !== undefined && { 'group.instance.id': instanceId }),
        'group.protocol': protocol,
        ...(protocol === 'consumer'
          ? { 'group.remote.assignor': 'range' }
          : { 'partition.assignment.strategy': 'range' }),
        rebalance_cb: (error: LibrdKafkaError, partitions: readonly TopicPartition[]) => {
          if (client === this.#client) this.#rebalance(error, partitions);
          // One whose name was taken had nothing, and gets nothing.
          else client.unassign();
        },
      }) as ConsumerGlobalConfig,
    );
    client.setDefaultConsumeTimeout(SERVE_MS);
    client.on('event.error', (error: LibrdKafkaError) => {
      if (client !== this.#client) return;
      if (isOutage(error)) availability.suspect(error.message);
      else if (error.code === ERRORS.ERR__FATAL || error.isFatal === true) this.#failed(error);
      // Those of connections: whether they are refused everywhere, and go on to be, is found out there.
      else if (errorClass(error) === 'refused') availability.suspect(error.message);
    });
    return client;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  connect(): Promise<unknown> {
    this.#connected ??= persistently(
      () =>
        call<unknown>((done) => this.#client.connect({ timeout: CONNECT_MS }, done), {
          what: 'connect',
          closed: this.#options.availability.closed,
        }),
      this.#options.availability,
    );
    return this.#connected;
  }

  async join(): Promise<void> {
    await this.connect();
    this.#client.subscribe([...this.#options.topics]);
  }

  /** Resolves when it is closed. */
  get ended(): Promise<void> {
    return this.#options.reader.ended;
  }

  /** For the producer, which commits offsets in this member's name. */
  get member(): KafkaClient {
    return this.#client;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    this.#assigned.set(idOf(topicPartition), topicPartition);
    this.#options.reader.assign(topicPartition, offset);
  }

  unassign(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#assigned.delete(idOf(partition));
      this.#dropped.add(idOf(partition));
    }
    this.#options.reader.unassign(partitions);
  }

  pause(topicPartition: TopicPartition): void {
    this.#options.reader.pause(topicPartition);
  }

  resume(topicPartition: TopicPartition): void {
    this.#options.reader.resume(topicPartition);
  }

  takeRebalance(): Rebalance | undefined {
    const rebalance = this.#rebalances.shift();
    // The next poll gives the answer.
    if (rebalance?.kind === 'assigned') this.#assignIsDue = true;
    else if (rebalance !== undefined) this.#unassignIsDue = true;
    return rebalance;
  }

  async poll(maxWaitMs: number): Promise<RecordCursor[]> {
    if (this.#closed) return [];
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#assignIsDue || this.#unassignIsDue) this.#answer();
    this.#polls++;
    try {
      this.#serve();
      return this.#rebalances.length > 0 ? [] : await this.#options.reader.poll(maxWaitMs);
    } finally {
      this.#polls--;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing.abort();
    this.#options.reader.wake();
    await this.#connected?.catch(() => {});
    await Promise.race([this.#serving, delay(LEAVE_MS, undefined, { ref: false })]);
    // Without brokers there is nobody to take leave of.
    if (this.#client.isConnected()) await this.#leave();
    await this.#options.reader.close();
  }

  async #leave(): Promise<void> {
    // The client does not leave while it waits for an answer; leaving is then a rebalance of its own.
    for (const { kind, partitions } of this.#rebalances.splice(0)) this.#letGo(kind === 'assigned', partitions);
    if (this.#assignIsDue || this.#unassignIsDue) this.#answer();
    // A static member that unsubscribes would leave.
    if (this.#options.instanceId === undefined) this.#client.unsubscribe();
    const left = call((done) => this.#client.disconnect(done)).catch(() => {});
    await Promise.race([left, delay(LEAVE_MS, undefined, { ref: false })]);
  }

  /** Tells the client what the application has made of the rebalances. */
  #answer(): void {
    const assignIsDue = this.#assignIsDue;
    const unassignIsDue = this.#unassignIsDue;
    this.#assignIsDue = false;
    this.#unassignIsDue = false;
    const dropped = [...this.#held.values()].filter((one) => this.#dropped.has(idOf(one)));
    this.#dropped.clear();
    for (const one of dropped) this.#held.delete(idOf(one));
    const taken = [...this.#assigned.values()].filter((one) => !this.#held.has(idOf(one)));
    for (const one of taken) this.#held.set(idOf(one), one);
    if (this.#options.protocol === 'consumer') {
      if (unassignIsDue || dropped.length > 0) this.#client.incrementalUnassign(dropped);
      if (assignIsDue || taken.length > 0) this.#client.incrementalAssign(taken.map(atEnd));
    } else if (dropped.length > 0 && this.#held.size === 0) this.#client.unassign();
    else this.#client.assign([...this.#held.values()].map(atEnd));
    if (this.#held.size > 0) this.#client.pause([...this.#held.values()]);
  }

  /** Listens to the client while there are polls: rebalances come when it is asked for records, of which it has none. */
  #serve(): void {
    if (this.#serving !== undefined || this.#closed) return;
    const client = this.#client;
    this.#serving = new Promise((resolve) => {
      client.consume(1, (error: LibrdKafkaError | null) => {
        if (client !== this.#client) {
          resolve();
          return;
        }
        this.#serving = undefined;
        if (error) this.#failed(error);
        resolve();
        if (this.#polls > 0) this.#serve();
      });
    });
  }

  #failed(error: LibrdKafkaError): void {
    // After a poll that came too late, a rebalance follows that says what was lost.
    if (error.code === ERRORS.ERR__MAX_POLL_EXCEEDED) return;
    if (this.#mayNameBeHeld(error)) {
      this.#takeNameLater();
      return;
    }
    if (isUnknownTopic(error)) {
      void this.#requireTopics(error);
      return;
    }
    if (isOutage(error)) this.#options.availability.suspect(error.message);
    // The client joins again by itself, and rebalances tell what was lost.
    const passes = new Set(['retriable', 'abortable', 'recoverable']);
    if (passes.has(errorClass(error)) && error.code !== ERRORS.ERR__FATAL && error.isFatal !== true) return;
    this.#fail(this.#failureOf(error));
  }

  /** The client does not say why it has given up; before it was given anything, there is little else that can be wrong. */
  #mayNameBeHeld({ code }: LibrdKafkaError): boolean {
    if (code !== ERRORS.ERR__FATAL || this.#options.instanceId === undefined || this.#wasAssigned) return false;
    this.#refusedAt ??= performance.now();
    return performance.now() - this.#refusedAt < NAME_IS_HELD_MS;
  }

  /**
   * A static member that was killed counts until its session ends, and nobody else can have its name until then. The client
   * gives up at that; another is made.
   */
  #takeNameLater(): void {
    const { availability, group, instanceId, say } = this.#options;
    if (!this.#saidNameIsHeld) {
      say(
        `Kafka does not admit this process to the group "${group}" as "${instanceId}": a process that was killed may have ` +
          'that name until its session ends. It is tried again',
      );
    }
    this.#saidNameIsHeld = true;
    const before = this.#client;
    this.#client = this.#newClient();
    this.#connected = undefined;
    this.#serving = undefined;
    call((done) => before.disconnect(done)).catch(() => {});
    delay(TAKE_NAME_AGAIN_MS, undefined, { signal: this.#closing.signal })
      .then(() => this.join())
      .catch((error: Error) => {
        if (this.#closed || availability.closed.aborted) return;
        this.#fail(new LogError('LOG_IO', `cannot join the group "${group}": ${error.message}`, { cause: error }));
      });
  }

  #failureOf(error: LibrdKafkaError): LogError {
    const { brokers, group, instanceId, settings, topics } = this.#options;
    if (errorClass(error) === 'refused') {
      return accessDenied(brokers, settings, error, { group, topic: topics.join('", "'), operation: 'Read' });
    }
    const isNotAdmitted = this.#refusedAt !== undefined && !this.#wasAssigned;
    // In the classic protocol whoever joins under a name has it, and whoever had it is put out. The client does not say so.
    const isPutOut = error.code === ERRORS.ERR__FATAL && instanceId !== undefined && this.#wasAssigned;
    let why = error.message;
    if (isNotAdmitted) why = `the group "${group}" does not admit "${instanceId}", which may still run`;
    if (isPutOut) why += `; another process may have joined the group "${group}" as "${instanceId}"`;
    return new LogError('LOG_IO', `cannot read from Kafka: ${why}`, { cause: error });
  }

  #fail(failure: LogError): void {
    this.#failure ??= failure;
    this.#options.reader.wake();
  }

  /** A broker that lags behind does not know the newest topics; when none knows one, it is gone. */
  async #requireTopics(error: LibrdKafkaError): Promise<void> {
    const { hasTopic, topics } = this.#options;
    for (const topic of topics) {
      // What cannot be asked now says nothing.
      const isThere = await hasTopic(topic).catch(() => true);
      if (isThere || this.#closed) continue;
      this.#fail(
        new LogError('UNKNOWN_TOPIC', `cannot read from Kafka: the topic "${topic}" is gone`, { cause: error }),
      );
      return;
    }
  }

  #rebalance(error: LibrdKafkaError, partitions: readonly TopicPartition[]): void {
    const revoked = error.code === ERRORS.ERR__REVOKE_PARTITIONS;
    const assigned = error.code === ERRORS.ERR__ASSIGN_PARTITIONS;
    if (this.#closed) {
      if (assigned || revoked) this.#letGo(assigned, partitions);
    } else if (assigned) {
      this.#wasAssigned = true;
      this.#rebalances.push({ kind: 'assigned', partitions });
    } else if (revoked) {
      this.#rebalances.push({ kind: this.#client.assignmentLost() ? 'lost' : 'revoked', partitions });
    } else {
      this.#failed(error);
    }
    this.#options.reader.wake();
  }

  /** Answers a rebalance of a consumer that is closed or about to be: it takes nothing and gives everything. */
  #letGo(assigned: boolean, partitions: readonly TopicPartition[]): void {
    const held = partitions.filter((one) => this.#held.delete(idOf(one)));
    try {
      if (this.#options.protocol === 'classic') this.#client.unassign();
      else if (assigned) this.#client.incrementalAssign([]);
      else this.#client.incrementalUnassign(held);
    } catch (error) {
      // It throws plain objects.
      if ((error as { readonly code?: unknown }).code !== ERRORS.ERR__STATE) throw error;
      // A client that is closing takes nothing at all, but does not end before it has an answer.
      try {
        this.#client.unassign();
      } catch {
        // It has ended.
      }
    }
  }
}

/** @throws LogError LOG_SETTING */
function newClient(settings: ConsumerGlobalConfig): KafkaClient {
  try {
    return new kafka.KafkaConsumer(settings);
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('LOG_SETTING', `the Kafka client does not take its settings: ${message}`, { cause });
  }
}

function atEnd(topicPartition: TopicPartition) {
  return { ...topicPartition, offset: OFFSET_END };
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
