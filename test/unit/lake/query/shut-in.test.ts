import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DuckDb, openDuckDb } from '../../../../lake/duckdb.js';
import { shutIn } from '../../../../lake/query/shut-in.js';

let directory: string;
let duckDb: DuckDb;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  duckDb = await openDuckDb({ threads: '1' });
  for (const name of ['table', 'other']) {
    await duckDb.run(`COPY (SELECT 7 AS a) TO '${join(directory, `${name}.parquet`)}' (FORMAT parquet)`);
  }
  await duckDb.run(`CREATE VIEW logs AS FROM read_parquet('${join(directory, 'table.parquet')}')`);
  await shutIn(duckDb, [join(directory, 'table.parquet')]);
});

afterEach(async () => {
  duckDb.close();
  await rm(directory, { recursive: true });
});

/** What the guard refuses before; here nothing has. */
describe('a DuckDB that is shut in', () => {
  it('reads the files of the table', async () => {
    expect(await duckDb.rows('SELECT a FROM logs')).toEqual([{ a: 7 }]);
  });

  it.each([
    (own: string) => `FROM read_parquet('${own}/other.parquet')`,
    (own: string) => `FROM read_text('${own}/other.parquet')`,
    (own: string) => `FROM glob('${own}/*')`,
    (own: string) => `COPY (SELECT 1) TO '${own}/made.csv'`,
    (own: string) => `ATTACH '${own}/made.duckdb'`,
    () => "FROM read_csv('/etc/passwd')",
    () => "FROM '/etc/passwd'",
    () => 'SET enable_external_access = true',
    () => "SET memory_limit = '100GB'",
    () => "SET allowed_directories = ['/']",
    () => 'RESET lock_configuration',
    () => 'INSTALL httpfs',
  ])('opens no other and changes no setting: %#', async (sql) => {
    await expect(duckDb.run(sql(directory))).rejects.toThrow(
      /Permission|disabled|locked|denied|Cannot|does not exist/i,
    );
    expect((await readdir(directory)).sort()).toEqual(['other.parquet', 'table.parquet']);
  });
});
