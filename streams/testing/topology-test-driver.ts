import { type Duration, toMilliseconds } from '../dsl/duration.js';
import { EmbeddedLog } from '../log/embedded/embedded-log.js';
import type { Headers, LogConsumer } from '../log/log.js';
import type { StreamsMetrics } from '../runtime/metrics.js';
import { StreamThread } from '../runtime/stream-thread.js';
import type { Serde } from '../serde/serde.js';
import { type KeyValueStore, LevelKeyValueStore } from '../state/key-value/key-value-store.js';
import { deserializationHandler, type ExceptionHandler } from '../topology/exception-handlers.js';
import type { Topology } from '../topology/topology.js';

export interface TopologyTestDriverOptions {
  readonly applicationId?: string;
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

/** A record for a topology. */
export interface InputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestamp: number;
  readonly headers?: Headers;
}

/** A record that a topology wrote. */
export interface TestRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestamp: number;
  readonly headers: Headers;
}

/**
 * Runs a topology without a cluster or a clock: every record that is piped in is processed and committed before the call
 * resolves. It is the engine itself, over a log and stores in memory, with one partition a topic.
 *
 * @example
 * const driver = await TopologyTestDriver.create(topology);
 * await driver.pipeInput('words', stringSerde, stringSerde, { key: 'a', value: 'hello', timestamp: 0 });
 * expect(await driver.readOutput('counts', stringSerde, numberSerde)).toEqual([…]);
 * await driver.close();
 */
export class TopologyTestDriver {
  readonly #log: EmbeddedLog;
  readonly #thread: StreamThread;
  readonly #outputs = new Map<string, LogConsumer>();
  readonly #clock: { now: number };

  private constructor(log: EmbeddedLog, thread: StreamThread, clock: { now: number }) {
    this.#log = log;
    this.#thread = thread;
    this.#clock = clock;
  }

  /** @throws TopologyError */
  static async create(topology: Topology, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
    const log = await EmbeddedLog.inMemory();
    for (const topic of topicsOf(topology, options)) await log.ensureTopic(topic, { partitions: 1 });
    const clock = { now: options.initialWallClockTime ?? 0 };
    const thread = new StreamThread(topology, {
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
    });
    await thread.start();
    return new TopologyTestDriver(log, thread, clock);
  }

  get metrics(): Readonly<StreamsMetrics> {
    return this.#thread.metrics;
  }

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
    const transaction = this.#log.transaction();
    for (const { headers, key, timestamp, value } of records) {
      const keyBytes = key === null ? null : Buffer.from(keySerde.serialize(topic, key));
      const valueBytes = value === null ? null : Buffer.from(valueSerde.serialize(topic, value));
      transaction.append(topic, 0, timestamp, keyBytes, valueBytes, headers);
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
    const transaction = this.#log.transaction();
    transaction.append(topic, 0, timestamp, key, value, headers);
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

  /** What the topic has got since it was last read. */
  async readOutput<K, V>(topic: string, keySerde: Serde<K>, valueSerde: Serde<V>): Promise<TestRecord<K, V>[]> {
    let consumer = this.#outputs.get(topic);
    if (consumer === undefined) {
      consumer = this.#log.consumer();
      consumer.assign({ topic, partition: 0 }, 0);
      this.#outputs.set(topic, consumer);
    }
    const records: TestRecord<K, V>[] = [];
    for (;;) {
      const [cursor] = await consumer.poll(0);
      if (cursor === undefined) return records;
      while (cursor.next()) {
        const { keyBytes, valueBytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, headers } = cursor;
        records.push({
          key: keyStart < 0 ? null : keySerde.deserialize(topic, keyBytes, keyStart, keyEnd),
          value: valueStart < 0 ? null : valueSerde.deserialize(topic, valueBytes, valueStart, valueEnd),
          timestamp,
          headers,
        });
      }
    }
  }

  /** The store of that name. @throws Error when there is none */
  keyValueStore<K, V>(name: string): KeyValueStore<K, V> {
    const [found] = this.#thread.store(name);
    if (found === undefined) throw new Error(`the topology has no store "${name}"`);
    if (!(found.store instanceof LevelKeyValueStore)) throw new Error(`the store "${name}" is one of windows`);
    return found.store as LevelKeyValueStore<K, V>;
  }

  async close(): Promise<void> {
    await this.#thread.close({ commit: true });
    await this.#log.close();
  }
}

function topicsOf(topology: Topology, options: TopologyTestDriverOptions): Set<string> {
  const topics = new Set<string>();
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
