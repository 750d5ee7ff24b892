import { execFile } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Schema } from 'avsc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeltaLog } from '../../../lake/delta/delta-log.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { optimize } from '../../../lake/optimize.js';
import type { LakeSource } from '../../../lake/sources.js';
import { Downloads, defaultCacheDirectory } from '../../../stack/downloads.js';
import { StackError } from '../../../stack/stack-error.js';
import { temporaryDirectory } from '../millrace.js';
import { openDataDirectory, type Produced, produce, REQUEST, type Request, requests } from './events.js';
import { selectStored } from './stored.js';

const PARTITIONS = 2;
const SOURCES: readonly LakeSource[] = [{ kind: 'access', topic: 'requests' }];
const SCRIPT = fileURLToPath(new URL('delta-table.py', import.meta.url));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: Awaited<ReturnType<typeof openDataDirectory>>;
let lake: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  data = await openDataDirectory(directory.path);
  lake = join(directory.path, 'lake');
  await data.log.ensureTopic('requests', { partitions: PARTITIONS });
});

afterEach(async () => {
  await data.log.close();
  await directory.remove();
});

/** Stores what the topics hold now, in commits of about so many rows. */
async function store(sources = SOURCES, maxRows = 1000): Promise<LakeWriter> {
  const writer = await LakeWriter.open({ ...data, directory: lake, sources, maxRows });
  try {
    await writer.drain();
  } finally {
    await writer.close();
  }
  return writer;
}

/** The requests as rows: time in milliseconds. */
function rowsOf(produced: readonly Produced<Request>[]) {
  const offsets = Array.from({ length: PARTITIONS }, () => 0);
  const rows = produced.map(({ key, partition, value }) => {
    const time = new Date(value?.timestamp ?? 0).toISOString();
    const offset = (offsets[partition] as number)++;
    return { p: partition, o: offset, key, ...value, d: time.slice(0, 10), h: Number(time.slice(11, 13)) };
  });
  return rows.sort((a, b) => a.p - b.p || a.o - b.o);
}

const STORED = `SELECT kafka_partition::INT AS p, kafka_offset::INT AS o, key, host, status::INT AS status, request_time,
  epoch_ms("timestamp")::DOUBLE AS "timestamp", "date"::VARCHAR AS d, "hour"::INT AS h FROM t ORDER BY p, o`;

/** Why deltalake cannot be had on this machine; what is missing is downloaded. */
async function deltalake(): Promise<{ readonly path?: string; readonly reason?: string }> {
  try {
    return { path: await new Downloads(defaultCacheDirectory()).pythonPackage('deltalake', '1.6.6') };
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    console.warn(`skipped, for deltalake cannot be had here: ${error.message}`);
    return { reason: error.message };
  }
}

const { path: pythonPath, reason } = await deltalake();

