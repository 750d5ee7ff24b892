import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';
import { until } from '../../until.js';

const MAIN = new URL('../../../dist/cli/main.js', import.meta.url).href;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;

function line(minute: number, status: number, client = '192.0.2.1'): string {
  const time = `2026-01-31T23:${String(minute).padStart(2, '0')}:00Z`;
  const event = {
    server: 'web-1',
    client_ip: client,
    method: 'GET',
    status,
    request_time: 0.25,
    host: 'a.example',
    country: 'CH',
  };
  return `${JSON.stringify({ ...event, '@timestamp': time })}\n`;
}

/** 60 requests, one a minute, every fourth of them a 404; and one of another client at midnight. */
beforeAll(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, 'data');
  const input = join(directory.path, 'access.json');
  const lines = Array.from({ length: 60 }, (_, minute) => line(minute, minute % 4 === 0 ? 404 : 200));
  const midnight = line(0, 500, '198.51.100.7').replace('2026-01-31T23', '2026-02-01T00');
  await writeFile(input, lines.join('') + midnight);
  const run = await millrace(['start', '--input', input, '--once', '--pipelines', 'goals', '--data-dir', dataDir]);
  expect(run.code, run.stderr).toBe(0);
  const write = await millrace(['lake', 'write', '--once', '--data-dir', dataDir]);
  expect(write.code, write.stderr).toBe(0);
  expect(write.stdout).toMatch(/^\d+ records? stored in 1 commit, \d+ files?$/m);
});

afterAll(() => directory.remove());

const query = (sql: string, ...args: readonly string[]) => millrace(['query', sql, '--data-dir', dataDir, ...args]);

