import { type Duration, toMilliseconds } from '../dsl/duration.js';
import { ArgumentError } from '../errors.js';
import { EmbeddedLog } from '../log/embedded/embedded-log.js';
import type { Headers, LogConsumer } from '../log/log.js';
import { partitionForKey } from '../log/partitioner.js';
import type { StreamsMetrics } from '../runtime/metrics.js';
import { StreamThread } from '../runtime/stream-thread.js';
import type { StreamThreadConfig } from '../runtime/stream-thread-config.js';
import { deserializeWhenReady, type Serde } from '../serde/serde.js';
import { type KeyValueStore, LevelKeyValueStore } from '../state/key-value/key-value-store.js';
import type { LiveSessions } from '../state/sessions/live-session-store.js';
import { LevelSessionStore } from '../state/sessions/session-store.js';
import type { StateStore } from '../state/state-store.js';
import { LevelVersionedStore, type VersionedKeyValueStore } from '../state/versioned/versioned-store.js';
import type { LiveWindows } from '../state/windows/live-window-store.js';
import { SlidingWindowStore } from '../state/windows/sliding-window-store.js';
import { WindowStore } from '../state/windows/window-store.js';
import type { Windowed } from '../state/windows/windowed.js';
import { deserializationHandler, type ExceptionHandler } from '../topology/exception-handlers.js';
import type { Topology } from '../topology/topology.js';
import { PartitionedStore } from './partitioned-store.js';
import { PartitionedVersionedStore } from './partitioned-versioned-store.js';
import {
  type InputRecord,
  type InputTopicOptions,
  TestInputTopic,
  TestOutputTopic,
  type TestRecord,
  type TopicSerdes,
} from './test-topics.js';

export interface TopologyTestDriverOptions {
  /** Default `test`. */
  readonly applicationId?: string;
  /** Of each topic, or by topic, where one that is not named has 1. Default 1. */
  readonly partitions?: number | Readonly<Record<string, number>>;
  /** Where the wall clock starts, in milliseconds since the epoch; only `advanceWallClockTime` moves it. Default 0. */
  readonly initialWallClockTime?: number;
  /** As in `StreamsConfig`. */
  readonly repartition?: 'auto' | 'topic';
  readonly deadLetterTopic?: string;
  readonly lateTopic?: string;
  readonly deserializationExceptionHandler?: ExceptionHandler;
  /** As in `StreamsConfig`, but that by default times may be however far ahead. */
  readonly maxTimeAhead?: Duration;
  readonly processingExceptionHandler?: ExceptionHandler;
  readonly productionExceptionHandler?: ExceptionHandler;
}

export type { InputRecord, TestRecord } from './test-topics.js';

/**
 * Runs a topology without a cluster or a clock: every record that is piped in is processed and committed before the call
 * resolves. It is the engine itself, over a log and stores in memory. What is handed from task to task goes through its
 * serdes, as it does on Kafka: a `Date` in JSON is text there, too.
 *
 * @example
 * const driver = await TopologyTestDriver.create(topology);
 * const words = driver.createInputTopic('words', { key: stringSerde, value: stringSerde });
 * const counts = driver.createOutputTopic('counts', { key: stringSerde, value: numberSerde });
 * await words.pipeInput('a', 'hello', 0);
 * expect(await counts.readValues()).toEqual([1]);
 * await driver.close();
 */
export class TopologyTestDriver {
  readonly #log: EmbeddedLog;
  #topology: Topology;
  #thread: StreamThread;
  readonly #options: TopologyTestDriverOptions;
  readonly #config: StreamThreadConfig;
  readonly #outputs = new Map<string, LogConsumer>();
  readonly #clock: { now: number };

  private constructor(
    log: EmbeddedLog,
    topology: Topology,
    options: TopologyTestDriverOptions,
    config: StreamThreadConfig,
    clock: { now: number },
  ) {
    this.#log = log;
    this.#topology = topology;
    this.#thread = new StreamThread(topology, config);
    this.#options = options;
    this.#config = config;
    this.#clock = clock;
  }

