import { countAggregation, deletingAggregation, reduceAggregation } from '../operators/aggregations.js';
import { keyedCombiner, windowedCombiner } from '../operators/combiner.js';
import { compileKeyedAggregate } from '../operators/tables/keyed-aggregate.js';
import { rowStore, storedRows } from '../operators/tables/table-rows.js';
import {
  compileWindowedAggregate,
  createWindowStore,
  type EmitStrategy,
  type WindowedAggregateOptions,
  windowContents,
} from '../operators/windows/windowed-aggregate.js';
import { countSerde } from '../serde/count.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import { WholeWindows, WindowSlices } from '../state/windows/window-slices.js';
import type { Windowed } from '../state/windows/windowed.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode, StoreSerdes } from '../topology/topology.js';
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

/** Records grouped by key and window. The keys of the tables are `Windowed`: a serde for them is yours to pass. */
export class TimeWindowedKStream<K, V, Missing extends RecordPart = never> {
  readonly #grouped: KGroupedStream<K, V, Missing>;
  readonly #windows: TimeWindows;
  readonly #emit: EmitStrategy;

  /** @internal Made by `KGroupedStream#windowedBy`. */
  constructor(grouped: KGroupedStream<K, V, Missing>, windows: TimeWindows, emit: EmitStrategy) {
    this.#grouped = grouped;
    this.#windows = windows;
    this.#emit = emit;
  }

  /**
   * When results are sent: `onUpdate` (the default) sends a window again in every commit that changed it, `onWindowClose`
   * sends it once, when the watermark has passed its end and the grace period.
   */
  emitStrategy(emit: EmitStrategy): TimeWindowedKStream<K, V, Missing> {
    return new TimeWindowedKStream(this.#grouped, this.#windows, emit);
  }

  /** Counts the records of each key and window. Records with a null value count, as in Kafka Streams. */
  count(materialized: Materialized<number> = {}): KTable<Windowed<K>, number, never, 'key'> {
    const { name, value = countSerde } = materialized;
    return this.#aggregate(countAggregation(value), name, value);
  }

  /** As `KGroupedStream#reduce`, per window; for hopping windows the reducer must be commutative, too. */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    ...given: ReducedArgument<V, Missing>
  ): KTable<Windowed<K>, NotNull<V>, never, 'key'> {
    const [materialized = {}] = given as readonly [materialized?: Materialized<NotNull<V>>];
    const serde = needAggregateSerde(materialized.value ?? this.#grouped.serdes.value, 'reduce');
    return this.#aggregate(reduceAggregation<K, V, NotNull<V>>(reducer, serde), materialized.name, serde);
  }

  /**
   * Folds the values of each key and window into an aggregate of any type. Null values are given to the aggregator, as in
   * Kafka Streams. With `merge` a record is added once, to a slice of time; without it to each window that it falls in.
   */
  aggregate<A>(
    aggregator: KeepingAggregator<K, V, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, never, 'key'>;
  aggregate<A>(
    aggregator: Aggregator<K, V, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, null, 'key'>;
  aggregate<A>(
    aggregator: Aggregator<K, V, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, never, 'key'> | KTable<Windowed<K>, A, null, 'key'> {
    needMaterialized(materialized);
    if (aggregator.merge === undefined) {
      const aggregation = deletingAggregation(aggregator, materialized.value);
      return this.#aggregate(aggregation, materialized.name, materialized.value);
    }
    const add = aggregator.add as (key: K, value: V, aggregate: A) => A;
    return this.#aggregate({ ...aggregator, add, serde: materialized.value }, materialized.name, materialized.value);
  }

  #aggregate<A, R>(
    aggregation: Aggregation<K, V, A>,
    storeName: string | undefined,
    resultSerde: Serde<R>,
  ): KTable<Windowed<K>, R, never, 'key'> {
    const { graph, serdes } = this.#grouped;
    const { sizeMs, advanceMs, graceMs } = this.#windows;
    const name = storeName ?? graph.name('KSTREAM-AGGREGATE-STATE-STORE');
    const Slices = aggregation.merge === undefined ? WholeWindows : WindowSlices;
    const changes = { sendOldValues: false };
    const options: WindowedAggregateOptions<K, V, A> = {
      name,
      changes,
      slices: new Slices(sizeMs, advanceMs),
      graceMs,
      emit: this.#emit,
      aggregation,
      keySerde: needAggregateSerde(serdes.key, name) as Serde<K>,
    };
    const node = aggregateNode(
      this.#grouped,
      name,
      aggregation.merge && ((task, partitionOf) => windowedCombiner(options, task, partitionOf)),
      {
        name,
        isNameGenerated: storeName === undefined,
        contents: windowContents(options),
        serdes: { key: options.keySerde, value: aggregation.serde } as StoreSerdes,
        type: 'window',
        create: () => createWindowStore(options),
      },
      (task, forward) => compileWindowedAggregate(options, task, forward),
      aggregation,
    );
    const windows = { closesAfterMs: graceMs, keySerde: options.keySerde as Serde<unknown> };
    const resultSerdes = { key: undefined, value: resultSerde } as Serdes<Windowed<K>, R>;
    return new KTable(graph, node, resultSerdes, changes, undefined, windows);
  }
}
