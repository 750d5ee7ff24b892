import { deletingAggregation } from '../operators/aggregations.js';
import { windowedCombiner } from '../operators/combiner.js';
import {
  compileWindowedAggregate,
  createWindowStore,
  type EmitStrategy,
  windowContents,
} from '../operators/windows/windowed-aggregate.js';
import type { Serde } from '../serde/serde.js';
import { WholeWindows, WindowSlices } from '../state/windows/window-slices.js';
import type { Windowed } from '../state/windows/windowed.js';
import { needMaterialized } from './aggregate-node.js';
import type { KGroupedStream } from './kgrouped-stream.js';
import type { KTable } from './ktable.js';
import type { Aggregator, KeepingAggregator, Materialized, NotNull, RecordPart, ReducedArgument } from './options.js';
import type { TimeWindows } from './time-windows.js';
import { type WindowedAggregate, WindowedTables } from './windowed-tables.js';

/** Records grouped by key and window. The keys of the tables are `Windowed`: a serde for them is yours to pass. */
export class TimeWindowedKStream<K, V, Missing extends RecordPart = never> {
  readonly #grouped: KGroupedStream<K, V, Missing>;
  readonly #windows: TimeWindows;
  readonly #tables: WindowedTables<K, V>;

  /** @internal Made by `KGroupedStream#windowedBy`. */
  constructor(grouped: KGroupedStream<K, V, Missing>, windows: TimeWindows, emit: EmitStrategy) {
    this.#grouped = grouped;
    this.#windows = windows;
    const { advanceMs, graceMs, sizeMs } = windows;
    this.#tables = new WindowedTables(grouped, {
      closesAfterMs: graceMs,
      operator: <A>(aggregate: WindowedAggregate<K, V, A>) => {
        const merges = aggregate.aggregation.merge !== undefined;
        const slices = merges ? new WindowSlices(sizeMs, advanceMs) : new WholeWindows(sizeMs, advanceMs);
        const options = { ...aggregate, slices, graceMs, emit };
        return {
          contents: windowContents(options),
          type: 'window',
          create: () => createWindowStore(options),
          compile: (task, forward) => compileWindowedAggregate(options, task, forward),
          combiner: merges ? (task, partitionOf) => windowedCombiner(options, task, partitionOf) : undefined,
        };
      },
    });
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
    return this.#tables.count(materialized);
  }

  /** As `KGroupedStream#reduce`, per window; for hopping windows the reducer must be commutative, too. */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    ...given: ReducedArgument<V, Missing>
  ): KTable<Windowed<K>, NotNull<V>, never, 'key'> {
    return this.#tables.reduce(reducer, given);
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
      return this.#tables.aggregate(aggregation, materialized);
    }
    const add = aggregator.add as (key: K, value: V, aggregate: A) => A;
    return this.#tables.aggregate({ ...aggregator, add, serde: materialized.value }, materialized);
  }
}
