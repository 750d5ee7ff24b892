import { compileSuppress, suppressedRows } from '../operators/tables/suppress.js';
import type { TableRows } from '../operators/tables/table-rows.js';
import type { Serde } from '../serde/serde.js';
import { SuppressionBuffer } from '../state/suppress/suppression-buffer.js';
import { windowedKeySerde } from '../state/windows/windowed-key.js';
import type { Graph } from '../topology/graph.js';
import {
  type GraphNode,
  type StoreDefinition,
  type StoreSerdes,
  type TableChanges,
  TopologyError,
} from '../topology/topology.js';
import type { Buffered } from './options.js';
import type { UntilTimeLimit, UntilWindowCloses } from './suppressed.js';

/** The windows that the rows of a table are of. */
export interface TableWindows {
  /** How long after its end a window can change no more, in milliseconds. */
  readonly closesAfterMs: number;
  readonly keySerde: Serde<unknown>;
}

/** A table of which it does not matter what is in it. */
interface SuppressedTable {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly serdes: { readonly key: unknown; readonly value: unknown };
  readonly changes: TableChanges;
  readonly rows?: TableRows | undefined;
  readonly windows?: TableWindows | undefined;
}

/** What holds back the changes of a table, and the rows as it tells them. */
export function suppressTable(
  table: SuppressedTable,
  suppressed: UntilWindowCloses | UntilTimeLimit,
  { name: given, value = table.serdes.value as Serde<unknown> | undefined }: Buffered<unknown>,
): { readonly node: GraphNode; readonly rows: TableRows | undefined; readonly value: Serde<unknown> } {
  const { changes, graph, rows, windows } = table;
  const name = graph.named({ ...(given !== undefined && { name: given }) }, 'KTABLE-SUPPRESS');
  const storeName = graph.named(given === undefined ? {} : { name: `${given}-store` }, 'KTABLE-SUPPRESS-STATE-STORE');
  const { buffer, until } = suppressed;
  if (until === 'final' && windows === undefined) {
    throw new TopologyError(
      `"${name}" waits for windows to close, and its table has none: take Suppressed.untilTimeLimit, or aggregate in windows`,
    );
  }
  if (rows?.outdated !== undefined) {
    throw new TopologyError(
      `"${name}" suppresses a versioned table, whose versions are told as they come: take one without`,
    );
  }
  const key =
    windows === undefined ? (table.serdes.key as Serde<unknown> | undefined) : windowedKeySerde(windows.keySerde);
  if (key === undefined || value === undefined) {
    throw new TopologyError(`"${name}" keeps rows, and needs serdes for them; pass { ${key ? 'value' : 'key'}: … }`);
  }
  const store: StoreDefinition = {
    name: storeName,
    isNameGenerated: given === undefined,
    contents: { kind: 'suppressed', keys: key.format, values: value.format },
    serdes: { key, value } as StoreSerdes,
    type: 'key-value',
    create: () => new SuppressionBuffer({ name: storeName, keySerde: key as Serde<unknown>, valueSerde: value }),
  };
  // Whoever looks up a row that is held back is told what it was before.
  if (rows !== undefined) {
    changes.areRequired = true;
    changes.sendOldValues = true;
  }
  const options = {
    name,
    until,
    store: storeName,
    delayMs: suppressed.until === 'final' ? (windows?.closesAfterMs ?? 0) : suppressed.limitMs,
    limits: { maxRecords: buffer.records, maxBytes: buffer.bytes, whenFull: buffer.whenFull },
  };
  const node = graph.processor(name, table.node, (task, forward) => compileSuppress(options, task, forward), [
    store,
    ...(rows?.stores ?? []),
  ]);
  return { node, rows: rows && suppressedRows(rows, store), value };
}
