import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { LakeLines } from '../../../lake/lines/lake-lines.js';
import type { LinesQuestion } from '../../../lake/lines/lines-question.js';
import { until } from '../../until.js';
import { temporaryDirectory } from '../millrace.js';
import { openDataDirectory, produce, REQUEST, requests } from './events.js';

/** As it was built. */
const PROGRAM = fileURLToPath(new URL('../../../dist/lake/lines/lines-process.js', import.meta.url));
const SQL = 'SELECT epoch_ms(timestamp), host, country FROM access ORDER BY timestamp DESC LIMIT 1000';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: Awaited<ReturnType<typeof openDataDirectory>>;
let lines: LakeLines;

beforeEach(async () => {
  directory = await temporaryDirectory();
  data = await openDataDirectory(directory.path);
  await data.log.ensureTopic('requests', { partitions: 2 });
  lines = new LakeLines(join(directory.path, 'lake'), { program: PROGRAM });
});
afterEach(async () => {
  lines.close();
  await data.log.close();
  await directory.remove();
});

async function store(count: number, seed: number): Promise<number[]> {
  const written = requests(count, 2, seed);
  await produce(data, 'requests', REQUEST, written);
  const sources = [{ kind: 'access', topic: 'requests' }];
  const writer = await LakeWriter.open({ ...data, directory: join(directory.path, 'lake'), sources });
  await writer.drain();
  await writer.close();
  return written.map(({ timestamp }) => timestamp);
}

function ask(question: Partial<LinesQuestion> = {}, timeoutMs = 20_000, signal = new AbortController().signal) {
  const columns = { host: 'VARCHAR', country: 'VARCHAR' } as const;
  const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const asked = { kind: 'access', columns, ...all, sql: SQL, isNewestFirst: true, maxRows: 1000, ...question };
  return lines.ask(asked, { signal, timeoutMs });
}

const descending = (times: readonly number[]) => times.toSorted((one, other) => other - one);

it('answers of hours one after the other as of all at once, of what is stored by then, and how far that is', async () => {
  await expect(ask()).rejects.toMatchObject({ code: 'NO_TABLE' });
  const first = await store(60, 1);
  const before = await ask();
  expect(before.rows.map(([time]) => time)).toEqual(descending(first));
  expect(before.stored).toEqual({ 'millrace/requests/0': 30, 'millrace/requests/1': 30 });
  const all = [...first, ...(await store(40, 2))];
  const { rows, stored } = await ask();
  expect(rows.map(([time]) => time)).toEqual(descending(all));
  expect(stored).toEqual({ 'millrace/requests/0': 50, 'millrace/requests/1': 50 });
  expect((await ask({ maxRows: 7 })).rows.map(([time]) => time)).toEqual(descending(all).slice(0, 7));
  // A column that no file has.
  expect(rows.every(([, host, country]) => typeof host === 'string' && country === null)).toBe(true);
});

it('goes on after a question that was interrupted, took too long, or was none', async () => {
  const times = await store(20, 3);
  await expect(ask({}, 20_000, AbortSignal.abort())).rejects.toMatchObject({ code: 'QUERY_FAILED' });
  const stop = new AbortController();
  const left = ask({}, 20_000, stop.signal);
  stop.abort();
  await expect(left).rejects.toThrow('the search was interrupted');
  await expect(ask({}, 0)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
  for (const sql of [
    "COPY access TO 'made.csv'",
    "SELECT * FROM read_text('/etc/hostname')",
    'SELECT 1 FROM service',
  ]) {
    await expect(ask({ sql })).rejects.toMatchObject({ code: 'QUERY_REFUSED' });
  }
  expect((await ask()).rows).toHaveLength(times.length);
  // Its process is gone, and another takes its place.
  lines.close();
  expect((await ask()).rows).toHaveLength(times.length);
});

const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`;

it.skipIf(!existsSync(CHILDREN))('asks another process when the one that waited was killed', async () => {
  const before = childrenOf();
  const times = await store(20, 4);
  expect((await ask()).rows).toHaveLength(times.length);
  const own = childrenOf().filter((pid) => !before.includes(pid));
  expect(own).toHaveLength(1);
  for (const pid of own) process.kill(pid, 'SIGKILL');
  await until(() => own.every((pid) => !childrenOf().includes(pid)));
  expect((await ask()).rows).toHaveLength(times.length);
});

function childrenOf(): number[] {
  return readFileSync(CHILDREN, 'utf8').split(' ').filter(Boolean).map(Number);
}
