import { fileURLToPath } from 'node:url';
import type { Json } from '@duckdb/node-api';
import { LakeError } from '../lake-error.js';
import { forkApart } from './apart.js';
import type { QueryReport, QueryTask } from './query-process.js';

const PROGRAM = fileURLToPath(new URL('query-process.js', import.meta.url));

export interface QueryOptions {
  /** Further rows are left out. Default 10,000. */
  readonly maxRows?: number;
  /** Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Default 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** Default 2. */
  readonly threads?: number;
  /** Ends the query. */
  readonly signal?: AbortSignal;
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
  const { maxRows = 10_000, memoryLimitBytes = 2 ** 30, signal, threads = 2, timeoutMs = 30_000 } = options;
  const child = forkApart(PROGRAM);
  const task: QueryTask = { directory, sql, maxRows, memoryLimitBytes, threads };
  let columns: Pick<QueryResult, 'names' | 'types'> = { names: [], types: [] };
  const rows: (readonly Json[])[] = [];
  let timer: NodeJS.Timeout | undefined;
  let abort = () => {};
  try {
    return await new Promise<QueryResult>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new LakeError('QUERY_LIMIT', `the query took longer than ${timeoutMs / 1000} s, and was ended`));
      }, timeoutMs);
      abort = () => reject(new LakeError('QUERY_FAILED', 'the query was interrupted'));
      signal?.addEventListener('abort', abort);
      child.on('message', (report: QueryReport) => {
        if (report.kind === 'columns') columns = report;
        else if (report.kind === 'rows') rows.push(...report.rows);
        else if (report.kind === 'done')
          resolve({ names: columns.names, types: columns.types, rows, isCut: report.isCut });
        else reject(new LakeError(report.code, report.message));
      });
      child.on('error', (cause) =>
        reject(new LakeError('QUERY_FAILED', `no process for the query: ${cause.message}`, { cause })),
      );
      child.on('exit', (code, killedBy) => {
        reject(new LakeError('QUERY_FAILED', `the query's process has ended (${killedBy ?? `code ${code}`})`));
      });
      child.send(task, () => {});
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
  }
}
