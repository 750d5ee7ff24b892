import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory, syncFile } from '../../schemas/durable.js';
import { identifier, literal, openDuckDb } from '../duckdb.js';
import { type Action, parseAction } from './actions.js';

/** The columns of a checkpoint, as DuckDB writes them; Delta's classic checkpoint, one Parquet file. */
const COLUMNS = {
  protocol: 'STRUCT("minReaderVersion" INTEGER, "minWriterVersion" INTEGER)',
  metaData:
    'STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), ' +
    '"schemaString" VARCHAR, "partitionColumns" VARCHAR[], configuration MAP(VARCHAR, VARCHAR), "createdTime" BIGINT)',
  txn: 'STRUCT("appId" VARCHAR, "version" BIGINT, "lastUpdated" BIGINT)',
  add:
    'STRUCT(path VARCHAR, "partitionValues" MAP(VARCHAR, VARCHAR), size BIGINT, "modificationTime" BIGINT, ' +
    '"dataChange" BOOLEAN, tags MAP(VARCHAR, VARCHAR), stats VARCHAR)',
  remove:
    'STRUCT(path VARCHAR, "deletionTimestamp" BIGINT, "dataChange" BOOLEAN, "extendedFileMetadata" BOOLEAN, ' +
    '"partitionValues" MAP(VARCHAR, VARCHAR), size BIGINT)',
} as const;

/**
 * Writes the actions into a checkpoint file, which is there whole or not at all.
 *
 * @returns its size in bytes
 */
export async function writeCheckpoint(path: string, actions: Iterable<Action>): Promise<number> {
  // What begins with an underscore is not of the log to any reader.
  const directory = await mkdtemp(join(dirname(path), '_checkpoint-'));
  const duckDb = await openDuckDb({ threads: '1' });
  try {
    const lines = join(directory, 'actions.json');
    const parquet = join(directory, 'checkpoint.parquet');
    await writeFile(lines, [...actions].map((action) => `${JSON.stringify(action)}\n`).join(''));
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${identifier(name)}: ${literal(type)}`);
    const source = `read_json(${literal(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}}, maximum_object_size = 268435456)`;
    await duckDb.run(`COPY (SELECT * FROM ${source}) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
    const { size } = await stat(parquet);
    // A reader trusts the newest checkpoint: its name must not outlive a power cut that its content does not.
    await syncFile(parquet);
    await rename(parquet, path);
    await syncDirectory(dirname(path));
    return size;
  } finally {
    duckDb.close();
    await rm(directory, { recursive: true });
  }
}

/** The actions of a checkpoint, of any writer. */
export async function readCheckpoint(path: string): Promise<Action[]> {
  const duckDb = await openDuckDb({ threads: '1' });
  try {
    const source = `read_parquet(${literal(path)})`;
    const present = await duckDb.rows<{ column_name: string }>(`DESCRIBE SELECT * FROM ${source}`);
    const members = present
      .map(({ column_name }) => column_name)
      .filter((name) => Object.hasOwn(COLUMNS, name))
      .map((name) => `${literal(name)}: ${identifier(name)}`);
    const rows = await duckDb.rows<{ action: string }>(
      `SELECT to_json({${members.join(', ')}})::VARCHAR AS action FROM ${source}`,
    );
    return rows.map(({ action }) => parseAction(action));
  } finally {
    duckDb.close();
  }
}
