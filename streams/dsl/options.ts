import type { AutoOffsetReset } from '../log/start-offset.js';
import type { Serde, SerdeFor } from '../serde/serde.js';
import type { TimestampExtractor } from '../topology/topology.js';
import type { Duration } from './duration.js';

/** The serdes known for a stream; an operator that needs one that is not known asks for it. */
export interface Serdes<K, V> {
  readonly key: Serde<NotNull<K>> | undefined;
  readonly value: Serde<NotNull<V>> | undefined;
  /** Known to have no keys: what is read without a serde for them, until an operator makes some. */
  readonly keyIsNull?: boolean;
}

/** Null has no bytes: no serde is needed for it. */
export type NotNull<T> = Exclude<T, null>;

/** What a serde is for. */
export type RecordPart = 'key' | 'value';

/** Options of which those serdes must be given that the stream does not know. */
type WithParts<O, Missing> = O & Required<Pick<O, Missing & keyof O>>;

/** The argument of an operator that needs serdes: it may be left out where the stream knows them. */
type Needing<O, Missing> = [Missing] extends [never] ? [options?: O] : [options: WithParts<O, Missing>];

/** The argument of `to`. */
export type ProducedArgument<K, V, Missing extends RecordPart> = Needing<
  Produced<K, V>,
  [NotNull<K>] extends [never] ? Exclude<Missing, 'key'> : Missing
>;

/** The argument of `repartition`. */
export type RepartitionedArgument<K, V, Missing extends RecordPart> = Needing<Repartitioned<K, V>, Missing | NoKeys<K>>;

/** The argument of `groupByKey`. */
export type GroupedArgument<K, V, Missing extends RecordPart> = Needing<
  Partial<Grouped<NotNull<K>, V>>,
  Extract<Missing, 'key'> | NoKeys<K>
>;

/** The argument of `reduce`. */
export type ReducedArgument<V, Missing extends RecordPart> = Needing<Reduced<V>, Extract<Missing, 'value'>>;

/** A stream without keys has none to group by, and there is no serde for them. */
type NoKeys<K> = [NotNull<K>] extends [never] ? 'key' : never;

/** How a topic is read. */
export interface Consumed<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** The record's event time in milliseconds since the epoch. Default, and where the value is null: the log's timestamp. */
  readonly timestamp?: TimestampExtractor<V>;
  /** Where it is read from when there is no position in it, or none that is still there. Default: the application's. */
  readonly autoOffsetReset?: AutoOffsetReset;
  /** Names the source in the topology's description. */
  readonly name?: string;
}

/**
 * What is done with a record of a stream without a value, or without a key where there is a serde for it: any client can
 * write one. `keep`: operators are given null. `refuse`: as one that cannot be decoded, the deserialization exception
 * handler is asked. `skip`: it is passed over, and counted. What is not kept moves no partition time. Default `keep`.
 */
export type NullHandling = 'keep' | 'refuse' | 'skip';

/** How a topic is read as a stream of which operators see nulls, too. */
export interface WithNulls {
  readonly nulls?: 'keep';
}

/** How a topic is read as a stream of which operators see no nulls. */
export interface WithoutNulls {
  readonly nulls: Exclude<NullHandling, 'keep'>;
}

/** How a topic is read whose keys do not matter: they are not decoded, and are null. */
export interface ConsumedWithoutKey<V> extends Omit<Consumed<never, V>, 'key'> {
  readonly key?: undefined;
}

/** How an operator is called. A name moves no generated name of others, and so no store. */
export interface Named {
  /** In the topology's description, in messages and in metrics. Default: what it does, and a number. */
  readonly name?: string;
}

/** How a topic is written. A serde may be left out when the stream's own is known. */
export interface Produced<K, V> {
  /** Null writes the records without their keys. */
  readonly key?: SerdeFor<NotNull<K>> | null;
  readonly value?: SerdeFor<NotNull<V>>;
  /** Names the sink in the topology's description. */
  readonly name?: string;
}

/** How records are grouped. The value's serde is needed only where values go through a topic as they are. */
export interface Grouped<K, V> {
  readonly key: SerdeFor<K>;
  readonly value?: SerdeFor<NotNull<V>>;
  /** Names the repartition topic: `<application>-<name>-repartition`. */
  readonly name?: string;
}

/** How an aggregate is kept. */
export interface Materialized<V> {
  /** Names the store and its changelog: `<application>-<name>-changelog`. */
  readonly name?: string;
  readonly value?: Serde<V>;
}

/** How the rows of a topic are kept. */
export interface MaterializedTable<V> extends Materialized<V> {
  /**
   * Keeps what each key was and when, as far back from the latest record's time. Records that are older are dropped, and
   * counted as skipped. Without it the last record of a key is its row, whatever its time.
   */
  readonly versioned?: Duration;
}

