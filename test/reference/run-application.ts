import { setTimeout as delay } from 'node:timers/promises';
import {
  deserializeWhenReady,
  type Log,
  partitionForString,
  type RecordCursor,
  type Serde,
  Streams,
  type StreamsMetrics,
} from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import type { TopicNames, TopicRole } from '../../schemas/topics.js';
import { applicationTopology } from '../../topology/application.js';
import { type ApplicationConfig, DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';
import { type FeedbackSource, NO_FEEDBACK } from '../../topology/feedback/verdicts.js';
import { RECORD_FAULTS } from '../../topology/record-faults.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import { NO_MODEL } from '../../topology/services/service-model.js';
import { MemoryRegistry } from './run-goals.js';

type ValueOf<R extends TopicRole> = ReturnType<TopicSerdes[R]['deserialize']>;

const POLL_MS = 5;

/** A record as it is in the log. */
export interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly partition?: number;
  readonly timestamp?: number;
}

interface StateOptions {
  readonly stateDirectory?: string;
}

/** The application over what is appended to its source topics. */
export class ApplicationRun {
  readonly #log: Log;
  readonly #partitions: number;

  private constructor(
    log: Log,
    readonly config: ApplicationConfig,
    readonly serdes: TopicSerdes,
    partitions: number,
    readonly feedback: FeedbackSource = NO_FEEDBACK,
  ) {
    this.#log = log;
    this.#partitions = partitions;
  }

  static async create(
    options: {
      readonly config?: Partial<ApplicationConfig>;
      readonly partitions?: number;
      readonly log?: Log;
      /** What people have said. */
      readonly feedback?: FeedbackSource;
    } = {},
  ): Promise<ApplicationRun> {
    const { config, feedback, log = await EmbeddedLog.inMemory(), partitions = 1 } = options;
    const all = { ...DEFAULT_APPLICATION_CONFIG, watchesClock: false, ...config };
    for (const topic of Object.values(all.topics)) await log.ensureTopic(topic, { partitions });
    return new ApplicationRun(log, all, await registerSerdes(new MemoryRegistry(), all.topics), partitions, feedback);
  }

  /** In the partitions of their keys. */
  async append<R extends TopicRole>(role: R, values: readonly ValueOf<R>[], keyOf: (value: ValueOf<R>) => string) {
    const topic = this.config.topics[role];
    const serde = this.serdes[role] as unknown as Serde<ValueOf<R>>;
    const transaction = this.#log.transaction();
    for (const value of values) {
      const key = keyOf(value);
      const partition = partitionForString(key, this.#partitions);
      transaction.append(topic, partition, 0, Buffer.from(key), serde.serialize(topic, value));
    }
    await transaction.commit();
  }

  /** As any client can: bytes, or none. */
  async appendBytes(role: TopicRole, records: readonly RawRecord[]): Promise<void> {
    const transaction = this.#log.transaction();
    for (const { key, value, partition = 0, timestamp = 0 } of records) {
      transaction.append(this.config.topics[role], partition, timestamp, key, value);
    }
    await transaction.commit();
  }

  /** Processes what was appended, and closes every window. */
  async drain(options: StateOptions = {}): Promise<StreamsMetrics> {
    const streams = await this.#start(options);
    await streams.drain();
    await streams.close();
    return streams.metrics;
  }

  /** Processes what was appended, and leaves windows open. */
  async process(options: StateOptions = {}): Promise<void> {
    const streams = await this.#start(options);
    while ((await streams.lag()) > 0) await delay(POLL_MS);
    await streams.close();
  }

  async #start(options: StateOptions): Promise<Streams> {
    const streams = new Streams(applicationTopology(this.config, this.serdes, NO_MODEL, this.feedback), {
      applicationId: 'application',
      log: this.#log,
      commitInterval: 20,
      deadLetterTopic: this.config.topics.deadLetters,
      lateTopic: this.config.topics.late,
      ...RECORD_FAULTS,
      ...options,
    });
    await streams.start();
    return streams;
  }

  /** Keys and values that are not null, partition by partition. */
  async read<R extends TopicRole>(role: R): Promise<{ key: string; value: ValueOf<R> }[]> {
    return (await this.readAll(role)).filter((record) => record.value !== null) as { key: string; value: ValueOf<R> }[];
  }

  async readAll<R extends TopicRole>(role: R): Promise<{ key: string; value: ValueOf<R> | null }[]> {
    const topic = this.config.topics[role];
    const serde = this.serdes[role] as unknown as Serde<ValueOf<R>>;
    const records: { key: string; value: ValueOf<R> | null }[] = [];
    for (let partition = 0; partition < this.#partitions; partition++) {
      const consumer = this.#log.consumer();
      consumer.assign({ topic, partition }, 0);
      const end = await this.#log.endOffset({ topic, partition });
      for (let offset = 0; offset < end; ) {
        const [cursor] = await consumer.poll(100);
        if (cursor === undefined) continue;
        while (cursor.next()) {
          const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
          const value =
            valueStart < 0 ? null : await deserializeWhenReady(serde, topic, valueBytes, valueStart, valueEnd);
          records.push({ key: keyBytes.toString('utf8', keyStart, keyEnd), value });
        }
        offset = cursor.nextOffset;
      }
      await consumer.close();
    }
    return records;
  }

  /** The values of a topic of JSON. */
  async readJson(role: keyof TopicNames): Promise<unknown[]> {
    const values: unknown[] = [];
    await this.#each(this.config.topics[role], ({ valueBytes, valueEnd, valueStart }) => {
      values.push(JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)));
    });
    return values;
  }

  /** Why each record in the dead letters is there. */
  async reasons(): Promise<string[]> {
    const reasons: string[] = [];
    await this.#each(this.config.topics.deadLetters, ({ headers }) => {
      reasons.push(String(headers.find(({ key }) => key === 'reason')?.value));
    });
    return reasons;
  }

  /** The keys that a store holds, as its changelog tells. */
  async storedKeys(store: string): Promise<Set<string>> {
    const stored = new Set<string>();
    await this.#each(`application-${store}-changelog`, ({ keyBytes, keyEnd, keyStart, valueStart }) => {
      const key = keyBytes.toString('utf8', keyStart, keyEnd);
      if (valueStart < 0) stored.delete(key);
      else stored.add(key);
    });
    return stored;
  }

  /** Writes what a store holds in other words, as another version of the program would have. */
  async rewriteStored(store: string, rewrite: (value: unknown) => unknown): Promise<void> {
    const topic = `application-${store}-changelog`;
    const latest = new Map<string, { readonly partition: number; readonly value: unknown }>();
    await this.#each(topic, ({ keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart }, partition) => {
      const key = keyBytes.toString('utf8', keyStart, keyEnd);
      if (valueStart < 0) latest.delete(key);
      else latest.set(key, { partition, value: JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) });
    });
    const transaction = this.#log.transaction();
    for (const [key, { partition, value }] of latest) {
      transaction.append(topic, partition, 0, Buffer.from(key), Buffer.from(JSON.stringify(rewrite(value))));
    }
    await transaction.commit();
  }

  async #each(topic: string, visit: (record: RecordCursor, partition: number) => void): Promise<void> {
    for (let partition = 0; partition < this.#partitions; partition++) {
      const consumer = this.#log.consumer();
      consumer.assign({ topic, partition }, 0);
      const end = await this.#log.endOffset({ topic, partition });
      for (let offset = 0; offset < end; ) {
        const [cursor] = await consumer.poll(100);
        if (cursor === undefined) continue;
        while (cursor.next()) visit(cursor, partition);
        offset = cursor.nextOffset;
      }
      await consumer.close();
    }
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
