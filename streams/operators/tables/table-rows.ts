import type { Serde } from '../../serde/serde.js';
import { TableStore } from '../../state/key-value/table-store.js';
import { type ValueAndTimestamp, valueAndTimestampSerde } from '../../state/key-value/value-and-timestamp.js';
import type { LevelVersionedStore } from '../../state/versioned/versioned-store.js';
import type { CompiledNode, Forward, StoreDefinition, StoreSerdes, TaskContext } from '../../topology/topology.js';

/**
 * Finds a row by its key; undefined where there is none. A versioned table has the one that was valid at `asOf`; any other
 * the latest, whatever the time.
 */
export type FindRow = (key: unknown, asOf?: number) => ValueAndTimestamp<unknown> | undefined;

/** The rows of a table, for the tasks that look them up. */
export interface TableRows {
  /** What they are in. A node that looks them up is connected to these. */
  readonly stores: readonly StoreDefinition[];
  /** As they are now. */
  current(task: TaskContext): FindRow;
  /** As those that follow the table's changes know them: an aggregate tells its changes once a commit. */
  told(task: TaskContext): FindRow;
  /** Of a versioned table: whether a change of that time is older than the key's latest version. */
  outdated?(task: TaskContext): (key: unknown, timestamp: number) => boolean;
}

/** What a store of rows holds. */
export interface StoredRows<K, V> {
  readonly isNameGenerated: boolean;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** Defines a store of rows, of which each has the latest value of its key. */
export function rowStore<K, V>(name: string, { isNameGenerated, key, value }: StoredRows<K, V>): StoreDefinition {
  return {
    name,
    isNameGenerated,
    contents: { kind: 'table', keys: key.format, values: value.format },
    serdes: { key, value } as StoreSerdes,
    type: 'key-value',
    create: () => new TableStore({ name, keySerde: key, valueSerde: valueAndTimestampSerde(value) }),
  };
}

/** Rows that a store keeps. */
export function storedRows(store: StoreDefinition): TableRows {
  const open = (task: TaskContext) => task.store(store.name) as TableStore<unknown, unknown>;
  return {
    stores: [store],
    current: (task) => {
      const rows = open(task);
      return (key) => rows.get(key);
    },
    told: (task) => {
      const rows = open(task);
      return (key) => rows.getTold(key);
    },
  };
}

/** Rows that a versioned store keeps, with what they were before. */
export function versionedRows(store: StoreDefinition): TableRows {
  const open = (task: TaskContext): FindRow => {
    const rows = task.store(store.name) as LevelVersionedStore<unknown, unknown>;
    return (key, asOf) => rows.get(key, asOf);
  };
  return {
    stores: [store],
    current: open,
    told: open,
    outdated: (task) => {
      const rows = task.store(store.name) as LevelVersionedStore<unknown, unknown>;
      return (key, timestamp) => timestamp < rows.latestTime(key);
    },
  };
}

/** Passes on the changes that are not outdated, for joins and aggregations of tables. */
export function compileLatestChanges(
  name: string,
  outdated: NonNullable<TableRows['outdated']>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const isOutdated = outdated(task);
  return {
    process: (key, value, timestamp, old) => {
      if (isOutdated(key, timestamp)) task.reportSkipped(name, 'older than the latest version');
      else forward(key, value, timestamp, old);
    },
  };
}

/** Rows that are made of another table's, each time that one is looked up. `rowOf` answers null where there is none. */
export function derivedRows(rows: TableRows, rowOf: (key: unknown, value: unknown) => unknown): TableRows {
  const derived =
    (find: FindRow): FindRow =>
    (key, asOf) => {
      const row = find(key, asOf);
      const value = row === undefined ? null : rowOf(key, row.value);
      return row === undefined || value === null || value === undefined
        ? undefined
        : { value, timestamp: row.timestamp };
    };
  return {
    ...rows,
    current: (task) => derived(rows.current(task)),
    told: (task) => derived(rows.told(task)),
  };
}
