import { ArgumentError } from '../errors.js';
import type { Headers } from '../log/log.js';
import type { Serde } from '../serde/serde.js';

/** A record for a topology. */
export interface InputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers?: Headers;
  /** Default: that of the key, as Kafka's clients choose it; 0 for a record without one. */
  readonly partition?: number;
}

/** A record that a topology wrote. */
export interface TestRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers: Headers;
}

/** The serdes of a topic. Without one for the keys, records have none. */
export interface TopicSerdes<K, V> {
  readonly key?: Serde<K>;
  readonly value: Serde<V>;
}

export interface InputTopicOptions {
  /** The time of the first record that is given none, in milliseconds since the epoch. Default: the driver's wall clock. */
  readonly startTimestamp?: number;
  /** How far the time moves with each such record. Default 0. */
  readonly autoAdvanceMs?: number;
}

type Pipe<K, V> = (records: readonly InputRecord<K, V>[]) => Promise<void>;

/** A topic that a test writes, made by `TopologyTestDriver#createInputTopic`. */
export class TestInputTopic<K, V> {
  readonly #pipe: Pipe<K, V>;
  readonly #autoAdvanceMs: number;
  #time: number;

  constructor(pipe: Pipe<K, V>, startTimestamp: number, autoAdvanceMs: number) {
    this.#pipe = pipe;
    this.#time = startTimestamp;
    this.#autoAdvanceMs = autoAdvanceMs;
  }

  /** Writes a record, and resolves when it is processed and committed. Null deletes, where the topic is a table. */
  async pipeInput(key: K | null, value: V | null, timestamp?: number): Promise<void> {
    await this.#pipe([{ key, value, timestamp: timestamp ?? this.#time }]);
    if (timestamp === undefined) this.#time += this.#autoAdvanceMs;
  }

  /** As `pipeInput`, with headers or a partition. */
  pipeRecord(record: InputRecord<K, V>): Promise<void> {
    return this.#pipe([record]);
  }

  /** Writes records that one commit takes. */
  pipeRecords(records: readonly InputRecord<K, V>[]): Promise<void> {
    return this.#pipe(records);
  }

  /** Moves the time of records that are given none. */
  advanceTime(byMs: number): void {
    this.#time += byMs;
  }
}

/** A topic that a test reads from its start, made by `TopologyTestDriver#createOutputTopic`. */
export class TestOutputTopic<K, V> {
  readonly #name: string;
  readonly #read: () => Promise<TestRecord<K, V>[]>;
  #waiting: TestRecord<K, V>[] = [];

  constructor(name: string, read: () => Promise<TestRecord<K, V>[]>) {
    this.#name = name;
    this.#read = read;
  }

  /** The next record. @throws ArgumentError when there is none */
  async readRecord(): Promise<TestRecord<K, V>> {
    await this.#fill();
    const record = this.#waiting.shift();
    if (record === undefined) throw new ArgumentError(`the topic "${this.#name}" has no record that was not read`);
    return record;
  }

  /** The value of the next record. @throws ArgumentError when there is none */
  async readValue(): Promise<V | null> {
    return (await this.readRecord()).value;
  }

  /** All records that were not read. */
  async readRecords(): Promise<TestRecord<K, V>[]> {
    await this.#fill();
    return this.#waiting.splice(0);
  }

  /** The values of all records that were not read. */
  async readValues(): Promise<(V | null)[]> {
    return (await this.readRecords()).map(({ value }) => value);
  }

  /** Of the records that were not read, the last value of each key, without those that were deleted. */
  async readTable(): Promise<Map<K | null, V>> {
    const rows = new Map<K | null, V>();
    for (const { key, value } of await this.readRecords()) {
      if (value === null) rows.delete(key);
      else rows.set(key, value);
    }
    return rows;
  }

  /** Whether all records were read. */
  async isEmpty(): Promise<boolean> {
    await this.#fill();
    return this.#waiting.length === 0;
  }

  async #fill(): Promise<void> {
    this.#waiting.push(...(await this.#read()));
  }
}
