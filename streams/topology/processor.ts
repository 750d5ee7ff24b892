import type { Headers } from '../log/log.js';
import type { KeyValueStore } from '../state/key-value/key-value-store.js';

/** What a `Processor` is given and what it forwards. */
export interface StreamRecord<K, V> {
  readonly key: K;
  readonly value: V;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers?: Headers;
}

/** Where a record came from. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1 for a record that was handed on inside the process. */
  readonly offset: number;
}

export type PunctuationType = 'stream-time' | 'wall-clock-time';

/** Runs between records, never during one; what it awaits is awaited before the next record. */
export type Punctuator = (timestamp: number) => void | Promise<void>;

export interface Cancellable {
  cancel(): void;
}

export interface ProcessorContext<KOut, VOut> {
  readonly applicationId: string;
  readonly taskId: string;
  /** Undefined in a punctuator. */
  readonly recordMetadata: RecordMetadata | undefined;
  /** The task's stream time; -1 before the first record. */
  readonly currentStreamTimeMs: number;
  readonly currentSystemTimeMs: number;
  forward(record: StreamRecord<KOut, VOut>): void;
  /** @throws TopologyError when the processor was not connected to a store of this name */
  stateStore<K, V>(name: string): KeyValueStore<K, V>;
  schedule(intervalMs: number, type: PunctuationType, punctuator: Punctuator): Cancellable;
  /** Asks for a commit as soon as the batch is processed. */
  commit(): void;
}

/** A user's own operator, as in Kafka Streams' Processor API. */
export interface Processor<KIn, VIn, KOut, VOut> {
  init?(context: ProcessorContext<KOut, VOut>): void;
  /** Synchronous: reads and writes of stores are too. */
  process(record: StreamRecord<KIn, VIn>): void;
  close?(): void;
}

/** Makes one processor a task. */
export type ProcessorSupplier<KIn, VIn, KOut, VOut> = () => Processor<KIn, VIn, KOut, VOut>;
