import { stat } from 'node:fs/promises';
import { type DuckDb, identifier, literal } from '../duckdb.js';
import { LakeError } from '../lake-error.js';

/** A file that rows are written to. */
export interface ResultFile {
  readonly path: string;
  readonly format: 'parquet' | 'csv' | 'ndjson';
  /** A larger one is an error. */
  readonly maxBytes: number;
}

const OPTIONS: Readonly<Record<ResultFile['format'], string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER true',
  ndjson: 'FORMAT json',
};
/** No table has such a name, and no query can name it. */
const RESULT = '_millrace_result';
const LOOKS_EVERY_MS = 100;

/**
 * Writes the rows of a SELECT that was found harmless. DuckDB may write nothing but this file.
 *
 * @returns how many rows there are in it
 * @throws LakeError QUERY_LIMIT
 */
export async function writeResult(duckDb: DuckDb, sql: string, file: ResultFile, maxRows: number): Promise<number> {
  // The text stands last: there is nothing after it that it could change the meaning of, nor that could change its own.
  await duckDb.run(`CREATE TEMP VIEW ${RESULT} AS ${sql}`);
  const columns = await duckDb.rows<{ column_name: string; column_type: string }>(`DESCRIBE ${RESULT}`);
  const selected = columns.map(({ column_name: name, column_type: type }) => columnFor(file.format, name, type));
  let isTooLarge = false;
  const timer = setInterval(() => {
    void sizeOf(file.path).then((bytes) => {
      if (bytes <= file.maxBytes) return;
      isTooLarge = true;
      duckDb.connection.interrupt();
    });
  }, LOOKS_EVERY_MS);
  try {
    const select = `SELECT ${selected.join(', ')} FROM ${RESULT} LIMIT ${maxRows + 1}`;
    const [copied] = await duckDb.rows<{ Count: string }>(
      `COPY (${select}) TO ${literal(file.path)} (${OPTIONS[file.format]}, USE_TMP_FILE false)`,
    );
    const rows = Number(copied?.Count ?? 0);
    if (rows > maxRows) throw tooMuch(`${maxRows.toLocaleString('en-US')} rows`);
    if ((await sizeOf(file.path)) > file.maxBytes) isTooLarge = true;
    if (!isTooLarge) return rows;
  } catch (error) {
    if (!isTooLarge) throw error;
  } finally {
    clearInterval(timer);
  }
  throw tooMuch(`${Math.round(file.maxBytes / 2 ** 20)} MiB`);
}

function columnFor(format: ResultFile['format'], name: string, type: string): string {
  const column = identifier(name);
  // Parquet has no such numbers, and DuckDB would write them as less exact ones.
  if (format === 'parquet' && type === 'HUGEINT') return `CAST(${column} AS DECIMAL(38, 0)) AS ${column}`;
  if (format !== 'csv' || type !== 'VARCHAR') return column;
  // A spreadsheet would take it for a formula, and may run it.
  const isFormula = `regexp_matches(${column}, '^[=+\\-@\\t\\r]') AND NOT regexp_full_match(${column}, '[+-]?\\d+(\\.\\d+)?')`;
  return `CASE WHEN ${isFormula} THEN '''' || ${column} ELSE ${column} END AS ${column}`;
}

/** In bytes; 0 before there is one. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function tooMuch(most: string): LakeError {
  return new LakeError('QUERY_LIMIT', `the result is larger than ${most}; select less, or by LIMIT`);
}
