/** What a process in which statements of SQL are run may take. */
import type { DuckDBDataChunk, Json } from '@duckdb/node-api';
import type { DuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { toJson } from './result-values.js';

/** What the process needs beside what DuckDB counts: Node, the library, and rows on their way. */
const BESIDE_DUCKDB_BYTES = 400 * 1024 * 1024;
/** Rows go to the parent as they come; no more than this of them. */
const MAX_RESULT_CHARACTERS = 64 * 1024 * 1024;

/** DuckDB's settings. */
export function withinMemory(memoryLimitBytes: number, threads: number) {
  return { threads: String(threads), memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB` };
}

/** Looks every so many milliseconds, for DuckDB does not count everything that it takes. */
export function watchMemory(memoryLimitBytes: number, everyMs: number, tooMuch: () => void): void {
  const most = memoryLimitBytes + BESIDE_DUCKDB_BYTES;
  setInterval(() => {
    if (process.memoryUsage.rss() > most) tooMuch();
  }, everyMs).unref();
}

/** Whether DuckDB says, in the first line of an error, that it may take no more. */
export function isOutOfMemory(line: string): boolean {
  return /^Out of Memory/i.test(line);
}

type Result = Awaited<ReturnType<DuckDb['connection']['stream']>>;

interface Rows {
  readonly rows: readonly Json[][];
  /** Whether there were more than are wanted; these are the last. */
  readonly isCut: boolean;
}

/**
 * The first rows of a result, a chunk at a time.
 *
 * @param tooLarge what is said of more than 64 MiB, with `<size>` for how much that is
 * @throws LakeError QUERY_LIMIT
 */
export async function* firstRows(
  { module }: Pick<DuckDb, 'module'>,
  result: Result,
  most: number,
  tooLarge: string,
): AsyncGenerator<Rows> {
  const converter = toJson(module);
  let left = most;
  let characters = 0;
  for (;;) {
    const chunk: DuckDBDataChunk | null = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const rows = chunk.convertRows(converter).slice(0, left);
    characters += JSON.stringify(rows).length;
    if (characters > MAX_RESULT_CHARACTERS) {
      throw new LakeError('QUERY_LIMIT', tooLarge.replace('<size>', `${MAX_RESULT_CHARACTERS / 2 ** 20} MiB`));
    }
    const isCut = chunk.rowCount > left;
    yield { rows, isCut };
    if (isCut) return;
    left -= chunk.rowCount;
  }
}
