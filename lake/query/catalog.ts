import { tableColumns } from '../append.js';
import { DeltaLog } from '../delta/delta-log.js';
import { DUCKDB_TYPES } from '../delta/delta-schema.js';
import { kindsOf } from '../describe.js';
import { ALL_KINDS, viewName } from '../sources.js';

/** What a query can read, by its name. */
export interface QueryTable {
  readonly name: string;
  /** Undefined where a file says nothing of its rows. */
  readonly rows: number | undefined;
  readonly files: number;
  /** The last hour that is stored, `yyyy-mm-dd hh`, in UTC. */
  readonly lastHour: string | undefined;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** The tables of queries, from the log of the lake's table alone: `logs`, and one for each kind. @throws LakeError NO_TABLE */
export async function catalogOf(directory: string): Promise<QueryTable[]> {
  const snapshot = await new DeltaLog(directory).require();
  const all = tableColumns(snapshot).all.map(({ name, type }) => ({ name, type: DUCKDB_TYPES[type] }));
  const kinds = kindsOf(snapshot);
  const rows = kinds.map((kind) => kind.rows);
  return [
    ...kinds.map((kind) => ({
      ...{ name: viewName(kind.kind), rows: kind.rows, files: kind.files, lastHour: kind.lastHour },
      columns: all.filter(({ name }) => kind.columns.includes(name)),
    })),
    {
      name: ALL_KINDS,
      rows: rows.every((count) => count !== undefined) ? rows.reduce((sum, count) => sum + count, 0) : undefined,
      files: snapshot.files.size,
      lastHour: kinds
        .map(({ lastHour }) => lastHour)
        .toSorted()
        .at(-1),
      columns: all,
    },
  ];
}
