import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level as LevelOnDisk } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Level } from '../../../../../streams/leveldb/level.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { RetentionDeletion } from '../../../../../streams/log/embedded/log-cleaner.js';
import { openLog } from '../../../../../streams/log/embedded/open-log.js';
import type { Log } from '../../../../../streams/log/log.js';
import { append, readRecords } from '../log-contract.js';

const FIRST = { topic: 'topic', partition: 0 };

function directorySize(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

describe('the log on disk', () => {
  let directory: string;
  const open = () => EmbeddedLog.open({ directory, cleans: false });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is what it was when it is opened again', async () => {
    let log = await open();
    await log.ensureTopic('topic', { partitions: 2, retentionMs: 5 });
    for (const value of ['a', 'b', 'c']) await append(log, 'topic', 1, [value]);
    const transaction = log.transaction();
    transaction.commitOffset('group', FIRST, { offset: 3, metadata: 'm' });
    await transaction.commit();
    await log.deleteRecords({ topic: 'topic', partition: 1 }, 1);
    await log.close();

    log = await open();
    expect(await log.topics()).toEqual(['topic']);
    expect(await log.partitions('topic')).toBe(2);
    expect(await log.startOffset({ topic: 'topic', partition: 1 })).toBe(1);
    expect(await log.endOffset({ topic: 'topic', partition: 1 })).toBe(3);
    expect(await log.committed('group', FIRST)).toEqual({ offset: 3, metadata: 'm' });
    expect(await append(log, 'topic', 1, ['d'])).toBe(4);
    await log.close();
  });

  it('keeps the end offset of a partition whose records are all deleted, when it is opened again', async () => {
    let log = await open();
    await log.ensureTopic('topic', { partitions: 1 });
    await append(log, 'topic', 0, ['a', 'b']);
    await log.deleteRecords(FIRST, 2);
    await log.close();
    log = await open();
    expect(await log.endOffset(FIRST)).toBe(2);
    await log.close();
  });

  it('says that a directory is in use, and which', async () => {
    const log = await open();
    await expect(open()).rejects.toMatchObject({ code: 'LOG_LOCKED', message: expect.stringContaining(directory) });
    await log.close();
  });

  it('says that a directory cannot be made', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(EmbeddedLog.open({ directory: join(file, 'log') })).rejects.toMatchObject({ code: 'LOG_IO' });
  });

  it('says that the directory holds no intact log', async () => {
    await (await open()).close();
    await writeFile(join(directory, 'CURRENT'), 'nonsense');
    await expect(open()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    await expect(readFile(join(directory, 'CURRENT'), 'utf8')).resolves.toBe('nonsense');
  });

  it('writes nothing more after a write that failed, and holds what was committed before', async () => {
    let failing = false;
    const level = new LevelOnDisk<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    const write = level.batch.bind(level) as (...args: unknown[]) => Promise<void>;
    level.batch = ((...args: unknown[]) => {
      if (!failing) return write(...args);
      failing = false;
      return Promise.reject(new Error(`IO error: ${directory}/000003.log: No space left on device`));
    }) as typeof level.batch;
    const settings = { fsync: true, inMemory: false, location: directory };
    const log = await EmbeddedLog.over(level as unknown as Level, settings);
    await log.ensureTopic('topic', { partitions: 1 });
    await append(log, 'topic', 0, ['kept']);
    failing = true;
    const failed = append(log, 'topic', 0, ['lost']);
    const onItsWay = append(log, 'topic', 0, ['lost as well']);
    await expect(failed).rejects.toMatchObject({ code: 'LOG_FULL', message: expect.stringContaining('make room') });
    await expect(onItsWay).rejects.toMatchObject({ code: 'LOG_FULL' });
    await expect(append(log, 'topic', 0, ['too late'])).rejects.toMatchObject({ code: 'LOG_FULL' });
    expect(await log.endOffset(FIRST)).toBe(1);
    await log.close();

    const again = await open();
    expect(await again.endOffset(FIRST)).toBe(1);
    const consumer = again.consumer();
    consumer.assign(FIRST, 0);
    expect((await readRecords(consumer, 1)).map(({ value }) => value)).toEqual(['kept']);
    await again.close();
  });
});

