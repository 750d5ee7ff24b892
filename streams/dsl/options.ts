import type { AutoOffsetReset } from '../log/start-offset.js';
import type { Serde } from '../serde/serde.js';
import type { TimestampExtractor } from '../topology/topology.js';

/** The serdes known for a stream; an operator that needs one that is not known asks for it. */
export interface Serdes<K, V> {
  readonly key: Serde<NotNull<K>> | undefined;
  readonly value: Serde<NotNull<V>> | undefined;
  /** Known to have no keys: what is read without a serde for them, until an operator makes some. */
  readonly keyIsNull?: boolean;
}

/** Null has no bytes: no serde is needed for it. */
export type NotNull<T> = Exclude<T, null>;

/** How a topic is read. */
export interface Consumed<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** The record's event time in milliseconds since the epoch. Default, and where the value is null: the log's timestamp. */
  readonly timestamp?: TimestampExtractor<V>;
  /** Where it is read from when there is no position in it, or none that is still there. Default: the application's. */
  readonly autoOffsetReset?: AutoOffsetReset;
  readonly name?: string;
}

/**
 * What is done with a record of a stream without a value, or without a key where there is a serde for it: any client can
 * write one. `keep`: operators are given null. `refuse`: as one that cannot be decoded, the deserialization exception
 * handler is asked. `skip`: it is passed over, and counted. What is not kept moves no stream time. Default `keep`.
 */
export type NullHandling = 'keep' | 'refuse' | 'skip';

/** How a topic is read as a stream of which operators see no nulls. */
export interface WithoutNulls {
  readonly nulls: Exclude<NullHandling, 'keep'>;
}

/** How a topic is read whose keys do not matter: they are not decoded, and are null. */
export interface ConsumedWithoutKey<V> extends Omit<Consumed<never, V>, 'key'> {
  readonly key?: undefined;
}

/** How a topic is written. A serde may be left out when the stream's own is known. */
export interface Produced<K, V> {
  /** Null writes the records without their keys. */
  readonly key?: Serde<NotNull<K>> | null;
  readonly value?: Serde<NotNull<V>>;
  readonly name?: string;
}

/** How records are grouped. The value's serde is needed only where values go through a topic as they are. */
export interface Grouped<K, V> {
  readonly key: Serde<K>;
  readonly value?: Serde<NotNull<V>>;
  /** Names the repartition topic: `<application>-<name>-repartition`. */
  readonly name?: string;
}

/** How an aggregate is kept. */
export interface Materialized<V> {
  /** Names the store and its changelog: `<application>-<name>-changelog`. */
  readonly name?: string;
  readonly value?: Serde<V>;
}

export interface Repartitioned<K, V> extends Partial<Grouped<NotNull<K>, V>> {
  readonly partitions?: number;
}

/**
 * An aggregate in the user's words. The functions return a new aggregate and change none; but for `add` of a windowed
 * aggregate that is not read as a table: it may change the one it is given, where `initializer` makes a new one each time.
 * What is passed on then is the window's own aggregate, to be read at once and not kept.
 */
export interface Aggregator<K, V, A> {
  readonly initializer: () => A;
  /** Null deletes the row: the key's next record starts from `initializer` again. Not with `merge`. */
  readonly add: (key: K, value: V, aggregate: A) => A | null;
  /**
   * Merges two partial aggregates; `initializer()` must be neutral. With it, windows work by slices and records are
   * combined before a repartition. Without it, each record updates each of its windows.
   */
  readonly merge?: (left: A, right: A) => A;
  /** Takes a part out of a total again: `subtract(merge(a, b), a)` equals `b`. */
  readonly subtract?: (total: A, part: A) => A;
}

/** An aggregator that never deletes a row: its table has no null. */
export interface KeepingAggregator<K, V, A> extends Aggregator<K, V, A> {
  readonly add: (key: K, value: V, aggregate: A) => A;
}
