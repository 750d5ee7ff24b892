import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DuckDb, openDuckDb } from '../../../../lake/duckdb.js';
import { writeResult } from '../../../../lake/query/result-file.js';

let directory: string;
let duckDb: DuckDb;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-result-'));
  duckDb = await openDuckDb({ threads: '1' });
});

afterAll(async () => {
  duckDb.close();
  await rm(directory, { recursive: true, force: true });
});

it('writes as many rows as are allowed, and no more', async () => {
  const path = join(directory, 'rows.csv');
  const file = { path, format: 'csv', maxBytes: 1_000 } as const;
  const sql = 'SELECT range AS n FROM range(3) ORDER BY n DESC; -- the last';
  expect(await writeResult(duckDb, sql, file, 3)).toBe(3);
  expect(await readFile(path, 'utf8')).toBe('n\n2\n1\n0\n');
  await duckDb.run('DROP VIEW _millrace_result');
  await expect(writeResult(duckDb, sql, file, 2)).rejects.toMatchObject({
    code: 'QUERY_LIMIT',
    message: 'the result is larger than 2 rows; select less, or by LIMIT',
  });
  await duckDb.run('DROP VIEW _millrace_result');
});

it('breaks off a file that grows too large', async () => {
  const file = { path: join(directory, 'large.parquet'), format: 'parquet', maxBytes: 2 ** 20 } as const;
  const sql = 'SELECT sha256(range::VARCHAR) AS words FROM range(200000)';
  await expect(writeResult(duckDb, sql, file, 1_000_000)).rejects.toMatchObject({
    code: 'QUERY_LIMIT',
    message: 'the result is larger than 1 MiB; select less, or by LIMIT',
  });
});
