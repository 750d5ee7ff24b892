/** A query's own process: it opens the table, shuts itself in, and runs one SELECT. Its parent ends it when it takes too long. */
import type { Json } from '@duckdb/node-api';
import { DeltaLog } from '../delta/delta-log.js';
import { type DuckDb, openDuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { locationOf } from '../table-files.js';
import { firstRows, isOutOfMemory, watchMemory, withinMemory } from './bounds.js';
import { requireHarmless } from './guard.js';
import { type ResultFile, writeResult } from './result-file.js';
import { shutIn } from './shut-in.js';
import { createSparkFunctions } from './spark-functions.js';
import { createViews } from './views.js';

const RSS_INTERVAL_MS = 50;
const TOO_MUCH_MEMORY = 'the query needs more memory than it may have; select less, or give it more';

/** What a query is started with. */
export interface QueryTask {
  readonly directory: string;
  readonly sql: string;
  readonly maxRows: number;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Where its rows are written instead of being told. */
  readonly file?: ResultFile;
}

/** What a query tells its parent. */
export type QueryReport =
  | { readonly kind: 'columns'; readonly names: readonly string[]; readonly types: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Json[])[] }
  | { readonly kind: 'done'; readonly isCut: boolean; readonly rows: number }
  | { readonly kind: 'failed'; readonly code: LakeError['code']; readonly message: string };

async function run({ directory, file, maxRows, memoryLimitBytes, sql, threads }: QueryTask): Promise<void> {
  const snapshot = await new DeltaLog(directory).require();
  const duckDb = await openDuckDb(withinMemory(memoryLimitBytes, threads));
  const views = await createViews(duckDb, directory, snapshot);
  const readable = [...snapshot.files.values()].map((one) => locationOf(directory, one));
  await shutIn(duckDb, file === undefined ? readable : [...readable, file.path]);
  const { datePatterns } = await requireHarmless(duckDb, sql, new Set(views.map(({ name }) => name)));
  await createSparkFunctions(duckDb, datePatterns);
  try {
    if (file === undefined) await stream(duckDb, sql, maxRows);
    else await report({ kind: 'done', isCut: false, rows: await writeResult(duckDb, sql, file, maxRows) });
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
  let isCut = false;
  let told = 0;
  for await (const chunk of firstRows(duckDb, result, maxRows, 'the result is larger than <size>; select less')) {
    if (chunk.rows.length > 0) await report({ kind: 'rows', rows: chunk.rows });
    told += chunk.rows.length;
    isCut = chunk.isCut;
  }
  return report({ kind: 'done', isCut, rows: told });
}

/** What DuckDB says of a statement that it does not run, in a line. */
function asLakeError(error: unknown): LakeError {
  if (error instanceof LakeError) return error;
  const [line = ''] = (error as Error).message.split('\n');
  if (isOutOfMemory(line)) return new LakeError('QUERY_LIMIT', TOO_MUCH_MEMORY);
  return new LakeError('QUERY_FAILED', `the query failed: ${line}`, { cause: error });
}

function report(message: QueryReport): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}

// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.once('message', (task: QueryTask) => {
  watchMemory(task.memoryLimitBytes, RSS_INTERVAL_MS, () => {
    void report({ kind: 'failed', code: 'QUERY_LIMIT', message: TOO_MUCH_MEMORY }).then(() => process.exit());
  });
  run(task)
    .catch((error: Error) => {
      const code = error instanceof LakeError ? error.code : 'QUERY_FAILED';
      return report({ kind: 'failed', code, message: error.message });
    })
    .finally(() => process.exit());
});
