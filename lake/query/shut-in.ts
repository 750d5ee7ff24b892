import { type DuckDb, literal } from '../duckdb.js';

/** From here on the DuckDB opens these files and no others, and no statement can change that. */
export async function shutIn(duckDb: DuckDb, files: readonly string[]): Promise<void> {
  await duckDb.run("SET temp_directory = ''");
  if (files.length > 0) await duckDb.run(`SET allowed_paths = [${files.map(literal).join(', ')}]`);
  await duckDb.run('SET enable_external_access = false');
  await duckDb.run('SET lock_configuration = true');
}
