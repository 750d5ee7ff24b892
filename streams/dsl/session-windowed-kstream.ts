import {
  compileSessionAggregate,
  createSessionStore,
  sessionContents,
} from '../operators/sessions/session-aggregate.js';
import { sessionCombiner } from '../operators/sessions/session-combiner.js';
import type { EmitStrategy } from '../operators/windows/windowed-aggregate.js';
import type { Serde } from '../serde/serde.js';
import type { MergingAggregation } from '../state/aggregation.js';
import type { Windowed } from '../state/windows/windowed.js';
import { TopologyError } from '../topology/topology.js';
import { type GroupedRecords, needMaterialized } from './aggregate-node.js';
import type { KGroupedStream } from './kgrouped-stream.js';
import type { KTable } from './ktable.js';
import type { Materialized, NotNull, RecordPart, ReducedArgument, SessionAggregator } from './options.js';
import type { SessionWindows } from './session-windows.js';
import { type WindowedAggregate, WindowedTables } from './windowed-tables.js';

/**
 * Records grouped by key and session. The keys of the tables are `Windowed`, of which the window is from the time of the
 * session's first record to that of its last, both included: a serde for them is yours to pass.
 *
 * A session that was merged into another is deleted, so that its row is null; `Gone` says so. With `onWindowClose` each session
 * is sent once, and none is deleted.
 */
export class SessionWindowedKStream<K, V, Missing extends RecordPart = never, Gone extends null = null> {
  readonly #grouped: KGroupedStream<K, V, Missing>;
  readonly #windows: SessionWindows;
  readonly #emit: EmitStrategy;
  readonly #tables: WindowedTables<K, V, Gone>;

  /** @internal Made by `KGroupedStream#windowedBy`. */
  constructor(grouped: KGroupedStream<K, V, Missing>, windows: SessionWindows, emit: EmitStrategy) {
    this.#grouped = grouped;
    this.#windows = windows;
    this.#emit = emit;
    this.#tables = sessionTables(grouped, windows, emit, { combines: true });
  }

  /**
   * When results are sent. `onUpdate` (the default): in every commit, the sessions that it changed, behind a null for each that
   * went into another. `onWindowClose`: each session once, when the watermark is past its end by more than the gap and the
   * grace period.
   */
  emitStrategy(emit: 'onUpdate'): SessionWindowedKStream<K, V, Missing>;
  emitStrategy(emit: 'onWindowClose'): SessionWindowedKStream<K, V, Missing, never>;
  emitStrategy(emit: EmitStrategy): SessionWindowedKStream<K, V, Missing, Gone>;
  emitStrategy(emit: EmitStrategy): unknown {
    return new SessionWindowedKStream(this.#grouped, this.#windows, emit);
  }

  /** Counts the records of each session. Records with a null value count, as in Kafka Streams. */
  count(materialized: Materialized<number> = {}): KTable<Windowed<K>, number, Gone, 'key'> {
    return this.#tables.count(materialized);
  }

  /**
   * Combines the values of each session; the first one is the row as it is. Records with a null value are passed over.
   * Sessions are merged with the reducer, too: it must be associative, commutative where records may be out of order and go
   * through a repartition topic, and must not answer null.
   *
   * @throws TopologyError when the value's serde is not known
   */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    ...given: ReducedArgument<V, Missing>
  ): KTable<Windowed<K>, NotNull<V>, Gone, 'key'> {
    return this.#tables.reduce(reducer, given);
  }

  /**
   * Folds the values of each session into an aggregate of any type. Null values are given to the aggregator, as in Kafka
   * Streams; where it answers null, the session is deleted. A record is added to what `merge` makes of `initializer()` and the
   * sessions that it joins, the earliest first. For a repartition the value's serde must be known: records go through its topic
   * as they are.
   *
   * @throws TopologyError when it cannot merge, or a serde is missing
   */
  aggregate<A>(
    aggregator: SessionAggregator<K, V, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, A, Gone, 'key'> {
    needMaterialized(materialized);
    const { initializer, merge } = aggregator;
    if (merge === undefined) {
      throw new TopologyError('an aggregate of sessions must merge them: pass { initializer, add, merge }');
    }
    const aggregation: MergingAggregation<K, V, A | null> = {
      initializer,
      // A null deletes the session; the store never holds it.
      add: (key, value, aggregate) => aggregator.add(key, value, aggregate as A),
      merge: (left, right) => merge(left as A, right as A),
      serde: materialized.value as Serde<A | null>,
    };
    // What answers null deletes a session, and a combiner has only a part of it.
    const tables = sessionTables<K, V, Gone>(this.#grouped, this.#windows, this.#emit, { combines: false });
    return tables.aggregate(aggregation, materialized);
  }
}

function sessionTables<K, V, Gone extends null>(
  grouped: GroupedRecords<K, V>,
  { gapMs, graceMs }: SessionWindows,
  emit: EmitStrategy,
  { combines }: { readonly combines: boolean },
): WindowedTables<K, V, Gone> {
  return new WindowedTables(grouped, {
    // The end of a session is the time of a record in it.
    closesAfterMs: gapMs + graceMs + 1,
    operator: <A>(aggregate: WindowedAggregate<K, V, A>) => {
      const aggregation = aggregate.aggregation as MergingAggregation<K, V, A>;
      const options = { ...aggregate, aggregation, gapMs, graceMs, emit };
      return {
        contents: sessionContents(options),
        type: 'session',
        create: () => createSessionStore(options),
        compile: (task, forward) => compileSessionAggregate(options, task, forward),
        combiner: combines ? (task, partitionOf) => sessionCombiner(options, task, partitionOf) : undefined,
      };
    },
  });
}