/** The process that the process has started. */
async function childOf(pid: number | undefined): Promise<number | undefined> {
  const found = await promisify(execFile)('pgrep', ['-P', String(pid)]).catch(() => undefined);
  return found === undefined ? undefined : Number(found.stdout);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('millrace query', () => {
  it('has the whole table as logs, and each kind as a table', async () => {
    const { code, stderr, stdout } = await query(
      'SELECT kind, count(*) AS n FROM logs GROUP BY kind ORDER BY kind',
      '--format',
      'json',
    );
    expect(code, stderr).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      { kind: 'access', n: 61 },
      { kind: 'goal3', n: 45 },
      { kind: 'goal4', n: 61 },
    ]);
    const results = await query('SELECT sum("count")::INT AS n FROM goal3', '--format', 'csv');
    expect(results.stdout).toBe('n\n45\n');
  });

  it('prints a table, JSON lines or CSV', async () => {
    const sql = `SELECT client_ip, date, hour, 'a "b", c' AS text, NULL AS none FROM access WHERE status = 500`;
    expect((await query(sql)).stdout).toContain('│ 198.51.100.7 │ 2026-02-01 │ 0    │ a "b", c │      │');
    expect(jsonLines((await query(sql, '--format', 'json')).stdout)).toEqual([
      { client_ip: '198.51.100.7', date: '2026-02-01', hour: 0, text: 'a "b", c', none: null },
    ]);
    expect((await query(sql, '--format', 'csv')).stdout).toBe(
      'client_ip,date,hour,text,none\n198.51.100.7,2026-02-01,0,"a ""b"", c",\n',
    );
  });

  it('prints control characters as what they are', async () => {
    const { stdout } = await query("SELECT chr(27) || '[2J' || chr(10) || 'x' AS text");
    expect(stdout).toContain('│ \\x1b[2J\\x0ax │');
  });

  it("knows Spark's names for times", async () => {
    const { stderr, stdout } = await query(
      `SELECT date_format(timestamp, 'yyyy-MM-dd HH:mm') AS minute, timestamp < current_timestamp() AS past,
        date <= current_date() AS before FROM access ORDER BY timestamp DESC LIMIT 1`,
      '--format',
      'json',
    );
    expect(jsonLines(stdout), stderr).toEqual([{ minute: '2026-02-01 00:00', past: true, before: true }]);
  });

  it('refuses in a line, with exit code 2, and does nothing', async () => {
    const before = await readdir(directory.path, { recursive: true });
    const target = join(dataDir, 'lake', 'out.parquet');
    for (const sql of [`COPY logs TO '${target}'`, 'DROP VIEW logs', "SELECT * FROM read_text('/etc/passwd')"]) {
      const { code, stderr, stdout } = await query(sql);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^millrace: the query is refused: .*\n$/);
    }
    expect(await readdir(directory.path, { recursive: true })).toEqual(before);
  });

  it('says in a line what is wrong with a query, with exit code 1', async () => {
    for (const sql of ['SELECT nothing FROM logs', "SELECT CAST('x' AS INTEGER)"]) {
      const { code, stderr } = await query(sql);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^millrace: the query failed: .*\n$/);
    }
  });

  it('leaves out rows beyond a limit, and says so', async () => {
    const { code, stderr, stdout } = await query('SELECT status FROM access', '--max-rows', '7', '--format', 'csv');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(8);
    expect(stderr).toBe('there are more than 7 rows; --max-rows prints more\n');
    const whole = await query('SELECT status FROM access', '--max-rows', '61', '--format', 'csv');
    expect([whole.stdout.trim().split('\n').length, whole.stderr]).toEqual([62, '']);
  });

  it('ends a query that takes too long', async () => {
    const endless = 'SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11';
    const startedAt = performance.now();
    const { code, stderr } = await query(endless, '--timeout', '1s');
    expect([code, stderr]).toEqual([1, 'millrace: the query took longer than 1 s, and was ended\n']);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('ends a query that needs too much memory', async () => {
    const args = ['--memory-limit', '100MB', '--timeout', '50s'];
    for (const sql of [
      'SELECT list(a.range ORDER BY hash(a.range)) FROM range(100000000) a',
      "SELECT string_agg(repeat('x', 100000) || range, '') FROM range(1000000)",
    ]) {
      const { code, stderr } = await query(sql, ...args);
      expect([code, stderr]).toEqual([
        1,
        'millrace: the query needs more memory than it may have; select less, or give it more\n',
      ]);
    }
  });

  it('ends a query whose result is too large', async () => {
    const { code, stderr } = await query("SELECT repeat('x', 4000000) FROM range(20)", '--format', 'json');
    expect([code, stderr]).toEqual([1, 'millrace: the result is larger than 64 MiB; select less\n']);
  });

  it('is ended by Ctrl-C, and its process with it', async () => {
    const endless = 'SELECT count(*) FROM range(1000000000) a, range(1000000) b';
    const running = new Millrace(['query', endless, '--data-dir', dataDir]);
    const child = await until(() => childOf(running.process.pid));
    const { code, stderr } = await running.kill('SIGINT');
    expect([code, stderr]).toEqual([1, 'millrace: the query was interrupted\n']);
    await until(() => (isAlive(child) ? undefined : true));
  });

  it('says so where there is no table', async () => {
    const { code, stderr } = await millrace(['query', 'SELECT 1', '--lake', join(directory.path, 'none')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/there is no table in .*none; `millrace lake write` makes one/);
  });
});

describe('millrace analyze', () => {
  it('prints reports of what there is, and says what there is not', async () => {
    const { code, stderr, stdout } = await millrace(['analyze', '--data-dir', dataDir, '--format', 'json']);
    expect(code).toBe(0);
    expect(stderr).toContain('sessions: there are no service logs in the table\n');
    expect(jsonLines(stdout)).toEqual([
      { report: 'hosts', host: 'a.example', requests: 61, '4xx': 15, '5xx': 1, mean_s: 0.25, p95_s: 0.25 },
      { report: 'clients', client_ip: '192.0.2.1', country: 'CH', requests: 60, hosts: 1, errors: 15 },
      { report: 'clients', client_ip: '198.51.100.7', country: 'CH', requests: 1, hosts: 1, errors: 1 },
      {
        report: 'host-errors',
        host: 'a.example',
        hour: '2026-01-31 23:00:00+00',
        '4xx': 15,
        '5xx': 0,
        requests: 60,
        percent: 25,
      },
      {
        report: 'host-errors',
        host: 'a.example',
        hour: '2026-02-01 00:00:00+00',
        '4xx': 0,
        '5xx': 1,
        requests: 1,
        percent: 100,
      },
    ]);
  });

  it('can be asked for some of them, of a time', async () => {
    const args = ['analyze', 'clients', '--since', '2026-02-01T00:00Z', '--data-dir', dataDir];
    const { stderr, stdout } = await millrace([...args, '--format', 'csv']);
    expect(stdout, stderr).toBe('report,client_ip,country,requests,hosts,errors\nclients,198.51.100.7,CH,1,1,1\n');
    expect((await millrace(['analyze', 'nothing', '--data-dir', dataDir])).code).toBe(2);
  });
});

describe('millrace lake', () => {
  it('tells what the table holds, and of its commits', async () => {
    const described = await millrace(['lake', 'describe', '--data-dir', dataDir]);
    expect(described.stdout).toMatch(/access +│ 61 +│ 2 +│.*2026-01-31 23 │ 2026-02-01 00/);
    const history = await millrace(['lake', 'history', '--data-dir', dataDir]);
    expect(history.stdout).toMatch(/│ 0 +│ \d{4}-.*│ WRITE/);
  });

  it('refuses sources that cannot be told apart', async () => {
    const source = (...sources: readonly string[]) =>
      millrace(['lake', 'write', '--once', '--data-dir', dataDir, ...sources.flatMap((text) => ['--source', text])]);
    expect((await source('Access=test-inter')).stderr).toContain('must be lower-case');
    expect((await source('logs=test-inter')).stderr).toContain('that is the view of all of them');
    expect((await source('a=test-inter', 'b=test-inter')).stderr).toContain('is of kind a already');
    expect((await source('test-inter')).code).toBe(2);
  });
});

describe('the program', () => {
  it('loads DuckDB only where there is a lake to read or write', async () => {
    const program = join(directory.path, 'shared-objects.mjs');
    await writeFile(
      program,
      `const { main } = await import(${JSON.stringify(MAIN)});
       await main(process.argv.slice(2));
       console.log(process.report.getReport().sharedObjects.some((path) => path.includes('duckdb')));`,
    );
    const loads = async (...args: readonly string[]) => {
      const { stdout } = await millrace(args, { program });
      return stdout.trim().split('\n').at(-1);
    };
    expect(await loads('start', '--count', '10', '--once', '--data-dir', join(directory.path, 'fresh'))).toBe('false');
    expect(await loads('analyze', '--data-dir', dataDir)).toBe('true');
  });
});