/** How a reduce is kept. The serde may be left out when the stream's own is known. */
export interface Reduced<V> {
  /** As of `Materialized`. */
  readonly name?: string;
  readonly value?: SerdeFor<NotNull<V>>;
}

/** How changes that are held back are kept. The serde may be left out when the table's own is known. */
export interface Buffered<V> {
  /** Names the operator, its store `<name>-store`, and the changelog: `<application>-<name>-store-changelog`. */
  readonly name?: string;
  readonly value?: SerdeFor<NotNull<V>>;
}

/** The argument of `suppress`. */
export type BufferedArgument<V, Missing extends RecordPart> = Needing<Buffered<V>, Extract<Missing, 'value'>>;

/** How rows are grouped by another key. */
export interface GroupedRows<K, V> {
  readonly key: SerdeFor<K>;
  /** Of what is selected of a row. */
  readonly value: SerdeFor<V>;
  /** Names the repartition topic: `<application>-<name>-repartition`. */
  readonly name?: string;
}

/** An aggregate of a table's rows. The functions return a new aggregate and change none; null deletes the group's row. */
export interface TableAggregator<K, V, A> {
  readonly initializer: () => A;
  readonly add: (key: K, value: V, aggregate: A) => A | null;
  /** Takes a value out again that `add` has put in. */
  readonly subtract: (key: K, value: V, aggregate: A) => A | null;
}

/** How a stream is kept as a table. A serde may be left out when the stream's own is known. */
export interface TableOf<K, V> {
  /** Names the store and its changelog: `<application>-<name>-changelog`. */
  readonly name?: string;
  readonly key?: SerdeFor<NotNull<K>>;
  readonly value?: SerdeFor<NotNull<V>>;
}

/** The argument of `toTable`. */
export type TableArgument<K, V, Missing extends RecordPart> = Needing<TableOf<K, V>, Missing | NoKeys<K>>;

/** How a stream is joined with a table. */
export interface Joined<K, V> {
  /** Names the join, and the repartition topic of a stream whose key may have changed: `<application>-<name>-repartition`. */
  readonly name?: string;
  /** Of the stream's records, where they go through that topic. Default: the stream's own, and the table's for the key. */
  readonly key?: SerdeFor<NotNull<K>>;
  readonly value?: SerdeFor<NotNull<V>>;
}

/** How two streams are joined. Serdes may be left out when the streams' own are known. */
export interface StreamJoined<K, V, VO> {
  /**
   * Names the join, its stores `<name>-this-join-store` and `<name>-other-join-store`, and the repartition topics of streams
   * whose key may have changed: `<application>-<name>-left-repartition` and `-right-repartition`.
   */
  readonly name?: string;
  readonly key?: SerdeFor<NotNull<K>>;
  readonly value?: SerdeFor<NotNull<V>>;
  readonly otherValue?: SerdeFor<NotNull<VO>>;
}

/** How tables are joined by a foreign key. */
export type ForeignKeyJoined<
  V,
  VO,
  VR,
  Missing extends RecordPart = never,
  MissingO extends RecordPart = never,
> = ForeignKeyJoinedBy<V, VO, VR> &
  Required<
    Pick<
      ForeignKeyJoinedBy<V, VO, VR>,
      ('value' extends Missing ? 'thisValue' : never) | ('value' extends MissingO ? 'otherValue' : never)
    >
  >;

interface ForeignKeyJoinedBy<V, VO, VR> {
  /**
   * Names the join, the store of the results, that of who refers to which row, `<name>-subscription-store`, and the topics
   * `<application>-<name>-subscription-registration-topic` and `-subscription-response-topic`.
   */
  readonly name?: string;
  /** Of the results. */
  readonly value: SerdeFor<VR>;
  /** Of this table's values. It may be left out where the table knows it. */
  readonly thisValue?: SerdeFor<V>;
  /** Of the other table's values, as `thisValue`. */
  readonly otherValue?: SerdeFor<VO>;
}

/** How records go through a topic. A serde may be left out when the stream's own is known. */
export interface Repartitioned<K, V> extends Partial<Grouped<NotNull<K>, V>> {
  /** Default: as many as the largest topic that is read before it. */
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

/** An aggregator of sessions: it merges those that a record makes one. The functions return a new aggregate and change none. */
export interface SessionAggregator<K, V, A> extends Omit<Aggregator<K, V, A>, 'merge' | 'subtract'> {
  /** Null deletes the session. */
  readonly add: (key: K, value: V, aggregate: A) => A | null;
  /** Merges two aggregates, the earlier first, and `initializer()` before all. */
  readonly merge: (left: A, right: A) => A;
}
