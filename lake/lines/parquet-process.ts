/** Makes a Parquet file of lines of JSON, shut in with both files. Its parent ends it when it takes too long. */
import { DUCKDB_TYPES } from '../delta/delta-schema.js';
import { identifier, literal, openDuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { isOutOfMemory, withinMemory } from '../query/bounds.js';
import { shutIn } from '../query/shut-in.js';

/** What it is started with. */
export interface ParquetTask {
  /** A file of a line of JSON each. */
  readonly from: string;
  readonly to: string;
  /** By its name, DuckDB's type of each column; times are given in milliseconds since the epoch. */
  readonly columns: Readonly<Record<string, string>>;
  readonly memoryLimitBytes: number;
}

export type ParquetReport =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: LakeError['code']; readonly message: string };

/** A line may be as long as a record may. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const TIME = DUCKDB_TYPES.timestamp;

async function run({ columns, from, memoryLimitBytes, to }: ParquetTask): Promise<void> {
  // One thread leaves lines in their order.
  const duckDb = await openDuckDb(withinMemory(memoryLimitBytes, 1));
  await shutIn(duckDb, [from, to]);
  const all = Object.entries(columns);
  const types = all.map(([name, type]) => `${literal(name)}: ${literal(type === TIME ? DUCKDB_TYPES.long : type)}`);
  const source = `read_json(${literal(from)}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${MAX_LINE_BYTES})`;
  const selected = all.map(([name, type]) => {
    const column = identifier(name);
    return type === TIME ? `make_timestamptz(${column} * 1000) AS ${column}` : column;
  });
  await duckDb.run(
    `COPY (SELECT ${selected.join(', ')} FROM ${source}) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
  );
}

function report(message: ParquetReport): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}

// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.once('message', (task: ParquetTask) => {
  run(task)
    .then(() => report({ kind: 'done' }))
    .catch((error: Error) => {
      const [line = ''] = error.message.split('\n');
      const code = error instanceof LakeError ? error.code : isOutOfMemory(line) ? 'QUERY_LIMIT' : 'QUERY_FAILED';
      return report({ kind: 'failed', code, message: `the lines could not be written as Parquet: ${line}` });
    })
    .finally(() => process.exit());
});
