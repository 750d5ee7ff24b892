import { type DuckDb, literal } from '../duckdb.js';

/** From here on the DuckDB opens these files and no others, and no statement can change that. */
export async function shutIn(duckDb: DuckDb, files: readonly string[]): Promise<void> {
  await lock(duckDb, files.length > 0 ? `allowed_paths = [${files.map(literal).join(', ')}]` : undefined);
}

/** The same for what comes to be in a directory. It could also write there: only for statements of the program itself. */
export async function shutIntoDirectory(duckDb: DuckDb, directory: string): Promise<void> {
  await lock(duckDb, `allowed_directories = [${literal(directory)}]`);
}

async function lock(duckDb: DuckDb, allowed: string | undefined): Promise<void> {
  await duckDb.run("SET temp_directory = ''");
  if (allowed !== undefined) await duckDb.run(`SET ${allowed}`);
  await duckDb.run('SET enable_external_access = false');
  await duckDb.run('SET lock_configuration = true');
}