  /**
   * Starts a topology over a log that has the topics that it reads and writes, all empty.
   *
   * @throws TopologyError, and what a processor's `init` throws
   */
  static async create(topology: Topology, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
    const log = await EmbeddedLog.inMemory();
    const clock = { now: options.initialWallClockTime ?? 0 };
    const config: StreamThreadConfig = {
      applicationId: options.applicationId ?? 'test',
      log,
      stateDirectory: undefined,
      numStandbyReplicas: 0,
      commitIntervalMs: Number.MAX_SAFE_INTEGER,
      maxUncommittedEntries: Number.MAX_SAFE_INTEGER,
      maxTransactionBytes: Number.MAX_SAFE_INTEGER,
      // Whatever is piped in is processed before more can come: each input is at its end at each commit.
      maxTimeAheadMs:
        options.maxTimeAhead === undefined
          ? Number.POSITIVE_INFINITY
          : toMilliseconds(options.maxTimeAhead, 'how far a time may be ahead'),
      time: { idleMs: Number.POSITIVE_INFINITY, endSilenceMs: 0, maxHoldBackMs: 0 },
      repartition: options.repartition ?? 'auto',
      deadLetterTopic: options.deadLetterTopic,
      lateTopic: options.lateTopic,
      autoOffsetReset: 'earliest',
      deserializationExceptionHandler:
        options.deserializationExceptionHandler ?? deserializationHandler(options.deadLetterTopic),
      processingExceptionHandler: options.processingExceptionHandler ?? (() => 'fail'),
      productionExceptionHandler:
        options.productionExceptionHandler ?? options.processingExceptionHandler ?? (() => 'fail'),
      now: () => clock.now,
      monotonicMs: () => clock.now,
      handsOnBySerdes: true,
    };
    const driver = new TopologyTestDriver(log, topology, options, config, clock);
    await driver.#start();
    return driver;
  }

  async #start(): Promise<void> {
    const { partitions = 1 } = this.#options;
    for (const topic of topicsOf(this.#topology, this.#options)) {
      const count = typeof partitions === 'number' ? partitions : (partitions[topic] ?? 1);
      await this.#log.ensureTopic(topic, { partitions: count });
    }
    await this.#thread.start();
  }

  /** As of `Streams`; since the last restart. */
  get metrics(): Readonly<StreamsMetrics> {
    return this.#thread.metrics;
  }

