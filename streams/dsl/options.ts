import type { TimestampExtractor } from '../runtime/topology.js';
import type { Serde } from '../serde/serde.js';

/** The serdes known for a stream; an operator that needs one that is not known asks for it. */
export interface Serdes<K, V> {
  readonly key: Serde<K> | undefined;
  readonly value: Serde<V> | undefined;
}

/** How a topic is read. */
export interface Consumed<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** The record's event time in milliseconds since the epoch. Default: the log's timestamp. */
  readonly timestamp?: TimestampExtractor<V>;
  readonly name?: string;
}

/** How a topic is read whose keys do not matter: they are not decoded, and are null. */
export interface ConsumedWithoutKey<V> extends Omit<Consumed<never, V>, 'key'> {
  readonly key?: undefined;
}

/** How a topic is written. A serde may be left out when the stream's own is known. */
export interface Produced<K, V> {
  readonly key?: Serde<K>;
  readonly value?: Serde<V>;
  readonly name?: string;
}

/** How records are grouped. The value's serde is needed only where values go through a topic as they are. */
export interface Grouped<K, V> {
  readonly key: Serde<K>;
  readonly value?: Serde<V>;
  /** Names the repartition topic: `<application>-<name>-repartition`. */
  readonly name?: string;
}

/** How an aggregate is kept. */
export interface Materialized<V> {
  /** Names the store and its changelog: `<application>-<name>-changelog`. */
  readonly name?: string;
  readonly value?: Serde<V>;
}

export interface Repartitioned<K, V> extends Partial<Grouped<K, V>> {
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
