import { compileSourceTable } from '../operators/tables/source-table.js';
import {
  rowStore,
  type StoredRows,
  storedRows,
  type TableRows,
  versionedRows,
} from '../operators/tables/table-rows.js';
import { compileVersionedSourceTable } from '../operators/tables/versioned-source-table.js';
import type { Serde } from '../serde/serde.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode, StoreDefinition, TableChanges } from '../topology/topology.js';
import type { Duration } from './duration.js';
import type { Serdes } from './options.js';
import { versionedStore } from './versioned-store.js';

/** The records that change a table's rows, and where these are kept. */
interface TableSource<K, V> {
  readonly graph: Graph;
  readonly parent: GraphNode;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** Of the rows in the store. Default: `value`. */
  readonly stored?: Serde<V> | undefined;
  readonly storeName: string | undefined;
  readonly generateStoreName: () => string;
  /** For how long all versions are kept. */
  readonly versioned?: Duration | undefined;
}

export interface SourceTable<K, V> {
  readonly node: GraphNode;
  readonly serdes: Serdes<K, V>;
  readonly changes: TableChanges;
  readonly rows: TableRows;
}

/** What a table of the latest value of each key, kept in a store, is made of. */
export function sourceTable<K, V>(table: TableSource<K, V>): SourceTable<K, V> {
  const { generateStoreName, graph, key, parent, storeName, value, versioned } = table;
  const name = storeName ?? generateStoreName();
  const stored = { isNameGenerated: storeName === undefined, key, value: table.stored ?? value };
  const store = versioned === undefined ? rowStore(name, stored) : versionsOfRows(name, stored, versioned);
  const compile = versioned === undefined ? compileSourceTable : compileVersionedSourceTable;
  const changes: TableChanges = { sendOldValues: false };
  const sendsOldValues = () => changes.areRequired === true || (changes.sendOldValues && storeName !== undefined);
  const node = graph.processor(
    graph.name('KTABLE-SOURCE'),
    parent,
    (task, forward) => compile(name, sendsOldValues(), task, forward),
    [store],
  );
  const rows = versioned === undefined ? storedRows(store) : versionedRows(store);
  return { node, serdes: { key, value } as Serdes<K, V>, changes, rows };
}

function versionsOfRows<K, V>(
  name: string,
  { isNameGenerated, key, value }: StoredRows<K, V>,
  historyRetention: Duration,
): StoreDefinition {
  return {
    ...versionedStore({ name, keySerde: key, valueSerde: value, historyRetention }),
    isNameGenerated,
    contents: { kind: 'versions', keys: key.format, values: value.format },
  };
}