describe('retention', () => {
  let directory: string;
  const reading = async (log: Log): Promise<string[]> => {
    const consumer = log.consumer();
    consumer.assign(FIRST, 0);
    const read: string[] = [];
    for (let end = await log.endOffset(FIRST), next = 0; next < end; ) {
      for (const cursor of await consumer.poll(1_000)) {
        if (cursor.gap !== undefined) read.push(`${cursor.gap} ${cursor.offset + 1} to ${cursor.nextOffset - 1}`);
        while (cursor.next()) read.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
        next = cursor.nextOffset;
      }
    }
    await consumer.close();
    return read;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
    const log = await EmbeddedLog.open({ directory });
    await log.ensureTopic('topic', { partitions: 1, retentionMs: 1 });
    for (const value of ['a', 'b', 'c']) await append(log, 'topic', 0, [value]);
    await log.close();
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('deletes nothing where a log is opened to be read, or added to', async () => {
    const log = await openLog(directory);
    const remote = await openLog(directory);
    expect(await reading(remote)).toEqual(['a', 'b', 'c']);
    expect(await append(remote, 'topic', 0, ['d'])).toBe(4);
    await remote.close();
    await log.close();
    const again = await openLog(directory);
    expect(await again.startOffset(FIRST)).toBe(0);
    await again.close();
  });

  it('is told, and tells a reader what is gone before it comes to it, here and by way of the owner', async () => {
    const deletions: RetentionDeletion[] = [];
    const log = await EmbeddedLog.open({
      directory,
      serve: true,
      cleans: false,
      onRetention: (each) => deletions.push(each),
    });
    const remote = await openLog(directory);
    const readers = [log, remote].map((each) => {
      const consumer = each.consumer();
      consumer.assign(FIRST, 0);
      return consumer;
    });
    for (const reader of readers) expect((await reader.poll(1_000)).map(({ nextOffset }) => nextOffset)).toEqual([1]);
    const now = Date.now();
    await log.clean(now + 1_000);
    expect(deletions).toEqual([
      {
        topic: 'topic',
        partition: 0,
        firstOffset: 0,
        lastOffset: 2,
        reason: 'age',
        newestAppendTime: expect.any(Number),
      },
    ]);
    for (const reader of readers) {
      const [cursor] = await reader.poll(1_000);
      expect([cursor?.gap, cursor?.offset, cursor?.nextOffset, cursor?.next()]).toEqual(['deleted', 0, 3, false]);
      expect(await reader.poll(0)).toEqual([]);
    }
    await append(log, 'topic', 0, ['d']);
    expect(await reading(remote)).toEqual(['deleted 0 to 2', 'd']);
    await remote.close();
    await log.close();
  });

  it('by size deletes whole batches, the oldest first, and keeps at least so many bytes', async () => {
    const deletions: RetentionDeletion[] = [];
    const log = await EmbeddedLog.open({ directory, cleans: false, onRetention: (each) => deletions.push(each) });
    await log.ensureTopic('topic', { partitions: 1, retentionMs: -1, retentionBytes: 2_500 });
    // Batches of 1,000 bytes and a little; the three of before have less than 40.
    for (let i = 0; i < 5; i++) await append(log, 'topic', 0, ['x'.repeat(1_000)]);
    await log.clean(Date.now());
    expect(await log.startOffset(FIRST)).toBe(5);
    expect(deletions).toMatchObject([{ firstOffset: 0, lastOffset: 4, reason: 'size' }]);
    await append(log, 'topic', 0, ['x'.repeat(1_000)]);
    await log.clean(Date.now());
    expect(await log.startOffset(FIRST)).toBe(6);
    await log.close();
  });

  it('gives the disk back what has expired, once it is much', async () => {
    const MiB = 1024 * 1024;
    const log = await EmbeddedLog.open({ directory, cleans: false });
    await log.ensureTopic('large', { partitions: 2, retentionMs: 60_000 });
    // Nothing can be made smaller of this: 100 MiB in two partitions.
    for (let i = 0; i < 100; i++) await append(log, 'large', i % 2, [randomBytes(MiB / 2).toString('latin1')]);
    const before = directorySize(directory);
    await append(log, 'large', 0, ['a']);
    await log.clean(Date.now() + 90_000);
    expect(await log.startOffset({ topic: 'large', partition: 0 })).toBe(51);
    await log.close();
    expect(before).toBeGreaterThan(60 * MiB);
    expect(directorySize(directory)).toBeLessThan(8 * MiB);
  });

  it('by a bound of the whole log takes the oldest of all topics, but nothing that is to be processed, and frees the disk', async () => {
    const MiB = 1024 * 1024;
    const deletions: RetentionDeletion[] = [];
    const onRetention = (each: RetentionDeletion) => deletions.push(each);
    const at = (topic: string) => ({ topic, partition: 0 });
    let log = await EmbeddedLog.open({ directory, cleans: false });
    for (const topic of ['old', 'new']) await log.ensureTopic(topic, { partitions: 1, retentionMs: 3_600_000 });
    // State, such as a changelog, which is kept for ever.
    await log.ensureTopic('kept', { partitions: 1 });
    for (const value of ['a', 'b']) await append(log, 'kept', 0, [value]);
    // Nothing can be made smaller of this: 30 MiB and then 60 MiB.
    for (let i = 0; i < 30; i++) await append(log, 'old', 0, [randomBytes(MiB / 2).toString('latin1')]);
    for (let i = 0; i < 60; i++) await append(log, 'new', 0, [randomBytes(MiB / 2).toString('latin1')]);
    await log.close();
    const before = directorySize(directory);

    log = await EmbeddedLog.open({ directory, cleans: false, maxBytes: 40 * MiB, onRetention });
    const release = await log.claim('app');
    const processed = async (topic: string, offset: number) => {
      const transaction = log.transaction();
      transaction.commitOffset('app', at(topic), { offset, metadata: '' });
      transaction.commitOffset('gone', at(topic), { offset: 0, metadata: '' });
      await transaction.commit();
    };
    await processed('old', 10);
    await processed('new', 0);
    await log.clean(Date.now());
    const bySize = deletions.filter(({ reason }) => reason === 'size');
    expect(bySize.map(({ firstOffset, lastOffset, topic }) => [topic, firstOffset, lastOffset])).toEqual([
      ['old', 0, 9],
    ]);
    await processed('old', 30);
    await processed('new', 60);
    await log.clean(Date.now());
    expect(await log.startOffset(at('old'))).toBe(30);
    const kept = await log.startOffset(at('new'));
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(60);
    await log.clean(Date.now());
    expect(await log.startOffset(at('new'))).toBe(kept);
    expect(await log.startOffset(at('kept'))).toBe(0);
    await release();
    await log.close();
    expect(before).toBeGreaterThan(60 * MiB);
    expect(directorySize(directory)).toBeLessThan(44 * MiB);
  });

  it('is what the topic was last ensured with; what is not named stays', async () => {
    let log = await EmbeddedLog.open({ directory, cleans: false });
    await log.ensureTopic('topic', { partitions: 1, retentionMs: 60_000 });
    await log.ensureTopic('topic', { partitions: 1 });
    await log.close();
    log = await EmbeddedLog.open({ directory, cleans: false });
    await log.clean(Date.now() + 30_000);
    expect(await log.startOffset(FIRST)).toBe(0);
    await log.clean(Date.now() + 90_000);
    expect(await log.startOffset(FIRST)).toBe(3);
    await expect(log.ensureTopic('topic', { partitions: 1, retentionMs: Number.NaN })).rejects.toMatchObject({
      code: 'LOG_SETTING',
    });
    await log.close();
  });
});

describe('a log in memory', () => {
  let log: EmbeddedLog;

  beforeEach(async () => {
    log = await EmbeddedLog.inMemory();
    await log.ensureTopic('topic', { partitions: 1 });
  });
  afterEach(() => log.close());

  it('refuses names that no topic can have', async () => {
    for (const name of ['', 'a b', 'a\0b', 'a/b', 'x'.repeat(250)]) {
      await expect(log.ensureTopic(name, { partitions: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    }
    for (const partitions of [0, -1, 1.5]) {
      await expect(log.ensureTopic('odd', { partitions })).rejects.toMatchObject({ code: 'PARTITION_COUNT' });
    }
  });

  it('takes a transaction once', async () => {
    const transaction = log.transaction();
    transaction.append('topic', 0, 1, null, null);
    await transaction.commit();
    expect(() => transaction.append('topic', 0, 1, null, null)).toThrow(/begin a new one/);
    await expect(transaction.commit()).rejects.toThrow(/begin a new one/);
    await transaction.abort();
    expect(await log.endOffset(FIRST)).toBe(1);
  });

  it('ends a poll that waits, and refuses everything, when it is closed', async () => {
    const consumer = log.consumer();
    consumer.assign(FIRST, 0);
    const polled = consumer.poll(30_000);
    const transaction = log.transaction();
    transaction.append('topic', 0, 1, null, null);
    await Promise.all([log.close(), expect(polled).rejects.toMatchObject({ code: 'LOG_CLOSED' })]);
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await expect(log.topics()).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await expect(log.consumer().poll(30_000)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });

  it('misses no append that comes while a poll reads', { timeout: 20_000 }, async () => {
    await log.ensureTopic('many', { partitions: 20 });
    const consumer = log.consumer();
    for (let partition = 0; partition < 20; partition++) consumer.assign({ topic: 'many', partition }, 0);
    const startedAt = performance.now();
    for (let i = 0; i < 200; i++) {
      const polled = consumer.poll(10_000);
      for (let ticks = i % 7; ticks > 0; ticks--) await Promise.resolve();
      await append(log, 'many', i % 20, [String(i)]);
      expect(await polled).toHaveLength(1);
    }
    // One that is missed takes its whole ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  });

  it('deletes the batches that were appended before the time that a topic keeps them', async () => {
    await log.ensureTopic('short', { partitions: 1, retentionMs: 1_000 });
    const short = { topic: 'short', partition: 0 };
    await append(log, 'short', 0, ['a', 'b']);
    await append(log, 'topic', 0, ['for ever']);
    const now = Date.now();
    await log.clean(now);
    expect(await log.startOffset(short)).toBe(0);
    await log.clean(now + 1_001);
    expect(await log.startOffset(short)).toBe(2);
    expect(await log.endOffset(short)).toBe(2);
    await log.clean(now + 1_000_000_000);
    expect(await log.startOffset(FIRST)).toBe(0);
  });
});