  /**
   * A topic of the topology to write to, with serdes that are given once.
   *
   * @example const clicks = driver.createInputTopic('clicks', { key: stringSerde, value: clickSerde });
   */
  createInputTopic<K, V>(
    topic: string,
    serdes: TopicSerdes<K, V>,
    { autoAdvanceMs = 0, startTimestamp = this.#clock.now }: InputTopicOptions = {},
  ): TestInputTopic<K, V> {
    const pipe = (records: readonly InputRecord<K, V>[]) => this.#pipe(topic, serdes, records);
    return new TestInputTopic(pipe, startTimestamp, autoAdvanceMs);
  }

  /** A topic of the topology to read, with serdes that are given once. Topics that are made of one topic share its records. */
  createOutputTopic<K, V>(topic: string, serdes: TopicSerdes<K, V>): TestOutputTopic<K, V> {
    return new TestOutputTopic(topic, () => this.#read(topic, serdes));
  }

  /** Writes a record, and resolves when it is processed and committed. */
  async pipeInput<K, V>(
    topic: string,
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    record: InputRecord<K, V>,
  ): Promise<void> {
    await this.pipeInputs(topic, keySerde, valueSerde, [record]);
  }

  /** As `pipeInput`, for records that one commit takes. */
  async pipeInputs<K, V>(
    topic: string,
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    records: readonly InputRecord<K, V>[],
  ): Promise<void> {
    await this.#pipe(topic, { key: keySerde, value: valueSerde }, records);
  }

  async #pipe<K, V>(topic: string, serdes: TopicSerdes<K, V>, records: readonly InputRecord<K, V>[]): Promise<void> {
    const partitions = await this.#log.partitions(topic);
    if (partitions === undefined) throw new ArgumentError(`the topology has no topic "${topic}"`);
    const transaction = this.#log.transaction();
    for (const { headers, key, partition, timestamp, value } of records) {
      const keyBytes = key === null || serdes.key === undefined ? null : Buffer.from(serdes.key.serialize(topic, key));
      const valueBytes = value === null ? null : Buffer.from(serdes.value.serialize(topic, value));
      const ofKey = keyBytes === null ? 0 : partitionForKey(keyBytes, partitions);
      transaction.append(topic, partition ?? ofKey, timestamp, keyBytes, valueBytes, headers);
    }
    await transaction.commit();
    await this.#thread.runToEnd();
  }

  /** As `pipeInput`, for bytes that need not be what the topology expects. */
  async pipeBytes(
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers?: Headers,
  ): Promise<void> {
    const partitions = (await this.#log.partitions(topic)) ?? 1;
    const transaction = this.#log.transaction();
    const partition = key === null ? 0 : partitionForKey(key, partitions);
    transaction.append(topic, partition, timestamp, key, value, headers);
    await transaction.commit();
    await this.#thread.runToEnd();
  }

  /** Moves the wall clock, and runs the punctuations that are due by then. */
  async advanceWallClockTime(byMs: number): Promise<void> {
    this.#clock.now += byMs;
    await this.#thread.runToEnd();
  }

  /** The end of the input: closes every window; with `keepOpen` as `Streams.drain` does. */
  async drain({ keepOpen = false }: { readonly keepOpen?: boolean } = {}): Promise<void> {
    await (keepOpen ? this.#thread.preview() : this.#thread.drain());
  }

  /** What the topic has got since it was last read. Between partitions there is no order. */
  readOutput<K, V>(topic: string, keySerde: Serde<K>, valueSerde: Serde<V>): Promise<TestRecord<K, V>[]> {
    return this.#read(topic, { key: keySerde, value: valueSerde });
  }

  async #read<K, V>(topic: string, serdes: TopicSerdes<K, V>): Promise<TestRecord<K, V>[]> {
    const consumer = this.#outputs.get(topic) ?? (await this.#newOutput(topic));
    const records: TestRecord<K, V>[] = [];
    for (;;) {
      const cursors = await consumer.poll(0);
      if (cursors.length === 0) return records;
      for (const cursor of cursors) {
        while (cursor.next()) {
          const { keyBytes, valueBytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, headers } = cursor;
          const { key, value } = serdes;
          records.push({
            key:
              keyStart < 0 || key === undefined
                ? null
                : await deserializeWhenReady(key, topic, keyBytes, keyStart, keyEnd),
            value: valueStart < 0 ? null : await deserializeWhenReady(value, topic, valueBytes, valueStart, valueEnd),
            timestamp,
            headers,
          });
        }
      }
    }
  }

  async #newOutput(topic: string): Promise<LogConsumer> {
    const partitions = await this.#log.partitions(topic);
    if (partitions === undefined) throw new ArgumentError(`the topology has no topic "${topic}"`);
    const consumer = this.#log.consumer();
    for (let partition = 0; partition < partitions; partition++) consumer.assign({ topic, partition }, 0);
    this.#outputs.set(topic, consumer);
    return consumer;
  }

  /**
   * The store of that name, of all partitions. A table's and an aggregate's rows are values with their time.
   *
   * @throws ArgumentError when there is none, or it is one of windows
   */
  keyValueStore<K, V>(name: string): KeyValueStore<K, V> {
    const stores = this.#stores(name).filter((store) => store instanceof LevelKeyValueStore);
    const [first] = stores;
    if (first === undefined) {
      throw new ArgumentError(
        `the store "${name}" is of another kind; see getWindowStore, getSessionStore and getVersionedStore`,
      );
    }
    return stores.length === 1 ? first : new PartitionedStore<K, V>(stores);
  }

  /**
   * The windows of the aggregate of that name, of all partitions: those that are not closed; of sliding ones, some that are,
   * too.
   *
   * @throws ArgumentError when there is none, or it has no windows
   */
  getWindowStore<K, V>(name: string): LiveWindows<K, V> {
    const views = this.#stores(name).flatMap((store): LiveWindows<K, V>[] => {
      if (store instanceof WindowStore) return [(store as WindowStore<K, V>).live()];
      return store instanceof SlidingWindowStore ? [store.liveWindows()] : [];
    });
    if (views.length === 0) throw new ArgumentError(`the store "${name}" is none of windows; see keyValueStore`);
    const from = (read: (view: LiveWindows<K, V>) => [Windowed<K>, V][]) => views.flatMap(read);
    return {
      get: (key, windowStart) => from((view) => view.fetch(key, windowStart, windowStart))[0]?.[1],
      fetch: (key, start, end) => from((view) => view.fetch(key, start, end)),
      fetchAll: (start, end) => from((view) => view.fetchAll(start, end)),
      all: () => from((view) => view.all()),
    };
  }

  /**
   * The sessions of the aggregate of that name, of all partitions: those that are not closed.
   *
   * @throws ArgumentError when there is none, or it has no sessions
   */
  getSessionStore<K, V>(name: string): LiveSessions<K, V> {
    const views = this.#stores(name).flatMap((store) =>
      store instanceof LevelSessionStore && !(store instanceof SlidingWindowStore)
        ? [store.live() as LiveSessions<K, V>]
        : [],
    );
    if (views.length === 0) throw new ArgumentError(`the store "${name}" is none of sessions; see keyValueStore`);
    return {
      fetchSession: (key, start, end) => {
        for (const view of views) {
          const value = view.fetchSession(key, start, end);
          if (value !== undefined) return value;
        }
        return undefined;
      },
      fetch: (key) => views.flatMap((view) => view.fetch(key)),
      findSessions: (key, earliestEnd, latestStart) =>
        views.flatMap((view) => view.findSessions(key, earliestEnd, latestStart)),
      all: () => views.flatMap((view) => view.all()),
    };
  }

  /**
   * The versioned store of that name, of all partitions.
   *
   * @throws ArgumentError when there is none, or it is not versioned
   */
  getVersionedStore<K, V>(name: string): VersionedKeyValueStore<K, V> {
    const parts = this.#stores(name).filter((store) => store instanceof LevelVersionedStore);
    const [first] = parts as LevelVersionedStore<K, V>[];
    if (first === undefined) throw new ArgumentError(`the store "${name}" is not versioned; see keyValueStore`);
    return parts.length === 1 ? first : new PartitionedVersionedStore<K, V>(parts);
  }

  #stores(name: string): StateStore[] {
    const stores = this.#thread.store(name).map(({ store }) => store);
    if (stores.length === 0) throw new ArgumentError(`the topology has no store "${name}"`);
    return stores;
  }

  /**
   * Ends the application and starts it again, as a deployment does: state and positions are kept, what was committed is not
   * processed again, and processors are made anew.
   *
   * @param topology another version of it, that goes on with the state. Default: the same
   * @throws StateError STATE_MISMATCH when it would read the state as something else
   */
  async restart(topology: Topology = this.#topology): Promise<void> {
    await this.#thread.close({ commit: true });
    this.#topology = topology;
    this.#thread = new StreamThread(topology, this.#config);
    await this.#start();
  }

  /** Ends the application, and forgets everything. */
  async close(): Promise<void> {
    await this.#thread.close({ commit: true });
    await this.#log.close();
  }
}

function topicsOf(topology: Topology, options: TopologyTestDriverOptions): Set<string> {
  const topics = new Set(topology.globalTables.map(({ topic }) => topic));
  for (const { nodes } of topology.subTopologies) {
    for (const node of nodes) {
      if (node.kind === 'source') for (const topic of node.topics) topics.add(topic);
      if (node.kind === 'sink') topics.add(node.topic);
    }
  }
  if (options.deadLetterTopic !== undefined) topics.add(options.deadLetterTopic);
  if (options.lateTopic !== undefined) topics.add(options.lateTopic);
  return topics;
}