async function python<T>(...args: readonly string[]): Promise<T> {
  const env = { ...process.env, PYTHONPATH: pythonPath };
  const { stdout } = await promisify(execFile)('python3', [SCRIPT, lake, ...args], { env, maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as T;
}

describe.skipIf(reason)('deltalake on a table of ours', () => {
  const read = () =>
    python<object[]>(
      'query',
      `SELECT kafka_partition AS p, kafka_offset AS o, key, host, status, request_time,
        CAST(to_timestamp_millis("timestamp") AS BIGINT)::DOUBLE AS "timestamp", CAST("date" AS VARCHAR) AS d, "hour" AS h
        FROM t ORDER BY p, o`,
    );

  it('reads every record once, with its values', async () => {
    const produced = requests(5000, PARTITIONS, 3);
    await produce(data, 'requests', REQUEST, produced);
    await store();
    expect(await read()).toEqual(rowsOf(produced));
    expect(await python('transaction', 'millrace/requests/1')).toBe(2500);
  });

  it('prunes files by kind, date and hour, and by statistics', async () => {
    const produced = requests(2000, PARTITIONS, 4);
    await produce(data, 'requests', REQUEST, produced);
    await store();
    const all = await python<string[]>('files', "kind = 'access'");
    const hour = await python<string[]>('files', "date = '2026-02-01' AND hour = 1");
    expect(hour.length).toBeGreaterThan(0);
    expect(hour.every((path) => path.includes('date=2026-02-01/hour=1/'))).toBe(true);
    expect(hour.length).toBeLessThan(all.length);
    // Offsets 0 to 999 of each partition, in commits of about 1,000 rows.
    const late = await python<string[]>('files', 'kafka_offset >= 990');
    expect(late.length).toBeGreaterThan(0);
    expect(late.length).toBeLessThan(all.length);
    expect(await python('files', 'kafka_offset > 999')).toEqual([]);
  });

  it('optimizes it, and the writer goes on after that', async () => {
    const produced = requests(4000, PARTITIONS, 5);
    await produce(data, 'requests', REQUEST, produced.slice(0, 2000));
    await store(SOURCES, 500);
    const { numFilesAdded, numFilesRemoved } = await python<Record<string, number>>('optimize');
    expect(numFilesRemoved).toBeGreaterThan(numFilesAdded as number);
    await produce(data, 'requests', REQUEST, produced.slice(2000));
    await store();
    expect(await read()).toEqual(rowsOf(produced));
    expect(await selectStored(lake, STORED)).toEqual(rowsOf(produced));
  });

  it('reads it after our optimize', async () => {
    const produced = requests(4000, PARTITIONS, 6);
    await produce(data, 'requests', REQUEST, produced);
    await store(SOURCES, 500);
    const { filesAdded, filesRemoved } = await optimize(lake);
    expect(filesRemoved).toBeGreaterThan(filesAdded);
    expect(filesAdded).toBe(4);
    expect(await read()).toEqual(rowsOf(produced));
  });

  it('and we read each other’s checkpoints, also without the commits before them', async () => {
    const produced = requests(8000, PARTITIONS, 8);
    await produce(data, 'requests', REQUEST, produced);
    await store(SOURCES, 500);
    const version = (await new DeltaLog(lake).require()).version;
    expect(version).toBeGreaterThan(10);
    await removeCommits(10);
    expect(await read()).toEqual(rowsOf(produced));
    const ours = await new DeltaLog(lake).require();
    expect(ours.transactions.get('millrace/requests/0')?.version).toBe(4000);

    await python('checkpoint');
    await removeCommits(version);
    const theirs = await new DeltaLog(lake).require();
    expect([...theirs.files.keys()].sort()).toEqual([...ours.files.keys()].sort());
    expect(theirs.transactions.get('millrace/requests/1')?.version).toBe(4000);
    await produce(data, 'requests', REQUEST, requests(10, PARTITIONS, 9));
    expect((await store()).metrics.records).toBe(10);
    expect(await python('query', 'SELECT count(*) AS n FROM t')).toEqual([{ n: 8010 }]);
  });

  it('reads a table whose columns have become more', async () => {
    await produce(data, 'requests', REQUEST, requests(10, PARTITIONS, 10));
    await store();
    const { fields } = REQUEST as unknown as { fields: object[] };
    const more = { ...(REQUEST as object), fields: [...fields, { name: 'bytes', type: 'long', default: 0 }] } as Schema;
    const value = { host: 'h', status: 200, request_time: null, timestamp: 0, bytes: 7 };
    await produce(data, 'requests', more, [{ partition: 0, timestamp: 0, key: null, value }]);
    await store();
    expect(await python('query', 'SELECT bytes, count(*) AS n FROM t GROUP BY bytes ORDER BY n')).toEqual([
      { bytes: 7, n: 1 },
      { bytes: null, n: 10 },
    ]);
  });

  async function removeCommits(upTo: number): Promise<void> {
    const log = join(lake, '_delta_log');
    for (const name of await readdir(log)) {
      if (/^\d{20}\.json$/.test(name) && Number(name.slice(0, 20)) <= upTo) await rm(join(log, name));
    }
  }
});

describe('a lake writer', () => {
  it('beside another one stores each record once', async () => {
    const produced = requests(6000, PARTITIONS, 11);
    await produce(data, 'requests', REQUEST, produced);
    const warnings: string[] = [];
    const options = { ...data, directory: lake, sources: SOURCES, maxRows: 200 };
    const writers = await Promise.all(
      [1, 2].map(() => LakeWriter.open({ ...options, onWarning: (message) => warnings.push(message) })),
    );
    await Promise.all(writers.map((writer) => writer.drain()));
    for (const writer of writers) await writer.close();
    expect(await selectStored(lake, STORED)).toEqual(rowsOf(produced));
    expect(writers.reduce((sum, { metrics }) => sum + metrics.records, 0)).toBe(6000);
    expect(warnings.join()).toContain('another writer has stored');
  });

  it('stores what it cannot decode as bytes, and null as null', async () => {
    const transaction = data.log.transaction();
    transaction.append('requests', 0, Date.UTC(2026, 1, 1, 5), Buffer.from('k'), Buffer.from('no avro'));
    transaction.append('requests', 0, Date.UTC(2026, 1, 1, 5), null, Buffer.from([0, 0, 0, 3, 231, 1]));
    transaction.append('requests', 0, Date.UTC(2026, 1, 1, 5), Buffer.from('deleted'), null);
    await transaction.commit();
    expect((await store()).metrics).toMatchObject({ records: 3, undecoded: 2 });
    expect(await selectStored(lake, 'SELECT key, raw_value, "hour"::INT AS h FROM t ORDER BY kafka_offset')).toEqual([
      { key: 'k', raw_value: 'no avro', h: 5 },
      { key: null, raw_value: '\\x00\\x00\\x00\\x03\\xE7\\x01', h: 5 },
      { key: 'deleted', raw_value: null, h: 5 },
    ]);
  });

  it('gives fields of one name and different types columns of their own', async () => {
    const record = (name: string, type: unknown) =>
      ({ type: 'record', name: 'Reading', fields: [{ name, type }] }) as unknown as Schema;
    await data.log.ensureTopic('other', { partitions: 1 });
    await data.log.ensureTopic('third', { partitions: 1 });
    const at = { partition: 0, timestamp: 1, key: null };
    await produce(data, 'requests', record('id', 'double'), [{ ...at, value: { id: 1.5 } }]);
    await produce(data, 'other', record('id', 'long'), [{ ...at, value: { id: 2 } }]);
    await produce(data, 'third', record('ID', 'string'), [{ ...at, value: { ID: 'three' } }]);
    const kinds = ['requests', 'other', 'third'];
    await store(kinds.map((topic) => ({ kind: topic, topic })));
    expect(await selectStored(lake, 'SELECT kind, id, "ID_string" FROM t ORDER BY id')).toEqual([
      { kind: 'requests', id: 1.5, ID_string: null },
      { kind: 'other', id: 2, ID_string: null },
      { kind: 'third', id: null, ID_string: 'three' },
    ]);
  });

  it('says so when the log is not the one that the table is from', async () => {
    await produce(data, 'requests', REQUEST, requests(10, PARTITIONS, 12));
    await store();
    const other = await openDataDirectory(join(directory.path, 'other'));
    await other.log.ensureTopic('requests', { partitions: PARTITIONS });
    const writer = await LakeWriter.open({ ...other, directory: lake, sources: SOURCES });
    await expect(writer.drain()).rejects.toMatchObject({ code: 'LOG_IS_ANOTHER' });
    await writer.close();
    await other.log.close();
  });

  it('says so when records were deleted before they were stored, and goes on', async () => {
    await produce(data, 'requests', REQUEST, requests(1000, PARTITIONS, 13));
    await store();
    await produce(data, 'requests', REQUEST, requests(1000, PARTITIONS, 14));
    await produce(data, 'requests', REQUEST, requests(1000, PARTITIONS, 15));
    await data.log.deleteRecords({ topic: 'requests', partition: 0 }, 1000);
    const start = await data.log.startOffset({ topic: 'requests', partition: 0 });
    expect(start).toBeGreaterThan(500);
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const writer = await LakeWriter.open({ ...data, directory: lake, sources: SOURCES, onWarning });
    await writer.drain();
    await writer.close();
    expect(warnings).toEqual([
      `requests partition 0: the records from offset 500 to ${start} were deleted from the log before they were stored`,
    ]);
    expect(writer.metrics.records).toBe(2000 - (start - 500));
  });

  it('stores topics and partitions that are made while it runs, and stops in order', async () => {
    const stop = new AbortController();
    const sources = [...SOURCES, { kind: 'late', topic: 'late' }];
    const writer = await LakeWriter.open({ ...data, directory: lake, sources, commitIntervalMs: 50 });
    const running = writer.run(stop.signal);
    await data.log.ensureTopic('late', { partitions: 1 });
    await produce(data, 'late', REQUEST, requests(5, 1, 16));
    await expect.poll(() => writer.metrics.records, { timeout: 20_000 }).toBe(5);
    await produce(data, 'late', REQUEST, requests(3, 1, 17));
    stop.abort();
    await running;
    await writer.close();
    const next = await store(sources);
    expect(writer.metrics.records + next.metrics.records).toBe(8);
    expect(await selectStored(lake, 'SELECT count(*)::INT AS n FROM t')).toEqual([{ n: 8 }]);
  });

  it('says in a line that a file cannot be written, and leaves the table as it was', async () => {
    await produce(data, 'requests', REQUEST, requests(10, PARTITIONS, 19));
    await store();
    await produce(data, 'requests', REQUEST, requests(10, PARTITIONS, 20));
    await rename(join(lake, 'kind=access'), join(lake, 'moved'));
    await writeFile(join(lake, 'kind=access'), 'a file is in the way');
    const failure = await store().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'LAKE_IO', message: expect.stringMatching(/cannot be written: .*$/) });
    await rm(join(lake, 'kind=access'));
    await rename(join(lake, 'moved'), join(lake, 'kind=access'));
    expect((await store()).metrics.records).toBe(10);
    expect(await selectStored(lake, 'SELECT count(*)::INT AS n FROM t')).toEqual([{ n: 20 }]);
  });

  it('writes commits that a plain reader of JSON finds in order', async () => {
    await produce(data, 'requests', REQUEST, requests(100, PARTITIONS, 18));
    await store();
    const text = await readFile(join(lake, '_delta_log', '00000000000000000000.json'), 'utf8');
    const actions = text
      .trim()
      .split('\n')
      .map((line) => Object.keys(JSON.parse(line) as object)[0]);
    expect(actions.slice(0, 5)).toEqual(['commitInfo', 'protocol', 'metaData', 'txn', 'txn']);
    expect(new Set(actions.slice(5))).toEqual(new Set(['add']));
  });
});
