import { access, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../../producer/random.js';
import { openDataDirectory, produce, REQUEST, requests } from '../../integration/lake/events.js';
import { activeFiles, selectStored } from '../../integration/lake/stored.js';
import { Millrace, millrace, temporaryDirectory } from '../../integration/millrace.js';

const STRIKE = fileURLToPath(new URL('strike.mjs', import.meta.url));
const RECORDS = 9000;
const PARTITIONS = 3;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;
let lake: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, 'data');
  lake = join(dataDir, 'lake');
  const data = await openDataDirectory(dataDir);
  await data.log.ensureTopic('requests', { partitions: PARTITIONS });
  await produce(data, 'requests', REQUEST, requests(RECORDS, PARTITIONS, 1));
  await data.log.close();
});

afterEach(() => directory.remove());

const args = () => ['lake', 'write', '--data-dir', dataDir, '--source', 'access=requests', '--max-rows', '300'];

async function expectEachOnce(): Promise<void> {
  const stored = await selectStored(
    lake,
    `SELECT kafka_partition::INT AS p, kafka_offset::INT AS o, key, host, status::INT AS status, request_time,
      epoch_ms("timestamp")::DOUBLE AS "timestamp", "date"::VARCHAR AS d, "hour"::INT AS h FROM t ORDER BY p, o`,
  );
  const offsets = Array.from({ length: PARTITIONS }, () => 0);
  const produced = requests(RECORDS, PARTITIONS, 1).map(({ key, partition, value }) => {
    const time = new Date(value?.timestamp ?? 0).toISOString();
    const offset = (offsets[partition] as number)++;
    return { p: partition, o: offset, key, ...value, d: time.slice(0, 10), h: Number(time.slice(11, 13)) };
  });
  produced.sort((a, b) => a.p - b.p || a.o - b.o);
  expect(stored).toEqual(produced);
}

async function dataFiles(): Promise<string[]> {
  const names = await readdir(lake, { recursive: true });
  return names.filter((name) => name.includes('part-')).map((name) => join(lake, name));
}

describe('a lake writer that is killed', () => {
  const strikes = (['copy', 'link', 'checkpoint'] as const).flatMap((step) =>
    (['before', 'after'] as const).map((moment) => ({ step, moment })),
  );

  it.each(strikes)('$moment $step loses no record and doubles none', async ({ moment, step }) => {
    const report = join(directory.path, 'struck');
    const strike = JSON.stringify({ step, moment, pass: step === 'checkpoint' ? 1 : 3, report });
    const env = { LAKE_STRIKE: strike, NODE_OPTIONS: `--import ${STRIKE}` };
    const killed = await millrace([...args(), '--once'], { env });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    await access(report);
    const again = await millrace([...args(), '--once']);
    expect(again.code, again.stderr).toBe(0);
    await expectEachOnce();
  });

  it('at any moment, many times, loses no record and doubles none, and vacuum deletes what it left', async () => {
    const random = new Random(7);
    let kills = 0;
    for (let run = 0; run < 8; run++) {
      const writer = new Millrace([...args(), '--commit-interval', '20ms']);
      await delay(500 + random.below(1200));
      if ((await writer.kill('SIGKILL')).signal === 'SIGKILL') kills++;
    }
    expect(kills).toBe(8);
    const last = await millrace([...args(), '--once']);
    expect(last.code, last.stderr).toBe(0);
    await expectEachOnce();
    // As if it had all been an hour ago.
    const past = new Date(Date.now() - 2 * 3_600_000);
    for (const file of await dataFiles()) await utimes(file, past, past);
    const vacuumed = await millrace(['lake', 'vacuum', '--data-dir', dataDir, '--retain', '0s']);
    expect(vacuumed.code, vacuumed.stderr).toBe(0);
    expect((await dataFiles()).sort()).toEqual((await activeFiles(lake)).sort());
    await expectEachOnce();
  });
});
