import { countAggregation, reduceAggregation } from '../operators/aggregations.js';
import { keyedCombiner } from '../operators/combiner.js';
import { compileKeyedAggregate } from '../operators/tables/keyed-aggregate.js';
import { rowStore, storedRows } from '../operators/tables/table-rows.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode } from '../topology/topology.js';
import { aggregateNode, needAggregateSerde, needMaterialized } from './aggregate-node.js';
import { KTable } from './ktable.js';
import type {
  Aggregator,
  KeepingAggregator,
  Materialized,
  NotNull,
  RecordPart,
  ReducedArgument,
  Serdes,
} from './options.js';
import { SessionWindowedKStream } from './session-windowed-kstream.js';
import { SessionWindows } from './session-windows.js';
import { SlidingWindowedKStream } from './sliding-windowed-kstream.js';
import { SlidingWindows } from './sliding-windows.js';
import { TimeWindowedKStream } from './time-windowed-kstream.js';
import type { TimeWindows } from './time-windows.js';

/**
 * Records grouped by key, to be aggregated. An aggregate keeps a row a key in a store, and its changes in
 * `<application>-<name>-changelog`; where the key may have changed, records go through
 * `<application>-<name>-repartition` first. Records with a null key are passed over.
 */
export class KGroupedStream<K, V, Missing extends RecordPart = never> {
  /** @internal Made by `KStream#groupBy` and `KStream#groupByKey`. */
  constructor(
    /** @internal */
    readonly graph: Graph,
    /** @internal */
    readonly node: GraphNode,
    /** @internal */
    readonly serdes: Serdes<K, V>,
    /** @internal */
    readonly repartitionNeeded: boolean,
    /** @internal */
    readonly repartitionName: string | undefined,
  ) {}

  /**
   * Aggregates by key and window of event time: each record counts in the windows that its time falls in, in the session of
   * its key that it is part of, or in the windows of records that are near it.
   */
  windowedBy(windows: TimeWindows): TimeWindowedKStream<K, V, Missing>;
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V, Missing>;
  windowedBy(windows: SlidingWindows): SlidingWindowedKStream<K, V, Missing>;
  windowedBy(
    windows: TimeWindows | SessionWindows | SlidingWindows,
  ):
    | TimeWindowedKStream<K, V, Missing>
    | SessionWindowedKStream<K, V, Missing>
    | SlidingWindowedKStream<K, V, Missing> {
    if (windows instanceof SlidingWindows) return new SlidingWindowedKStream(this, windows, 'onUpdate');
    return windows instanceof SessionWindows
      ? new SessionWindowedKStream(this, windows, 'onUpdate')
      : new TimeWindowedKStream(this, windows, 'onUpdate');
  }

  /** Counts the records of each key. Records with a null value are passed over. */
  count(materialized: Materialized<number> = {}): KTable<K, number, never> {
    return this.#aggregate(countAggregation(materialized.value), materialized.name);
  }

  /**
   * Combines the values of each key; the first one is the row as it is. Records with a null value are passed over. Partial
   * results are merged with the reducer: it must be associative, and must not answer null.
   *
   * @throws TopologyError when the value's serde is not known
   */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    ...given: ReducedArgument<V, Missing>
  ): KTable<K, NotNull<V>, never> {
    const [materialized = {}] = given as readonly [materialized?: Materialized<NotNull<V>>];
    const serde = needAggregateSerde(materialized.value ?? this.serdes.value, 'reduce');
    return this.#aggregate(reduceAggregation<K, V, NotNull<V>>(reducer, serde), materialized.name) as KTable<
      K,
      NotNull<V>,
      never
    >;
  }

  /**
   * Folds the values of each key into an aggregate of any type. Records with a null value are passed over. Where `add` can
   * answer null, which deletes the row, the table says so. With `merge`, records are combined before a repartition; without
   * it they go through the topic as they are, for which the value's serde must be known.
   */
  aggregate<A>(
    aggregator: KeepingAggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<K, A, never>;
  aggregate<A>(
    aggregator: Aggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<K, A>;
  aggregate<A>(
    aggregator: Aggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<K, A, never> | KTable<K, A> {
    needMaterialized(materialized);
    // A null deletes the row; the store never holds it.
    const add = aggregator.add as (key: K, value: V, aggregate: A) => A;
    return this.#aggregate({ ...aggregator, add, serde: materialized.value }, materialized.name);
  }

  #aggregate<A>(aggregation: Aggregation<K, V, A>, storeName: string | undefined): KTable<K, A, never> {
    const name = storeName ?? this.graph.name('KSTREAM-AGGREGATE-STATE-STORE');
    const keySerde = needAggregateSerde(this.serdes.key, name);
    const changes = { sendOldValues: false };
    const options = { name, aggregation, keySerde, changes };
    const isNameGenerated = storeName === undefined;
    const store = rowStore(name, { isNameGenerated, key: keySerde, value: aggregation.serde });
    const node = aggregateNode(
      this,
      name,
      aggregation.merge && ((task, partitionOf) => keyedCombiner(name, aggregation, keySerde, task, partitionOf)),
      store,
      (task, forward) => compileKeyedAggregate(options, task, forward),
      aggregation,
    );
    const serdes = { key: keySerde, value: aggregation.serde } as Serdes<K, A>;
    return new KTable(this.graph, node, serdes, changes, storedRows(store));
  }
}
