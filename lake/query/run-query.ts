import { fileURLToPath } from 'node:url';
import type { Json } from '@duckdb/node-api';
import { type ApartOptions, runApart } from './apart.js';
import type { QueryReport, QueryTask } from './query-process.js';
import type { ResultFile } from './result-file.js';

const PROGRAM = fileURLToPath(new URL('query-process.js', import.meta.url));

export interface QueryOptions extends ApartOptions {
  /** Further rows are left out. Default 10,000. */
  readonly maxRows?: number;
  /** Default 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** Default 2. */
  readonly threads?: number;
}

export interface QueryResult {
  readonly names: readonly string[];
  /** DuckDB's types. */
  readonly types: readonly string[];
  /** Values as JSON has them; numbers that it cannot hold, and times, as texts. */
  readonly rows: readonly (readonly Json[])[];
  /** Whether there were more than `maxRows`. */
  readonly isCut: boolean;
}

/**
 * Runs one SELECT over the table in a process of its own, which can read the table's files, and is ended when it takes too
 * long. Its tables are `logs`, which is all of it, and one by each kind's name.
 *
 * @param directory the table's
 * @throws LakeError NO_TABLE, QUERY_REFUSED, QUERY_FAILED, QUERY_LIMIT
 */
export async function runQuery(directory: string, sql: string, options: QueryOptions = {}): Promise<QueryResult> {
  let columns: Pick<QueryResult, 'names' | 'types'> = { names: [], types: [] };
  const rows: (readonly Json[])[] = [];
  const { isCut } = await runApart<QueryReport>(PROGRAM, taskOf(directory, sql, options), options, (report) => {
    if (report.kind === 'columns') columns = report;
    else if (report.kind === 'rows') rows.push(...report.rows);
  });
  return { names: columns.names, types: columns.types, rows, isCut };
}

/**
 * The same, with its rows in a file: more than `maxRows` are an error, for a file does not say that it ends early.
 *
 * @returns how many rows there are in it
 * @throws LakeError NO_TABLE, QUERY_REFUSED, QUERY_FAILED, QUERY_LIMIT
 */
export async function runQueryIntoFile(
  directory: string,
  sql: string,
  file: ResultFile,
  options: QueryOptions = {},
): Promise<number> {
  const task: QueryTask = { ...taskOf(directory, sql, options), file };
  const { rows } = await runApart<QueryReport>(PROGRAM, task, options, () => {});
  return rows;
}

function taskOf(directory: string, sql: string, options: QueryOptions): QueryTask {
  const { maxRows = 10_000, memoryLimitBytes = 2 ** 30, threads = 2 } = options;
  return { directory, sql, maxRows, memoryLimitBytes, threads };
}
