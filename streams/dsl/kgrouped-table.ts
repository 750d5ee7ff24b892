import { compileKeyedAggregate } from '../operators/tables/keyed-aggregate.js';
import { changeAggregation, type RowChange, rowChangeSerde } from '../operators/tables/row-change.js';
import { rowStore, storedRows } from '../operators/tables/table-rows.js';
import { countSerde } from '../serde/count.js';
import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode } from '../topology/topology.js';
import { aggregateNode, needMaterialized } from './aggregate-node.js';
import { KTable } from './ktable.js';
import type { GroupedRows, Materialized, Serdes, TableAggregator } from './options.js';

/**
 * Rows of a table, grouped by another key. When a row changes, its old value is subtracted from the aggregate of the group that
 * it was in, and its new value is added to that of the group that it is in now. Changes go through
 * `<application>-<name>-repartition`.
 */
export class KGroupedTable<K, V> {
  readonly #graph: Graph;
  readonly #node: GraphNode;
  readonly #grouped: GroupedRows<K, V>;

  /** @internal Made by `KTable#groupBy`. */
  constructor(graph: Graph, node: GraphNode, grouped: GroupedRows<K, V>) {
    this.#graph = graph;
    this.#node = node;
    this.#grouped = grouped;
  }

  /** Counts the rows of each group. A group whose last row has gone has 0. */
  count(materialized: Materialized<number> = {}): KTable<K, number, never> {
    const { name, value = countSerde } = materialized;
    const add = (_key: K, _value: V, count = 0) => count + 1;
    const subtract = (_key: K, _value: V, count: number) => count - 1;
    return this.#aggregate(changeAggregation({ add, subtract }, value), name, value) as KTable<K, number, never>;
  }

  /** Combines the values of each group's rows: `adder` with a new one, `subtractor` without one that it was made of. */
  reduce(
    adder: (aggregate: V, value: V) => V,
    subtractor: (aggregate: V, value: V) => V,
    materialized: Materialized<V> = {},
  ): KTable<K, V> {
    const add = (_key: K, value: V, aggregate: V | undefined) =>
      aggregate === undefined ? value : adder(aggregate, value);
    const subtract = (_key: K, value: V, aggregate: V) => subtractor(aggregate, value);
    const serde = materialized.value ?? (this.#grouped.value as Serde<V>);
    return this.#aggregate(changeAggregation({ add, subtract }, serde), materialized.name, serde);
  }

  /**
   * Folds the values of each group's rows into an aggregate of any type. Null deletes the group's row: its next one starts
   * from `initializer` again.
   */
  aggregate<A>(
    aggregator: TableAggregator<K, V, A>,
    materialized: Materialized<A> & { readonly value: Serde<A> },
  ): KTable<K, A> {
    needMaterialized(materialized);
    const { initializer, subtract } = aggregator;
    const add = (key: K, value: V, aggregate: A | undefined) =>
      aggregator.add(key, value, aggregate === undefined ? initializer() : aggregate);
    const { name, value } = materialized;
    return this.#aggregate(changeAggregation({ add, subtract }, value), name, value);
  }

  #aggregate<A>(
    aggregation: Aggregation<K, RowChange<V>, A | undefined>,
    storeName: string | undefined,
    serde: Serde<A>,
  ): KTable<K, A> {
    const graph = this.#graph;
    const name = storeName ?? graph.name('KTABLE-AGGREGATE-STATE-STORE');
    const keySerde = this.#grouped.key as Serde<K>;
    const changes = { sendOldValues: false };
    const options = { name, aggregation, keySerde, changes };
    const store = rowStore(name, { isNameGenerated: storeName === undefined, key: keySerde, value: serde });
    const serdes = { key: keySerde, value: rowChangeSerde(this.#grouped.value as Serde<V>) };
    const node = aggregateNode(
      {
        graph,
        node: this.#node,
        serdes: serdes as Serdes<K, RowChange<V>>,
        repartitionNeeded: true,
        repartitionName: this.#grouped.name,
      },
      name,
      undefined,
      store,
      (task, forward) => compileKeyedAggregate(options, task, forward),
      {},
    );
    return new KTable(graph, node, { key: keySerde, value: serde } as Serdes<K, A>, changes, storedRows(store));
  }
}
