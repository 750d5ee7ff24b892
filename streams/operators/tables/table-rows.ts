import type { TableStore } from '../../state/key-value/table-store.js';
import type { ValueAndTimestamp } from '../../state/key-value/value-and-timestamp.js';
import type { StoreDefinition, TaskContext } from '../../topology/topology.js';

/** Finds a row by its key; undefined where there is none. */
export type FindRow = (key: unknown) => ValueAndTimestamp<unknown> | undefined;

/** The rows of a table, for the tasks that look them up. */
export interface TableRows {
  /** What they are in. A node that looks them up is connected to these. */
  readonly stores: readonly StoreDefinition[];
  /** As they are now. */
  current(task: TaskContext): FindRow;
  /** As those that follow the table's changes know them: an aggregate tells its changes once a commit. */
  told(task: TaskContext): FindRow;
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

/** Rows that are made of another table's, each time that one is looked up. `rowOf` answers null where there is none. */
export function derivedRows(rows: TableRows, rowOf: (key: unknown, value: unknown) => unknown): TableRows {
  const derived =
    (find: FindRow): FindRow =>
    (key) => {
      const row = find(key);
      const value = row === undefined ? null : rowOf(key, row.value);
      return row === undefined || value === null || value === undefined
        ? undefined
        : { value, timestamp: row.timestamp };
    };
  return {
    stores: rows.stores,
    current: (task) => derived(rows.current(task)),
    told: (task) => derived(rows.told(task)),
  };
}
