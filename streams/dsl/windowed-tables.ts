import { countAggregation, reduceAggregation } from '../operators/aggregations.js';
import { countSerde } from '../serde/count.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import type { Windowed } from '../state/windows/windowed.js';
import type { Combiner, PartitionOf } from '../topology/combiner.js';
import type {
  CompiledNode,
  Forward,
  StoreDefinition,
  StoreSerdes,
  TableChanges,
  TaskContext,
} from '../topology/topology.js';
import { aggregateNode, type GroupedRecords, needAggregateSerde } from './aggregate-node.js';
import { KTable } from './ktable.js';
import type { Materialized, NotNull, Serdes } from './options.js';

/** What every aggregate by key and window is given. */
export interface WindowedAggregate<K, V, A> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly aggregation: Aggregation<K, V, A>;
  readonly changes: TableChanges;
}

/** How windows of one kind keep and make an aggregate. */
interface WindowOperator extends Pick<StoreDefinition, 'contents' | 'type' | 'create'> {
  readonly compile: (task: TaskContext, forward: Forward) => CompiledNode;
  /** Combines records before a repartition; undefined where each goes through its topic. */
  readonly combiner?: ((task: TaskContext, partitionOf: PartitionOf) => Combiner) | undefined;
}

/** Windows of one kind. */
interface WindowKind<K, V> {
  /** How long after its end a window takes records. */
  readonly closesAfterMs: number;
  operator<A>(aggregate: WindowedAggregate<K, V, A>): WindowOperator;
}

/** Makes tables of records that are grouped by key and window, whatever the kind of the windows. */
export class WindowedTables<K, V, Gone extends null = never> {
  readonly #grouped: GroupedRecords<K, V>;
  readonly #kind: WindowKind<K, V>;

  constructor(grouped: GroupedRecords<K, V>, kind: WindowKind<K, V>) {
    this.#grouped = grouped;
    this.#kind = kind;
  }

  count({ name, value = countSerde }: Materialized<number>): KTable<Windowed<K>, number, Gone, 'key'> {
    return this.aggregate(countAggregation(value), { name, value });
  }

  /** @throws TopologyError when the value's serde is not known */
  reduce(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>) => NotNull<V>,
    [materialized = {}]: readonly unknown[],
  ): KTable<Windowed<K>, NotNull<V>, Gone, 'key'> {
    const given = materialized as Materialized<NotNull<V>>;
    const value = needAggregateSerde(given.value ?? this.#grouped.serdes.value, 'reduce');
    return this.aggregate(reduceAggregation<K, V, NotNull<V>>(reducer, value), { name: given.name, value });
  }

  /** @param materialized the name of the store, and the serde of the rows that the table sends */
  aggregate<A, R>(
    aggregation: Aggregation<K, V, A>,
    materialized: { readonly name?: string | undefined; readonly value: Serde<R> },
  ): KTable<Windowed<K>, R, Gone, 'key'> {
    const { graph, serdes } = this.#grouped;
    const name = materialized.name ?? graph.name('KSTREAM-AGGREGATE-STATE-STORE');
    const keySerde = needAggregateSerde(serdes.key, name) as Serde<K>;
    const changes = { sendOldValues: false };
    const { closesAfterMs } = this.#kind;
    const { combiner, compile, ...store } = this.#kind.operator({ name, keySerde, aggregation, changes });
    const node = aggregateNode(
      this.#grouped,
      name,
      combiner,
      {
        ...store,
        name,
        isNameGenerated: materialized.name === undefined,
        serdes: { key: keySerde, value: aggregation.serde } as StoreSerdes,
      },
      compile,
      aggregation,
    );
    const resultSerdes = { key: undefined, value: materialized.value } as Serdes<Windowed<K>, R>;
    const windows = { closesAfterMs, keySerde: keySerde as Serde<unknown> };
    return new KTable<Windowed<K>, R, Gone, 'key'>(graph, node, resultSerdes, changes, undefined, windows);
  }
}
