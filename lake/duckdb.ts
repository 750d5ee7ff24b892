import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, Json } from '@duckdb/node-api';
import { LakeError } from './lake-error.js';

/** DuckDB's module; its types cost nothing, its library is loaded by `openDuckDb` alone. */
export type DuckDbModule = typeof import('@duckdb/node-api');

/** A DuckDB in memory, for who asks it. */
export interface OpenDuckDb {
  readonly module: DuckDbModule;
  readonly connection: DuckDBConnection;
  /** The rows of a query as objects, big numbers as strings. */
  rows<Row extends Readonly<Record<string, Json>>>(sql: string): Promise<Row[]>;
  run(sql: string): Promise<void>;
}

/** A DuckDB in memory, for the caller that opened it. */
export interface DuckDb extends OpenDuckDb {
  close(): void;
}

/** The same, with a directory of its own. */
export interface TableDuckDb extends OpenDuckDb {
  close(): Promise<void>;
}

/** Settings of every DuckDB here: it fetches and loads nothing by itself. */
const SETTINGS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
};

/** What a DuckDB that works on a table begins the name of its directory for what does not fit into memory with. */
export const SPILL_PREFIX = '_spill-';

/** A DuckDB for work on a table: what does not fit into memory goes into a directory in the table's, until `close`. */
export async function openTableDuckDb(directory: string): Promise<TableDuckDb> {
  const spill = join(directory, `${SPILL_PREFIX}${randomUUID()}`);
  const duckDb = await openDuckDb({ threads: '2', memory_limit: '1GB', temp_directory: spill });
  return {
    ...duckDb,
    close: async () => {
      duckDb.close();
      await rm(spill, { recursive: true, force: true });
    },
  };
}

/**
 * @param settings DuckDB's own, such as `{ memory_limit: '512MB' }`
 * @throws LakeError DUCKDB_MISSING
 */
export async function openDuckDb(settings: Readonly<Record<string, string>> = {}): Promise<DuckDb> {
  // A library of 70 MB: only those who use a lake load it.
  const module = await import('@duckdb/node-api').catch((cause: Error) => {
    throw new LakeError('DUCKDB_MISSING', `the lake needs DuckDB, which cannot be loaded here: ${cause.message}`, {
      cause,
    });
  });
  const instance = await module.DuckDBInstance.create(':memory:', { ...SETTINGS, ...settings });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    module,
    connection,
    rows: async <Row>(sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Row[],
    run: async (sql) => {
      await connection.run(sql);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Quotes a name. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
