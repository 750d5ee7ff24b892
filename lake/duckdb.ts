import type { DuckDBConnection, Json } from '@duckdb/node-api';

/** DuckDB's module; its types cost nothing, its library is loaded by `openDuckDb` alone. */
export type DuckDbModule = typeof import('@duckdb/node-api');

/** A DuckDB of its own in memory. */
export interface DuckDb {
  readonly module: DuckDbModule;
  readonly connection: DuckDBConnection;
  /** The rows of a query as objects, big numbers as strings. */
  rows<Row extends Readonly<Record<string, Json>>>(sql: string): Promise<Row[]>;
  run(sql: string): Promise<void>;
  close(): void;
}

/** What every DuckDB here is told: nothing is fetched or loaded behind our back. */
const SETTINGS = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
};

/** @param settings DuckDB's own, such as `{ memory_limit: '512MB' }` */
export async function openDuckDb(settings: Readonly<Record<string, string>> = {}): Promise<DuckDb> {
  // A library of 70 MB: only those who use a lake load it.
  const module = await import('@duckdb/node-api');
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
