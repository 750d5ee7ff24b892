import { createKeyedStore, tableContents } from '../operators/tables/keyed-aggregate.js';
import { compileSourceTable } from '../operators/tables/source-table.js';
import { storedRows } from '../operators/tables/table-rows.js';
import type { Serde } from '../serde/serde.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode, StoreDefinition, StoreSerdes, TableChanges } from '../topology/topology.js';
import { KTable } from './ktable.js';
import type { Serdes } from './options.js';

/** What a table is made of: the records that change its rows, and where these are kept. */
export interface SourceTable<K, V> {
  readonly graph: Graph;
  readonly parent: GraphNode;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** Of the rows in the store. Default: `value`. */
  readonly stored?: Serde<V> | undefined;
  readonly storeName: string | undefined;
  readonly generateStoreName: () => string;
  readonly nodePrefix: string;
}

/** A table of the latest value of each key, kept in a store. */
export function sourceTable<K, V>(table: SourceTable<K, V>): KTable<K, V> {
  const { generateStoreName, graph, key, nodePrefix, parent, storeName, value } = table;
  const name = storeName ?? generateStoreName();
  const stored = table.stored ?? value;
  const store: StoreDefinition = {
    name,
    isNameGenerated: storeName === undefined,
    contents: tableContents(key, stored),
    serdes: { key, value: stored } as StoreSerdes,
    type: 'key-value',
    create: () => createKeyedStore(name, key, stored),
  };
  const changes: TableChanges = { sendOldValues: false };
  const sendsOldValues = () => changes.areRequired === true || (changes.sendOldValues && storeName !== undefined);
  const node = graph.processor(
    graph.name(nodePrefix),
    parent,
    (task, forward) => compileSourceTable(name, sendsOldValues(), task, forward),
    [store],
  );
  return new KTable<K, V>(graph, node, { key, value } as Serdes<K, V>, changes, storedRows(store));
}
