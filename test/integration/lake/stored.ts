import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** The paths of the files that are a table: its log's JSON lines replayed, and nothing else looked at. */
export async function activeFiles(directory: string): Promise<string[]> {
  const log = join(directory, '_delta_log');
  const active = new Set<string>();
  const commits = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name)).sort();
  for (const commit of commits) {
    for (const line of (await readFile(join(log, commit), 'utf8')).trim().split('\n')) {
      const { add, remove } = JSON.parse(line) as Record<'add' | 'remove', { path: string } | undefined>;
      if (add !== undefined) active.add(add.path);
      if (remove !== undefined) active.delete(remove.path);
    }
  }
  return [...active].map((path) => join(directory, path));
}

/** What plain DuckDB selects from `t`, the files of the table. */
export async function selectStored(directory: string, sql: string): Promise<Record<string, unknown>[]> {
  const files = (await activeFiles(directory)).map((path) => `'${path}'`).join(', ');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const t = `t AS (FROM read_parquet([${files}], union_by_name = true, hive_partitioning = true))`;
    return (await connection.runAndReadAll(`WITH ${t} ${sql}`)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
