import type { Headers } from '../log/log.js';
import type { KeyValueStore } from '../state/key-value/key-value-store.js';
import type { SessionStore } from '../state/sessions/processor-session-store.js';
import type { StateStore } from '../state/state-store.js';
import type { VersionedKeyValueStore } from '../state/versioned/versioned-store.js';
import type { StoreDefinition } from './topology.js';

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

/** A store of the Processor API: what `keyValueStore` answers, and `ProcessorContext#stateStore` takes. */
export interface KeyValueStoreDefinition<K, V> extends StoreDefinition {
  create(): KeyValueStore<K, V> & StateStore;
}

/** As `KeyValueStoreDefinition`, of `sessionStore`. */
export interface SessionStoreDefinition<K, V> extends StoreDefinition {
  create(): SessionStore<K, V> & StateStore;
}

/** As `KeyValueStoreDefinition`, of `versionedStore`. */
export interface VersionedStoreDefinition<K, V> extends StoreDefinition {
  create(): VersionedKeyValueStore<K, V> & StateStore;
}

/**
 * What a function answers of which the answer is not used: anything but a promise, of which nobody would wait for the end
 * or hear the failure.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without an answer is the usual one
export type Unused = void | undefined | null | boolean | number | bigint | string | symbol | NotAPromise;

type NotAPromise = object & { readonly then?: never };

/** Runs between records, never during one; what it awaits is awaited before the next record. */
export type Punctuator = (timestamp: number) => void | Promise<void>;

export interface Cancellable {
  /** Ends the punctuation. It may be called by the punctuator itself, and more than once. */
  cancel(): void;
}

/** What a processor is given at its `init`, for as long as its task runs. */
export interface ProcessorContext<KOut, VOut> {
  readonly applicationId: string;
  /** `<sub-topology>_<partition>`. */
  readonly taskId: string;
  /** Undefined in a punctuator. */
  readonly recordMetadata: RecordMetadata | undefined;
  /**
   * Kafka Streams' stream time: the later of the current record's partition time and the task's watermark, in milliseconds
   * since the epoch; -1 before the first record.
   */
  readonly currentStreamTimeMs: number;
  /** The wall clock, in milliseconds since the epoch. */
  readonly currentSystemTimeMs: number;
  /**
   * Calls what comes after the processor, at once: it returns when the record is through. Without headers of its own it
   * has those of the record being processed.
   *
   * @throws ArgumentError when its timestamp is no time
   */
  forward(record: StreamRecord<KOut, VOut>): void;
  /**
   * The task's part of a store: the one that this definition names, with its types. Two definitions of one name are two
   * stores, and refused when the topology is built. JavaScript may give the name alone, which says nothing of its types.
   *
   * @throws TopologyError when the processor does not name the store in its `stores`
   */
  stateStore<K, V>(store: KeyValueStoreDefinition<K, V>): KeyValueStore<K, V>;
  stateStore<K, V>(store: SessionStoreDefinition<K, V>): SessionStore<K, V>;
  stateStore<K, V>(store: VersionedStoreDefinition<K, V>): VersionedKeyValueStore<K, V>;
  /**
   * Calls the punctuator every `intervalMs`: by stream time, as far as records have moved it, or by the wall clock. An
   * interval that was missed several times is made up for once.
   *
   * @throws ArgumentError when the interval is not more than 0
   */
  schedule(intervalMs: number, type: PunctuationType, punctuator: Punctuator): Cancellable;
  /** Asks for a commit as soon as the batch is processed. */
  commit(): void;
}

/** A user's own operator, as in Kafka Streams' Processor API. */
export interface Processor<KIn, VIn, KOut, VOut> {
  /** Called once a task, before its first record and after its stores are restored. */
  init?(context: ProcessorContext<KOut, VOut>): Unused;
  /**
   * Called with each record. It is synchronous, as reads and writes of stores are: there is no `asyncProcess`. What takes
   * a promise is done before the record is in the log, behind the topic that the result is in, or in a punctuator, which
   * may await. What it throws is for the processing exception handler.
   */
  readonly process: (record: StreamRecord<KIn, VIn>) => Unused;
  /** Called when the task ends here; nothing can be forwarded any more. */
  close?(): Unused;
}

/** Makes one processor a task. */
export type ProcessorSupplier<KIn, VIn, KOut, VOut> = () => Processor<KIn, VIn, KOut, VOut>;
