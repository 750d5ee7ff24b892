import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { millrace } from './millrace.js';

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'millrace-log-'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** A log of ten transactions of a hundred records each. */
async function makeLog(dataDir: string, retentionMs: number): Promise<void> {
  const log = await EmbeddedLog.open({ directory: join(dataDir, 'log'), cleans: false });
  await log.ensureTopic('topic', { partitions: 1, retentionMs });
  for (let n = 0; n < 10; n++) {
    const transaction = log.transaction();
    for (let i = 0; i < 100; i++) transaction.append('topic', 0, 1, null, Buffer.from(`value ${n * 100 + i}`));
    transaction.commitOffset('group', { topic: 'topic', partition: 0 }, { offset: n * 100 + 50, metadata: '' });
    await transaction.commit();
  }
  await log.close();
}

it('a damaged log is refused; verify says what is lost, and a repair keeps the rest', {
  timeout: 120_000,
}, async () => {
  const dataDir = join(parent, 'damaged');
  await makeLog(dataDir, -1);
  const consume = ['consume', 'topic', '--from-beginning', '--data-dir', dataDir];
  const [name] = (await readdir(join(dataDir, 'log'))).filter((file) => /^\d+[.]log$/.test(file));
  const path = join(dataDir, 'log', name ?? '');
  const bytes = await readFile(path);
  const at = bytes.indexOf('value 523');
  bytes[at] = 0x56;
  await writeFile(path, bytes);

  const refused = await millrace(consume);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain(`${name} is damaged at byte`);
  const verified = await millrace(['log', 'verify', '--data-dir', dataDir]);
  expect(verified.code).toBe(1);
  expect(verified.stdout).toContain(`lost: topic-0, offsets 500 to 599: 100 records (${name}); processed by group`);
  expect(await readFile(path)).toEqual(bytes);

  const repaired = await millrace(['log', 'repair', '--yes', '--data-dir', dataDir]);
  expect([repaired.code, repaired.stderr]).toEqual([0, '']);
  const [kept = ''] = (await readdir(dataDir)).filter((file) => file.startsWith('log.damaged-'));
  expect(await readFile(join(dataDir, kept, name ?? ''))).toEqual(bytes);
  const read = await millrace(consume);
  expect(read.code).toBe(0);
  expect(read.stderr).toContain('topic-0: offsets 500 to 599 were lost');
  const offsets = read.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { offset: number }).offset);
  expect(offsets).toEqual(Array.from({ length: 1000 }, (_, i) => i).filter((i) => i < 500 || i >= 600));
  expect((await millrace(['log', 'verify', '--data-dir', dataDir])).code).toBe(0);
});

it('what is older than its retention is printed, and still there afterwards', { timeout: 120_000 }, async () => {
  const dataDir = join(parent, 'old');
  await makeLog(dataDir, 1);
  for (let round = 0; round < 2; round++) {
    const read = await millrace(['consume', 'topic', '--from-beginning', '--data-dir', dataDir]);
    expect([read.code, read.stdout.trimEnd().split('\n').length, read.stderr]).toEqual([0, 1000, '']);
  }
});
