import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tidyLake } from '../../../app/lake/lake-upkeep.js';
import { DeltaLog } from '../../../lake/delta/delta-log.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { optimize } from '../../../lake/optimize.js';
import { vacuum } from '../../../lake/vacuum.js';
import { temporaryDirectory } from '../millrace.js';
import { openDataDirectory, produce, REQUEST, requests } from './events.js';
import { activeFiles, selectStored } from './stored.js';

const HOUR_MS = 3_600_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let lake: string;

/** 4,000 requests in the hours from 22 to 1 around a midnight, in eight commits. */
beforeEach(async () => {
  directory = await temporaryDirectory();
  lake = join(directory.path, 'lake');
  const data = await openDataDirectory(directory.path);
  await data.log.ensureTopic('requests', { partitions: 1 });
  await produce(data, 'requests', REQUEST, requests(4000, 1, 1));
  const sources = [{ kind: 'access', topic: 'requests' }];
  const writer = await LakeWriter.open({ ...data, directory: lake, sources, maxRows: 500 });
  await writer.drain();
  await writer.close();
  await data.log.close();
});

afterEach(() => directory.remove());

async function dataFiles(): Promise<string[]> {
  const names = await readdir(lake, { recursive: true });
  return names
    .filter((name) => name.includes('part-'))
    .map((name) => join(lake, name))
    .sort();
}

const rows = () => selectStored(lake, 'SELECT "hour"::INT AS h, count(*)::INT AS n FROM t GROUP BY h ORDER BY h');

describe('vacuum', () => {
  it('deletes what optimize has replaced, when the retention is over', async () => {
    const before = await rows();
    const { filesAdded, filesRemoved } = await optimize(lake);
    expect([filesRemoved, filesAdded]).toEqual([32, 4]);
    expect((await vacuum(lake, { retainMs: HOUR_MS })).deleted).toEqual([]);
    expect(await dataFiles()).toHaveLength(36);
    expect((await vacuum(lake, { retainMs: 0, dryRun: true })).deleted).toHaveLength(32);
    expect(await dataFiles()).toHaveLength(36);
    expect((await vacuum(lake, { retainMs: 0 })).deleted).toHaveLength(32);
    expect(await dataFiles()).toEqual((await activeFiles(lake)).sort());
    expect(await rows()).toEqual(before);
  });

  it('leaves alone what a writer may be about to commit, and what is not the table’s', async () => {
    const orphan = join(lake, 'kind=access/date=2026-01-31/hour=22/part-orphan.zstd.parquet');
    const other = join(lake, '_private/part-other.parquet');
    await mkdir(dirname(other), { recursive: true });
    for (const file of [orphan, other]) await writeFile(file, 'x');
    expect((await vacuum(lake, { retainMs: 0 })).deleted).toEqual([]);
    const past = new Date(Date.now() - 2 * HOUR_MS);
    for (const file of [orphan, other]) await utimes(file, past, past);
    expect((await vacuum(lake, { retainMs: 3 * HOUR_MS })).deleted).toEqual([]);
    const { deleted, deletedBytes } = await vacuum(lake, { retainMs: 0 });
    expect(deleted).toEqual(['kind=access/date=2026-01-31/hour=22/part-orphan.zstd.parquet']);
    expect(deletedBytes).toBe(1);
    expect(await dataFiles()).toContain(other);
  });

  it('deletes what killed writers have left beside the table', async () => {
    const [old, fresh] = ['_spill-old', '_spill-fresh'].map((name) => join(lake, name)) as [string, string];
    for (const path of [old, fresh]) {
      await mkdir(path);
      await writeFile(join(path, 'file.tmp'), '');
    }
    const past = new Date(Date.now() - 2 * HOUR_MS);
    await utimes(old, past, past);
    await vacuum(lake, { retainMs: 0 });
    expect((await readdir(lake)).filter((name) => name.startsWith('_spill'))).toEqual(['_spill-fresh']);
  });

  it('takes hours out of the table that ended before a time', async () => {
    const ageMs = Date.now() - Date.UTC(2026, 1, 1, 0, 30);
    const { dropped } = await vacuum(lake, { retainMs: HOUR_MS, dropOlderThanMs: ageMs });
    expect(
      new Set(dropped.map(({ partitionValues }) => `${partitionValues['date']} ${partitionValues['hour']}`)),
    ).toEqual(new Set(['2026-01-31 22', '2026-01-31 23']));
    expect((await rows()).map(({ h }) => h)).toEqual([0, 1]);
    // The files stay for readers.
    expect(await dataFiles()).toHaveLength(32);
  });

  it('takes the oldest hours out, whole, until the table has a size', async () => {
    const { files } = await new DeltaLog(lake).require();
    const sizes = new Map<string, number>();
    for (const { partitionValues, size } of files.values()) {
      const hour = `${partitionValues['date']} ${partitionValues['hour']}`;
      sizes.set(hour, (sizes.get(hour) ?? 0) + size);
    }
    // One byte less than the last three hours have: two are left.
    const most = ['2026-01-31 23', '2026-02-01 0', '2026-02-01 1'].reduce(
      (sum, hour) => sum + (sizes.get(hour) ?? 0),
      -1,
    );
    const { dropped } = await vacuum(lake, { retainMs: HOUR_MS, maxSizeBytes: most });
    expect(dropped).toHaveLength(16);
    expect((await rows()).map(({ h }) => h)).toEqual([0, 1]);
    expect((await vacuum(lake, { retainMs: HOUR_MS, maxSizeBytes: most })).dropped).toEqual([]);
  });

  it('counts the age of what was replayed from when it was stored, where a running pipeline tidies up', async () => {
    const before = await rows();
    const keeps = { ageMs: HOUR_MS, sizeBytes: 10e9 };
    // The events are of January, and were stored just now.
    expect((await tidyLake(lake, keeps)).dropped).toEqual([]);
    expect(await rows()).toEqual(before);
    expect(await activeFiles(lake)).toHaveLength(4);
    const { dropped } = await tidyLake(lake, { ageMs: 0, sizeBytes: 10e9 });
    expect(dropped).toHaveLength(4);
    expect(await activeFiles(lake)).toEqual([]);
  });

  it('takes out the oldest hours of what is too much, where a running pipeline tidies up', async () => {
    await optimize(lake);
    const sizes = await Promise.all((await activeFiles(lake)).map(async (file) => (await stat(file)).size));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const { dropped } = await tidyLake(lake, { ageMs: 365 * 24 * HOUR_MS, sizeBytes: all - 1 });
    expect(dropped.map(({ partitionValues }) => partitionValues['hour'])).toEqual(['22']);
    expect((await rows()).map((row) => (row as { h: number }).h)).toEqual([0, 1, 23]);
  });
});
