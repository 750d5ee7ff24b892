import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type Json } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../until.js';
import { Millrace, millrace, temporaryDirectory } from '../millrace.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: Millrace;
let url: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  const run = await millrace(['start', '--data-dir', dataDir, '--lake', '--once', '--count', '20000', '--seed', '3']);
  expect(run.code, run.stderr).toBe(0);
  server = new Millrace(['serve', '--data-dir', dataDir, '--http', '127.0.0.1:0', '--no-auth']);
  url = await until(() => /http:\/\/\S+/.exec(server.stdout)?.[0], { progress: () => server.stderr });
  await until(async () => (await fetch(`${url}/health/ready`)).status === 200);
});

afterAll(async () => {
  await server?.kill('SIGTERM');
  await directory?.remove();
});

const exported = (body: object) =>
  fetch(`${url}/api/v1/query/export`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Millrace': '1' },
    body: JSON.stringify(body),
  });

interface ReadBack {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, Json>>[];
}

/** What plain DuckDB reads of a file. */
async function readBack(answer: Response): Promise<ReadBack> {
  expect(answer.status, answer.status === 200 ? '' : await answer.clone().text()).toBe(200);
  const path = join(directory.path, 'exported.parquet');
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const reader = await connection.runAndReadAll(`FROM read_parquet('${path}')`);
    const types = reader.columnTypes().map(String);
    return {
      types: Object.fromEntries(reader.columnNames().map((name, index) => [name, types[index] ?? ''])),
      rows: reader.getRowObjectsJson(),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

it('a query exported as Parquet has the values, types and times that it answers', async () => {
  const sql = `SELECT 'a; -- "b"' AS words, 9007199254740993 AS large, 1.5::DOUBLE AS half, sum(9007199254740993) AS sum,
    true AS yes, NULL::VARCHAR AS nothing, TIMESTAMPTZ '2026-11-27 14:02:05.123456+00' AS moment, DATE '2026-11-27' AS day,
    [1, 2] AS list; -- the end`;
  const answer = await exported({ sql });
  expect(answer.headers.get('Content-Type')).toBe('application/vnd.apache.parquet');
  expect(answer.headers.get('Content-Disposition')).toMatch(
    /^attachment; filename="millrace-result-[\dT-]+\.parquet"$/,
  );
  const { rows, types } = await readBack(answer);
  expect(types).toEqual({
    ...{ words: 'VARCHAR', large: 'BIGINT', half: 'DOUBLE', sum: 'DECIMAL(38,0)', yes: 'BOOLEAN', nothing: 'VARCHAR' },
    ...{ moment: 'TIMESTAMP WITH TIME ZONE', day: 'DATE', list: 'INTEGER[]' },
  });
  expect(rows).toEqual([
    {
      ...{
        words: 'a; -- "b"',
        large: '9007199254740993',
        half: 1.5,
        sum: '9007199254740993',
        yes: true,
        nothing: null,
      },
      ...{ moment: '2026-11-27 14:02:05.123456+00', day: '2026-11-27', list: [1, 2] },
    },
  ]);
});

it('a query exported has all of its rows in its order, in each format', async () => {
  const sql = 'SELECT service, level, timestamp FROM service ORDER BY timestamp DESC, service, message LIMIT 3000';
  const { rows } = await readBack(await exported({ sql }));
  expect(rows).toHaveLength(3_000);
  const times = rows.map(({ timestamp }) => String(timestamp));
  expect(times).toEqual(times.toSorted().reverse());
  const ndjson = (await (await exported({ sql, format: 'ndjson' })).text()).trimEnd().split('\n');
  expect(ndjson.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
  const csv = (await (await exported({ sql, format: 'csv' })).text()).trimEnd().split('\n');
  expect(csv).toEqual(['service,level,timestamp', ...rows.map((row) => Object.values(row).join(','))]);
});

it('in CSV no text of a query is a formula', async () => {
  const sql = `SELECT unnest(['=1+1', '@x', '-12.5', 'plain', NULL]) AS words`;
  expect(await (await exported({ sql, format: 'csv' })).text()).toBe("words\n'=1+1\n'@x\n-12.5\nplain\n\n");
});

it('more rows than are allowed are refused, and so is what a query may not do', async () => {
  const detailOf = async (body: object) => {
    const answer = await exported(body);
    return { status: answer.status, detail: ((await answer.json()) as { detail: string }).detail };
  };
  expect(await detailOf({ sql: 'SELECT * FROM generate_series(1, 11)', max_rows: 10 })).toEqual({
    status: 422,
    detail: 'the result is larger than 10 rows; select less, or by LIMIT',
  });
  const written = join(directory.path, 'written.csv');
  for (const sql of [
    `COPY (SELECT 1) TO '${written}'`,
    `SELECT 1; COPY (SELECT 1) TO '${written}'`,
    'SELECT 1) TO STDOUT; --',
    'SELECT * FROM _millrace_result',
    'DROP VIEW service',
  ]) {
    expect((await detailOf({ sql })).status, sql).toBe(422);
  }
});

it.each(['services', 'requests', 'sensors'])('%s exported as Parquet are the lines of the list', async (source) => {
  const search = `source=${source}&from=0&limit=500`;
  const listed = (await (await fetch(`${url}/api/v1/logs?${search}`)).json()) as { items: Record<string, Json>[] };
  const { rows, types } = await readBack(await fetch(`${url}/api/v1/logs/export?${search}&format=parquet`));
  expect(rows).toHaveLength(500);
  expect(types['time']).toBe('TIMESTAMP WITH TIME ZONE');
  const numbers = { services: 'response_time', requests: 'request_time', sensors: 'temperature' }[source] ?? '';
  expect(types[numbers]).toBe('DOUBLE');
  const timeOf = (time: Json | undefined) => Date.parse(String(time).replace(' ', 'T').replace(/\+00$/, 'Z'));
  for (const [index, row] of rows.entries()) {
    const line = listed.items[index] ?? {};
    expect(timeOf(row['time'])).toBe(line['time']);
    for (const [name, value] of Object.entries(row)) {
      if (name === 'time') continue;
      const wanted = line[name] ?? null;
      const isWhole = types[name] === 'BIGINT' && value !== null;
      const isMap = typeof wanted === 'object' && wanted !== null;
      expect(isWhole ? Number(value) : isMap ? JSON.parse(String(value)) : value, name).toEqual(wanted);
    }
  }
});
