import {
  compileSlidingAggregate,
  createSlidingWindowStore,
  slidingContents,
} from '../operators/windows/sliding-aggregate.js';
import type { EmitStrategy } from '../operators/windows/windowed-aggregate.js';
import type { Serde } from '../serde/serde.js';
import type { Windowed } from '../state/windows/windowed.js';
import { needMaterialized } from './aggregate-node.js';
import type { KGroupedStream } from './kgrouped-stream.js';
import type { KTable } from './ktable.js';
import type { Aggregator, KeepingAggregator, Materialized, NotNull, RecordPart, ReducedArgument } from './options.js';
import type { SlidingWindows } from './sliding-windows.js';
import { type WindowedAggregate, WindowedTables } from './windowed-tables.js';

/**
 * Records grouped by key and sliding window. The keys of the tables are `Windowed`, of which the window is from its first time
 * to its last, both included: a serde for them is yours to pass. Records with a null value are passed over. For a repartition
 * the value's serde must be known: records go through its topic as they are.
 */
export class SlidingWindowedKStream<K, V, Missing extends RecordPart = never> {
  readonly #grouped: KGroupedStream<K, V, Missing>;
  readonly #windows: SlidingWindows;
  readonly #tables: WindowedTables<K, V>;

  /** @internal Made by `KGroupedStream#windowedBy`. */
  constructor(grouped: KGroupedStream<K, V, Missing>, windows: SlidingWindows, emit: EmitStrategy) {
    this.#grouped = grouped;
    this.#windows = windows;
    const { graceMs, timeDifferenceMs: differenceMs } = windows;
    this.#tables = new WindowedTables(grouped, {
      // The end of a window is the time of a record that it may hold.
      closesAfterMs: graceMs + 1,
      operator: <A>(aggregate: WindowedAggregate<K, V, A>) => {
        const options = { ...aggregate, differenceMs, graceMs, emit };
        return {
          contents: slidingContents(options),
          type: 'window',
          create: () => createSlidingWindowStore(options),
          compile: (task, forward) => compileSlidingAggregate(options, task, forward),
        };
      },
    });
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
    return this.#tables.count(materialized);
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
    return this.#tables.reduce(reducer, given);
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
    return this.#tables.aggregate({ initializer, add, serde: materialized.value }, materialized);
  }
}
