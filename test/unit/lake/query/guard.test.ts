import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DuckDb, openDuckDb } from '../../../../lake/duckdb.js';
import { requireHarmless } from '../../../../lake/query/guard.js';

const TABLES = new Set(['logs', 'access', 'web_stats']);
let duckDb: DuckDb;

beforeAll(async () => {
  duckDb = await openDuckDb({ threads: '1' });
  for (const table of TABLES) {
    await duckDb.run(
      `CREATE VIEW ${table} AS SELECT 'a' AS kind, 1 AS status, now() AS "timestamp", 'h' AS host, [1] AS list`,
    );
  }
});

afterAll(() => duckDb.close());

/** Each with what the refusal must say. */
const HOSTILE: readonly (readonly [sql: string, why: RegExp])[] = [
  // Statements that are no SELECT.
  ["COPY (SELECT 1) TO '/tmp/out.csv'", /only SELECT/],
  ["COPY logs TO 'out.parquet' (FORMAT parquet)", /only SELECT/],
  ["COPY logs FROM 'in.csv'", /only SELECT/],
  ['DROP VIEW logs', /only SELECT/],
  ['CREATE TABLE t AS SELECT 1', /only SELECT/],
  ['CREATE OR REPLACE VIEW logs AS SELECT 1', /only SELECT/],
  ['CREATE MACRO now() AS 1', /only SELECT/],
  ['INSERT INTO logs VALUES (1)', /only SELECT/],
  ['DELETE FROM logs', /only SELECT/],
  ['UPDATE logs SET status = 1', /only SELECT/],
  ["ATTACH '/tmp/other.duckdb'", /only SELECT/],
  ['DETACH memory', /only SELECT/],
  ["EXPORT DATABASE '/tmp/dump'", /only SELECT/],
  ["IMPORT DATABASE '/tmp/dump'", /only SELECT/],
  ['INSTALL httpfs', /only SELECT/],
  ["LOAD '/tmp/evil.duckdb_extension'", /only SELECT/],
  ['SET enable_external_access = true', /only SELECT/],
  ["SET VARIABLE x = (SELECT 'a')", /only SELECT/],
  ['RESET memory_limit', /only SELECT/],
  ["PRAGMA memory_limit = '100GB'", /only SELECT/],
  ['PRAGMA database_list', /only SELECT/],
  ['CALL pragma_version()', /only SELECT/],
  ['CHECKPOINT', /only SELECT/],
  ['VACUUM', /only SELECT/],
  ['BEGIN', /only SELECT/],
  ['USE memory', /only SELECT/],
  ['PREPARE p AS SELECT 1', /only SELECT/],
  ['EXECUTE p', /only SELECT/],
  ['EXPLAIN ANALYZE SELECT 1', /only SELECT/],
  ["CREATE SECRET (TYPE s3, KEY_ID 'x')", /only SELECT/],
  ['WITH x AS (SELECT 1) INSERT INTO logs SELECT * FROM x', /only SELECT/],
  ['WITH x AS (DELETE FROM logs RETURNING *) SELECT * FROM x', /./],
  // More than one, or none.
  ['SELECT 1; DROP VIEW logs', /only SELECT/],
  ['SELECT 1; SELECT 2', /not 2/],
  ['', /not 0/],
  ['-- nothing', /not 0/],
  ['SELECT 1 WHERE', /syntax error/],
  ['SELECT 1\0; DROP VIEW logs', /zero character/],
  [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, /memory exhausted/],
  [`SELECT ${'1+'.repeat(15_000)}1`, /depth/],
  // Files.
  ["SELECT * FROM '/etc/passwd'", /no table "\/etc\/passwd"/],
  ['SELECT * FROM "/etc/passwd"', /no table/],
  ["SELECT * FROM read_csv('/etc/passwd')", /read_csv is not allowed/],
  ["SELECT * FROM READ_CSV_AUTO('/etc/passwd')", /not allowed/],
  ["SELECT * FROM read_text('/etc/passwd')", /read_text is not allowed/],
  ["SELECT * FROM read_blob('/proc/self/environ')", /read_blob is not allowed/],
  ["SELECT * FROM read_parquet('x.parquet')", /read_parquet is not allowed/],
  ["SELECT * FROM parquet_scan('x.parquet')", /parquet_scan is not allowed/],
  ["SELECT * FROM parquet_metadata('x.parquet')", /parquet_metadata is not allowed/],
  ["SELECT * FROM read_json_objects('x.json')", /not allowed/],
  ["SELECT * FROM read_duckdb('x.duckdb')", /not allowed/],
  ["SELECT * FROM glob('/**')", /glob is not allowed/],
  ["SELECT * FROM sniff_csv('/etc/passwd')", /sniff_csv is not allowed/],
  ["SELECT (SELECT content FROM read_text('/etc/passwd')) FROM logs", /read_text is not allowed/],
  ["SELECT * FROM logs WHERE host IN (SELECT content FROM read_text('/etc/passwd'))", /read_text is not allowed/],
  ["SELECT * FROM logs JOIN (SELECT * FROM glob('*')) g ON true", /glob is not allowed/],
  ["SELECT 1 UNION ALL SELECT content FROM read_text('/etc/passwd')", /read_text is not allowed/],
  ["WITH f AS (FROM read_text('/etc/passwd')) SELECT * FROM f", /read_text is not allowed/],
  ["SELECT 1 ORDER BY (SELECT content FROM read_text('/etc/passwd'))", /read_text is not allowed/],
  ["SELECT 1 LIMIT (SELECT size FROM read_text('/etc/passwd'))", /read_text is not allowed/],
  ["SELECT 1 FROM logs GROUP BY (SELECT content FROM read_text('/etc/passwd'))", /read_text is not allowed/],
  ["SELECT sum(1) OVER (ORDER BY (SELECT size FROM read_text('/etc/passwd'))) FROM logs", /read_text is not allowed/],
  ["SELECT list_transform([1], x -> (SELECT content FROM read_text('/etc/passwd')))", /read_text is not allowed/],
  ["SELECT count(*) FILTER ((SELECT size FROM read_text('/etc/passwd')) > 1) FROM logs", /read_text is not allowed/],
  ["SELECT * FROM range((SELECT size FROM read_text('/etc/passwd')))", /read_text is not allowed/],
  ["SELECT * FROM (VALUES ((SELECT content FROM read_text('/etc/passwd'))))", /read_text is not allowed/],
  ['SELECT * FROM (WITH "/etc/passwd" AS (SELECT 1) SELECT 1), "/etc/passwd"', /may not give the name/],
  ["SELECT * FROM query('DROP VIEW logs')", /query is not allowed/],
  ["SELECT * FROM query_table('/etc/passwd')", /query_table is not allowed/],
  ["SELECT * FROM json_execute_serialized_sql('{}')", /not allowed/],
  ["SELECT json_serialize_sql('SELECT 1')", /not allowed/],
  // What the process, the settings and the catalog hold.
  ["SELECT getenv('HOME')", /getenv is not allowed/],
  ["SELECT ('HOME').getenv()", /getenv is not allowed/],
  ["SELECT main.getenv('HOME')", /getenv is not allowed/],
  ["SELECT system.main.upper('a')", /not allowed/],
  ["SELECT current_setting('memory_limit')", /current_setting is not allowed/],
  ["SELECT getvariable('x')", /getvariable is not allowed/],
  ['SELECT * FROM duckdb_settings()', /duckdb_settings is not allowed/],
  ['SELECT * FROM duckdb_secrets()', /duckdb_secrets is not allowed/],
  ['SELECT * FROM duckdb_views', /no table "duckdb_views"/],
  ['SELECT * FROM information_schema.tables', /no table "information_schema.tables"/],
  ['SELECT * FROM pg_catalog.pg_class', /no table/],
  ['SELECT * FROM sqlite_master', /no table/],
  ['WITH sqlite_master AS (SELECT * FROM sqlite_master) SELECT * FROM sqlite_master', /may not give the name/],
  ["SELECT * FROM pragma_table_info('logs')", /pragma_table_info is not allowed/],
  ['SELECT * FROM checkpoint()', /checkpoint is not allowed/],
  ["SELECT * FROM enable_logging('QueryLog')", /enable_logging is not allowed/],
  ['SELECT * FROM enable_peg_parser()', /enable_peg_parser is not allowed/],
  ["SELECT write_log('x')", /write_log is not allowed/],
  ['SELECT sleep_ms(1000000)', /sleep_ms is not allowed/],
  ["SELECT nextval('s')", /nextval is not allowed/],
  ['DESCRIBE logs', /lake describe/],
  ['SHOW TABLES', /lake describe/],
  ['SELECT * FROM (DESCRIBE logs)', /lake describe/],
  ['SUMMARIZE logs', /lake describe/],
  ['SELECT * FROM logs WHERE status = ?', /parameter/],
  ['SELECT date_format(now(), host) FROM logs', /pattern/],
];

