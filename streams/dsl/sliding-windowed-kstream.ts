import { countAggregation, reduceAggregation } from '../operators/aggregations.js';
import {
  compileSlidingAggregate,
  createSlidingWindowStore,
  type SlidingAggregateOptions,
  slidingContents,
} from '../operators/windows/sliding-aggregate.js';
import type { EmitStrategy } from '../operators/windows/windowed-aggregate.js';
import { countSerde } from '../serde/count.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import type { Windowed } from '../state/windows/windowed.js';
import type { StoreSerdes } from '../topology/topology.js';
import { aggregateNode, needAggregateSerde, needMaterialized } from './aggregate-node.js';
import type { KGroupedStream } from './kgrouped-stream.js';
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
import type { SlidingWindows } from './sliding-windows.js';

/**
 * Records grouped by key and sliding window. The keys of the tables are `Windowed`, of which the window is from its first time
 * to its last, both included: a serde for them is yours to pass. Records with a null value are passed over. For a repartition
 * the value's serde must be known: records go through its topic as they are.
 */
export class SlidingWindowedKStream<K, V, Missing extends RecordPart = never> {
  readonly #grouped: KGroupedStream<K, V, Missing>;
  readonly #windows: SlidingWindows;
  readonly #emit: EmitStrategy;

  /** @internal Made by `KGroupedStream#windowedBy`. */
  constructor(grouped: KGroupedStream<K, V, Missing>, windows: SlidingWindows, emit: EmitStrategy) {
    this.#grouped = grouped;
    this.#windows = windows;
    this.#emit = emit;
  }

  /**
   * When results are sent: `onUpdate` (the default) sends a window again in every commit that changed it, `onWindowClose`
   * sends it once, when the watermark is past its end by more than the grace period.
   */
  emitStrategy(emit: EmitStrategy): SlidingWindowedKStream<K, V, Missing> {
    return new SlidingWindowedKStream(this.#grouped, this.#windows, emit);
  }

  /** Counts the records of each window. */
  count(materialized: Materialized<number> = {}): KTable<Windowed<K>, number, never, 'key'> {
    const { name, value = countSerde } = materialized;
    return this.#aggregate(countAggregation(value), name, value);
  }

  /**
   * Combines the values of each window, in the order in which they come; the first one is the row as it is. The reducer must
   * not answer null.
   *
   * @throws TopologyError when the value's serde is not known
   */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    ...given: ReducedArgument<V, Missing>
  ): KTable<Windowed<K>, NotNull<V>, never, 'key'> {
    const [materialized = {}] = given as readonly [materialized?: Materialized<NotNull<V>>];
    const serde = needAggregateSerde(materialized.value ?? this.#grouped.serdes.value, 'reduce');
    return this.#aggregate(reduceAggregation<K, V, NotNull<V>>(reducer, serde), materialized.name, serde);
  }

  /**
   * Folds the values of each window into an aggregate of any type, in the order in which they come. `add` must answer a new
   * aggregate and change none, for windows that begin alike share it; where it answers null the window's row is deleted. What
   * merges and subtracts is not used.
   */
  aggregate<A>(
    aggregator: KeepingAggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, never, 'key'>;
  aggregate<A>(
    aggregator: Aggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, null, 'key'>;
  aggregate<A>(
    aggregator: Aggregator<K, NotNull<V>, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, never, 'key'> | KTable<Windowed<K>, A, null, 'key'> {
    needMaterialized(materialized);
    const { initializer } = aggregator;
    const add = aggregator.add as (key: K, value: V, aggregate: A) => A;
    return this.#aggregate({ initializer, add, serde: materialized.value }, materialized.name, materialized.value);
  }

  #aggregate<A, R>(
    aggregation: Aggregation<K, V, A>,
    storeName: string | undefined,
    resultSerde: Serde<R>,
  ): KTable<Windowed<K>, R, never, 'key'> {
    const { graph, serdes } = this.#grouped;
    const { graceMs, timeDifferenceMs: differenceMs } = this.#windows;
    const name = storeName ?? graph.name('KSTREAM-AGGREGATE-STATE-STORE');
    const changes = { sendOldValues: false };
    const keySerde = needAggregateSerde(serdes.key, name) as Serde<K>;
    const emit = this.#emit;
    const options: SlidingAggregateOptions<K, V, A> = {
      ...{ name, differenceMs, graceMs, emit, aggregation, keySerde, changes },
    };
    const node = aggregateNode(
      this.#grouped,
      name,
      undefined,
      {
        name,
        isNameGenerated: storeName === undefined,
        contents: slidingContents(options),
        serdes: { key: keySerde, value: aggregation.serde } as StoreSerdes,
        type: 'window',
        create: () => createSlidingWindowStore(options),
      },
      (task, forward) => compileSlidingAggregate(options, task, forward),
      aggregation,
    );
    // The end of a window is the time of a record that it may hold.
    const windows = { closesAfterMs: graceMs + 1, keySerde: keySerde as Serde<unknown> };
    const resultSerdes = { key: undefined, value: resultSerde } as Serdes<Windowed<K>, R>;
    return new KTable(graph, node, resultSerdes, changes, undefined, windows);
  }
}
