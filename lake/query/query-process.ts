/** A query's own process: it opens the table, shuts itself in, and runs one SELECT. Its parent ends it when it takes too long. */
import type { DuckDBDataChunk, Json } from '@duckdb/node-api';
import { DeltaLog } from '../delta/delta-log.js';
import { type DuckDb, openDuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { locationOf } from '../table-files.js';
import { requireHarmless } from './guard.js';
import { toJson } from './result-values.js';
import { shutIn } from './shut-in.js';
import { createSparkFunctions } from './spark-functions.js';
import { createViews } from './views.js';

const RSS_INTERVAL_MS = 50;
/** What the process needs beside what DuckDB counts: Node, the library, and rows on their way. */
const BESIDE_DUCKDB_BYTES = 400 * 1024 * 1024;
/** Rows go to the parent as they come; no more than this of them. */
const MAX_RESULT_CHARACTERS = 64 * 1024 * 1024;

/** What a query is started with. */
export interface QueryTask {
  readonly directory: string;
  readonly sql: string;
  readonly maxRows: number;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

/** What a query tells its parent. */
export type QueryReport =
  | { readonly kind: 'columns'; readonly names: readonly string[]; readonly types: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Json[])[] }
  | { readonly kind: 'done'; readonly isCut: boolean }
  | { readonly kind: 'failed'; readonly code: LakeError['code']; readonly message: string };

async function run({ directory, maxRows, memoryLimitBytes, sql, threads }: QueryTask): Promise<void> {
  const snapshot = await new DeltaLog(directory).require();
  const duckDb = await openDuckDb({
    threads: String(threads),
    memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
  });
  const views = await createViews(duckDb, directory, snapshot);
  await shutIn(
    duckDb,
    [...snapshot.files.values()].map((file) => locationOf(directory, file)),
  );
  const { datePatterns } = await requireHarmless(duckDb, sql, new Set(views.map(({ name }) => name)));
  await createSparkFunctions(duckDb, datePatterns);
  try {
    await stream(duckDb, sql, maxRows);
  } catch (error) {
    throw asLakeError(error);
  }
}

async function stream(duckDb: DuckDb, sql: string, maxRows: number): Promise<void> {
  const result = await duckDb.connection.stream(sql);
  await report({
    kind: 'columns',
    names: result.deduplicatedColumnNames(),
    types: result.columnTypes().map((type) => type.toString()),
  });
  let left = maxRows;
  let characters = 0;
  for (;;) {
    const chunk: DuckDBDataChunk | null = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return report({ kind: 'done', isCut: false });
    const rows = chunk.convertRows(toJson(duckDb.module)).slice(0, left);
    characters += JSON.stringify(rows).length;
    if (characters > MAX_RESULT_CHARACTERS) {
      throw new LakeError(
        'QUERY_LIMIT',
        `the result is larger than ${MAX_RESULT_CHARACTERS / 2 ** 20} MiB; select less`,
      );
    }
    if (rows.length > 0) await report({ kind: 'rows', rows });
    if (chunk.rowCount > left) return report({ kind: 'done', isCut: true });
    left -= chunk.rowCount;
  }
}

/** What DuckDB says of a statement that it does not run, in a line. */
function asLakeError(error: unknown): LakeError {
  if (error instanceof LakeError) return error;
  const [line = ''] = (error as Error).message.split('\n');
  if (/^Out of Memory/i.test(line)) {
    return new LakeError('QUERY_LIMIT', 'the query needs more memory than it may have; select less, or give it more');
  }
  return new LakeError('QUERY_FAILED', `the query failed: ${line}`, { cause: error });
}

function report(message: QueryReport): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}

/** DuckDB does not count everything that it takes. */
function watchMemory(memoryLimitBytes: number): void {
  const most = memoryLimitBytes + BESIDE_DUCKDB_BYTES;
  setInterval(() => {
    if (process.memoryUsage.rss() <= most) return;
    const message = 'the query needs more memory than it may have; select less, or give it more';
    void report({ kind: 'failed', code: 'QUERY_LIMIT', message }).then(() => process.exit());
  }, RSS_INTERVAL_MS).unref();
}

// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.once('message', (task: QueryTask) => {
  watchMemory(task.memoryLimitBytes);
  run(task)
    .catch((error: Error) => {
      const code = error instanceof LakeError ? error.code : 'QUERY_FAILED';
      return report({ kind: 'failed', code, message: error.message });
    })
    .finally(() => process.exit());
});