const HARMLESS: readonly string[] = [
  'SELECT * FROM logs',
  'select count(*), avg(status) from LOGS where status between 400 and 499 group by host having count(*) > 1;',
  'WITH errors AS (SELECT * FROM logs WHERE status >= 500) SELECT host, count(*) FROM errors GROUP BY ALL ORDER BY 2 DESC LIMIT 5',
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n',
  'FROM access SELECT host LIMIT 1',
  'VALUES (1, 2)',
  'SELECT a.host FROM access a LEFT JOIN web_stats w USING (host) WHERE a.status IN (SELECT status FROM logs)',
  'SELECT row_number() OVER (PARTITION BY host ORDER BY "timestamp") FROM logs QUALIFY row_number() OVER () = 1',
  "SELECT CASE WHEN status > 399 THEN 'error' ELSE 'ok' END, coalesce(host, ''), host LIKE 'a%', CAST(status AS DECIMAL(9, 2)) FROM logs",
  'SELECT list_transform(list, x -> x + 1), list[1], unnest(list), struct_pack(a := 1).a FROM logs',
  'SELECT date_trunc(\'hour\', "timestamp"), "timestamp" > current_timestamp() - INTERVAL 1 DAY, current_date() FROM logs',
  'SELECT date_format("timestamp", \'yyyy-MM-dd HH:mm\') FROM logs',
  'SELECT * FROM range(10) t(n) CROSS JOIN unnest([1, 2])',
  'SELECT * EXCLUDE (list) REPLACE (status + 1 AS status) FROM logs ORDER BY ALL',
  'SELECT DISTINCT ON (host) * FROM logs UNION BY NAME SELECT * FROM access',
  'SELECT * FROM logs PIVOT (count(*) FOR status IN (1, 2))',
  'SELECT * FROM logs USING SAMPLE 10 ROWS',
  "SELECT approx_quantile(status, 0.99), string_agg(host, ',' ORDER BY host), count(*) FILTER (status > 1) FROM logs",
  "SELECT '{\"a\": 1}'::JSON ->> '$.a', EXISTS (SELECT 1 FROM logs), status NOT IN (1, 2), NOT (status IS NULL) FROM logs",
  "SELECT host, 'read_text(x); DROP VIEW logs' AS text FROM logs -- COPY logs TO 'x'",
  "SELECT COLUMNS('sta.*'), max(COLUMNS(* EXCLUDE list)) FROM logs GROUP BY ALL",
  'SELECT extract(hour FROM "timestamp"), status::VARCHAR || host, -status, 9007199254740993 FROM logs',
];

describe('what a query may be', () => {
  it.each(HOSTILE.map(([sql, why]) => [sql.slice(0, 100), sql, why] as const))(
    'refuses: %s',
    async (_name, sql, why) => {
      const refusal = await requireHarmless(duckDb, sql, TABLES).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'QUERY_REFUSED', message: expect.stringMatching(why) });
      expect((refusal as Error).message).not.toContain('\n');
    },
  );

  it.each(HARMLESS)('accepts: %s', async (sql) => {
    await requireHarmless(duckDb, sql, TABLES);
    // What is accepted is also SQL that DuckDB can bind; Spark's functions are made later.
    if (!/current_timestamp\(|date_format/.test(sql)) (await duckDb.connection.prepare(sql)).destroySync();
  });
});
