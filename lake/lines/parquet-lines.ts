import { fileURLToPath } from 'node:url';
import { type ApartOptions, runApart } from '../query/apart.js';
import type { ParquetReport, ParquetTask } from './parquet-process.js';

const PROGRAM = fileURLToPath(new URL('parquet-process.js', import.meta.url));

/**
 * Makes a Parquet file of a file of a line of JSON each, in a process of its own that can open these two.
 *
 * @throws LakeError QUERY_FAILED, QUERY_LIMIT, DUCKDB_MISSING
 */
export async function writeParquet(task: ParquetTask, options: ApartOptions): Promise<void> {
  await runApart<ParquetReport>(PROGRAM, task, options, () => {});
}
