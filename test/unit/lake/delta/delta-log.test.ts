import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Action, Add } from '../../../../lake/delta/actions.js';
import { DeltaLog } from '../../../../lake/delta/delta-log.js';
import { schemaOf } from '../../../../lake/delta/delta-schema.js';

const WRITE = { operation: 'WRITE', operationParameters: {} } as const;
const TABLE: readonly Action[] = [
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  {
    metaData: {
      id: 'id',
      format: { provider: 'parquet', options: {} },
      schemaString: schemaOf([{ name: 'a', type: 'long' }]),
      partitionColumns: [],
      configuration: { 'some.key': 'value' },
      createdTime: 1,
    },
  },
];

function file(path: string): Add {
  return {
    path,
    partitionValues: { kind: 'a', hour: null },
    size: 10,
    modificationTime: 5,
    dataChange: true,
    stats: '{"numRecords":1}',
  };
}

let table: string;

beforeEach(async () => {
  table = await mkdtemp(join(tmpdir(), 'millrace-test-'));
});

afterEach(() => rm(table, { recursive: true }));

const log = (name = '') => join(table, '_delta_log', name);
const commit = (version: number) => log(`${String(version).padStart(20, '0')}.json`);

async function commitFiles(deltaLog: DeltaLog, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    await deltaLog.commit(WRITE, (snapshot) => [
      ...(snapshot === undefined ? TABLE : []),
      { txn: { appId: 'app', version: n } },
      { add: file(`f${n}`) },
    ]);
  }
}

describe('the log of a Delta table', () => {
  it('has no table before the first commit', async () => {
    expect(await new DeltaLog(table).refresh()).toBeUndefined();
    await expect(new DeltaLog(table).require()).rejects.toMatchObject({ code: 'NO_TABLE' });
  });

  it('gives every commit a version of its own, and a reader all of them in order', async () => {
    const deltaLog = new DeltaLog(table);
    await commitFiles(deltaLog, 0, 2);
    await deltaLog.commit(WRITE, () => [{ remove: { path: 'f1', dataChange: true, deletionTimestamp: 7 } }]);
    const snapshot = await new DeltaLog(table).require();
    expect(snapshot.version).toBe(3);
    expect([...snapshot.files.keys()]).toEqual(['f0', 'f2']);
    expect([...snapshot.tombstones.keys()]).toEqual(['f1']);
    expect(snapshot.transactions.get('app')?.version).toBe(2);
  });

  it('writes nothing when there is nothing to commit, or what is to be committed cannot be made', async () => {
    const deltaLog = new DeltaLog(table);
    await commitFiles(deltaLog, 0, 0);
    await deltaLog.commit(WRITE, () => []);
    const refuse = () => {
      throw new Error('no');
    };
    await expect(deltaLog.commit(WRITE, refuse)).rejects.toThrow('no');
    expect(await readdir(log())).toEqual(['00000000000000000000.json']);
  });

  it('builds the commit again upon that of another, who was faster', async () => {
    const [first, second] = [new DeltaLog(table), new DeltaLog(table)];
    await commitFiles(first, 0, 0);
    await second.refresh();
    const seen: (number | undefined)[] = [];
    const other = (await readFile(commit(0), 'utf8')).replace('f0', 'f1');
    await second.commit(WRITE, (snapshot) => {
      // The first commits after the second has looked at the table, and before it has committed.
      if (seen.push(snapshot?.version) === 1) writeFileSync(commit(1), other);
      return [{ add: file('f2') }];
    });
    expect(seen).toEqual([0, 1]);
    expect([...(await new DeltaLog(table).require()).files.keys()].sort()).toEqual(['f0', 'f1', 'f2']);
  });

  it('gives each of many at once a version of its own', async () => {
    await commitFiles(new DeltaLog(table), 0, 0);
    const logs = Array.from({ length: 8 }, () => new DeltaLog(table));
    await Promise.all(
      logs.map(async (deltaLog, writer) => {
        for (let n = 0; n < 5; n++) await deltaLog.commit(WRITE, () => [{ add: file(`w${writer}-${n}`) }]);
      }),
    );
    const snapshot = await new DeltaLog(table).require();
    expect(snapshot.version).toBe(40);
    expect(snapshot.files.size).toBe(41);
  });

  it('is the same from a checkpoint, without the commits before it', async () => {
    const deltaLog = new DeltaLog(table);
    await commitFiles(deltaLog, 0, 9);
    await deltaLog.commit(WRITE, () => [{ remove: { path: 'f3', dataChange: true, deletionTimestamp: Date.now() } }]);
    await commitFiles(deltaLog, 11, 12);
    expect(JSON.parse(await readFile(log('_last_checkpoint'), 'utf8'))).toMatchObject({ version: 10, size: 13 });
    const before = await new DeltaLog(table).require();
    for (let version = 0; version <= 10; version++) await rm(commit(version));
    const after = await new DeltaLog(table).require();
    expect(after.version).toBe(12);
    expect([...after.files.keys()].sort()).toEqual([...before.files.keys()].sort());
    expect(after.files.get('f0')).toMatchObject({ ...file('f0'), dataChange: false });
    expect(after.metaData.configuration).toEqual({ 'some.key': 'value' });
    expect(after.metaData.schemaString).toBe(before.metaData.schemaString);
    expect([...after.tombstones.keys()]).toEqual(['f3']);
    expect(after.transactions.get('app')?.version).toBe(12);
  });

  it('deletes what is before an old checkpoint, and what was left half', async () => {
    const deltaLog = new DeltaLog(table);
    await commitFiles(deltaLog, 0, 21);
    const left = log('_commit_x.json.tmp');
    await writeFile(left, '');
    await deltaLog.cleanUp(Date.now() - 60_000, Date.now() - 60_000);
    expect((await readdir(log())).filter((name) => name.endsWith('.json'))).toHaveLength(22);
    const past = new Date(Date.now() - 120_000);
    for (const old of [left, log('00000000000000000010.checkpoint.parquet')]) await utimes(old, past, past);
    await deltaLog.cleanUp(Date.now() - 60_000, Date.now() - 60_000);
    const names = await readdir(log());
    expect(names.filter((name) => name.endsWith('.json'))).toHaveLength(12);
    expect(names).not.toContain('_commit_x.json.tmp');
    expect((await new DeltaLog(table).require()).files.size).toBe(22);
  });

  it('says which file cannot be read', async () => {
    await commitFiles(new DeltaLog(table), 0, 1);
    await writeFile(commit(1), '{"add":{"path":1}}\n');
    await expect(new DeltaLog(table).refresh()).rejects.toMatchObject({
      code: 'TABLE_CORRUPT',
      message: expect.stringContaining('00000000000000000001.json'),
    });
  });

  it('refuses a table whose first commits are gone, and no checkpoint stands for them', async () => {
    await commitFiles(new DeltaLog(table), 0, 2);
    await rm(commit(0));
    await expect(new DeltaLog(table).refresh()).rejects.toMatchObject({ code: 'TABLE_CORRUPT' });
  });

  it('refuses a table that asks for more of the protocol than there is here', async () => {
    await commitFiles(new DeltaLog(table), 0, 0);
    const deltaLog = new DeltaLog(table);
    await deltaLog.commit(WRITE, () => [{ protocol: { minReaderVersion: 3, minWriterVersion: 7 } }]);
    await expect(new DeltaLog(table).refresh()).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining('reader version 3 and writer version 7'),
    });
  });
});
