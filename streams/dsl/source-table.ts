import { createKeyedStore, tableContents } from '../operators/tables/keyed-aggregate.js';
import { compileSourceTable } from '../operators/tables/source-table.js';
import { storedRows, versionedRows } from '../operators/tables/table-rows.js';
import { compileVersionedSourceTable } from '../operators/tables/versioned-source-table.js';
import type { Serde } from '../serde/serde.js';
import type { Graph } from '../topology/graph.js';
import type { GraphNode, StoreDefinition, StoreSerdes, TableChanges } from '../topology/topology.js';
import type { Duration } from './duration.js';
import { KTable } from './ktable.js';
import type { Serdes } from './options.js';
import { versionedStore } from './versioned-store.js';

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
  /** For how long all versions are kept. */
  readonly versioned?: Duration | undefined;
}

/** A table of the latest value of each key, kept in a store. */
export function sourceTable<K, V>(table: SourceTable<K, V>): KTable<K, V> {
  const { generateStoreName, graph, key, nodePrefix, parent, storeName, value } = table;
  const name = storeName ?? generateStoreName();
  const store = table.versioned === undefined ? latestRows(name, table) : versionsOfRows(name, table, table.versioned);
  const changes: TableChanges = { sendOldValues: false };
  const sendsOldValues = () => changes.areRequired === true || (changes.sendOldValues && storeName !== undefined);
  const node = graph.processor(
    graph.name(nodePrefix),
    parent,
    (task, forward) =>
      table.versioned === undefined
        ? compileSourceTable(name, sendsOldValues(), task, forward)
        : compileVersionedSourceTable(name, sendsOldValues(), task, forward),
    [store],
  );
  const rows = table.versioned === undefined ? storedRows(store) : versionedRows(store);
  return new KTable<K, V>(graph, node, { key, value } as Serdes<K, V>, changes, rows);
}

function latestRows<K, V>(name: string, { key, stored, storeName, value }: SourceTable<K, V>): StoreDefinition {
  const values = stored ?? value;
  return {
    name,
    isNameGenerated: storeName === undefined,
    contents: tableContents(key, values),
    serdes: { key, value: values } as StoreSerdes,
    type: 'key-value',
    create: () => createKeyedStore(name, key, values),
  };
}

function versionsOfRows<K, V>(
  name: string,
  { key, stored, storeName, value }: SourceTable<K, V>,
  historyRetention: Duration,
): StoreDefinition {
  const values = stored ?? value;
  return {
    ...versionedStore({ name, keySerde: key, valueSerde: values, historyRetention }),
    isNameGenerated: storeName === undefined,
    contents: { kind: 'versions', keys: key.format, values: values.format },
  };
}
