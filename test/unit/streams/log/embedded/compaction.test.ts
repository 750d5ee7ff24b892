import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Level } from '../../../../../streams/leveldb/level.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { Log } from '../../../../../streams/log/log.js';

const TABLE = { topic: 'table', partition: 0 };
const DAY_MS = 24 * 60 * 60 * 1000;

type Entry = readonly [key: string | null, value: string | null];

async function write(log: Log, entries: readonly Entry[]): Promise<void> {
  const transaction = log.transaction();
  for (const [key, value] of entries) {
    transaction.append(
      'table',
      0,
      1,
      key === null ? null : Buffer.from(key),
      value === null ? null : Buffer.from(value),
    );
  }
  await transaction.commit();
}

/** Everything from the offset on, as `offset key=value`. */
async function read(log: Log, from = 0): Promise<string[]> {
  const consumer = log.consumer();
  consumer.assign(TABLE, from);
  const entries: string[] = [];
  for (;;) {
    const [cursor] = await consumer.poll(0);
    if (cursor === undefined) return entries;
    while (cursor.next()) {
      const { offset, keyBytes, valueBytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      const key = keyStart < 0 ? null : keyBytes.toString('utf8', keyStart, keyEnd);
      entries.push(`${offset} ${key}=${valueStart < 0 ? null : valueBytes.toString('utf8', valueStart, valueEnd)}`);
    }
  }
}

describe('compaction', () => {
  let directory: string;
  let log: EmbeddedLog;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
    log = await EmbeddedLog.open({ directory });
    await log.ensureTopic('table', { partitions: 1, cleanupPolicy: 'compact' });
  });
  afterEach(async () => {
    await log.close();
    await rm(directory, { recursive: true });
  });

  it('keeps the newest record of each key at its offset, and everything of the last batch', async () => {
    await write(log, [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ]);
    await write(log, [
      ['c', '1'],
      [null, 'no key'],
      ['b', '2'],
    ]);
    await write(log, [
      ['d', '1'],
      ['d', '2'],
    ]);
    await log.compact(TABLE);
    expect(await read(log)).toEqual(['2 a=2', '3 c=1', '4 null=no key', '5 b=2', '6 d=1', '7 d=2']);
  });

  it('drops a deleted key at once, and the record that deletes it after a day', async () => {
    await write(log, [['a', '1']]);
    await write(log, [['a', null]]);
    await write(log, [['b', '1']]);
    await log.compact(TABLE);
    expect(await read(log)).toEqual(['1 a=null', '2 b=1']);
    await log.compact(TABLE, Date.now() + DAY_MS + 1);
    expect(await read(log)).toEqual(['2 b=1']);
  });

  it('is read from any offset, also one that is gone', async () => {
    for (let i = 0; i < 6; i++) await write(log, [[i === 2 ? 'once' : 'often', String(i)]]);
    await log.compact(TABLE);
    expect(await read(log, 0)).toEqual(['2 once=2', '4 often=4', '5 often=5']);
    expect(await read(log, 3)).toEqual(['4 often=4', '5 often=5']);
    expect(await read(log, 5)).toEqual(['5 often=5']);
  });

  it('makes one batch of many small ones', async () => {
    for (let i = 0; i < 50; i++) await write(log, [[`key ${i}`, 'x']]);
    await log.compact(TABLE);
    const consumer = log.consumer();
    consumer.assign(TABLE, 0);
    const [cursor] = await consumer.poll(0);
    expect(cursor?.nextOffset).toBe(49);
    expect((await read(log)).length).toBe(50);
  });

  it('leaves the end offset where it was, when the log is opened again', async () => {
    await write(log, [['a', '1']]);
    await write(log, [['a', null]]);
    await write(log, [['a', null]]);
    await log.compact(TABLE, Date.now() + DAY_MS + 1);
    await log.close();
    log = await EmbeddedLog.open({ directory });
    expect(await log.endOffset(TABLE)).toBe(3);
    await write(log, [['b', '1']]);
    expect((await read(log)).at(-1)).toBe('3 b=1');
  });

  it('starts by itself when a partition has grown enough', { timeout: 20_000 }, async () => {
    const count = 100_010;
    await write(
      log,
      Array.from({ length: count }, (_, i) => [`key ${i % 5}`, String(i)] as const),
    );
    await write(log, [['last', 'x']]);
    await log.clean(Date.now());
    const kept = await read(log);
    expect(kept.slice(0, 5)).toEqual(
      Array.from({ length: 5 }, (_, i) => `${count - 5 + i} key ${(count - 5 + i) % 5}=${count - 5 + i}`),
    );
    expect(kept).toHaveLength(6);
  });

  it('comes when more bytes are not compacted than may be', async () => {
    const MiB = 1024 * 1024;
    // Nothing can be made smaller of this: 6 MiB.
    for (let i = 0; i < 8; i++) await write(log, [['a', randomBytes(MiB / 2).toString('latin1')]]);
    const offsetsWhen = async (maxUncompactedBytes: number) => {
      await log.close();
      log = await EmbeddedLog.open({ directory, cleans: false, maxUncompactedBytes });
      await log.clean(Date.now());
      return (await read(log)).map((entry) => entry.slice(0, entry.indexOf(' ')));
    };
    expect(await offsetsWhen(16 * MiB)).toHaveLength(8);
    expect(await offsetsWhen(2 * MiB)).toEqual(['6', '7']);
  });

  it('loses nothing to deletions, appends and other compactions at the same time', { timeout: 60_000 }, async () => {
    const key = fc.integer({ min: 0, max: 6 }).map((n) => `key ${n}`);
    const batch = fc.array(fc.tuple(key, fc.option(fc.nat(9).map(String))), { minLength: 1, maxLength: 6 });
    const step = fc.oneof(
      batch.map((entries) => ({ kind: 'write' as const, entries })),
      fc.constant({ kind: 'compact' as const }),
      fc.nat(40).map((offset) => ({ kind: 'delete' as const, offset })),
    );
    const round = fc.record({
      before: fc.array(batch, { maxLength: 6 }),
      atOnce: fc.array(fc.tuple(fc.nat(4), step), { minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(4)), async (rounds, delays) => {
        const memory = await openSlow(delays);
        await memory.ensureTopic('table', { partitions: 1, cleanupPolicy: 'compact' });
        const model: string[] = [];
        const keys: string[] = [];
        const writeBoth = (entries: readonly (readonly [string, string | null])[]): Promise<void> => {
          for (const [entryKey, value] of entries) {
            model.push(`${model.length} ${entryKey}=${value}`);
            keys.push(entryKey);
          }
          return write(memory, entries);
        };
        for (const { before, atOnce } of rounds) {
          await Promise.all(before.map(writeBoth));
          const running = atOnce.map(async ([turns, each]) => {
            await someTurns(turns);
            if (each.kind === 'write') await writeBoth(each.entries);
            else if (each.kind === 'compact') await memory.compact(TABLE);
            else await memory.deleteRecords(TABLE, each.offset);
          });
          await Promise.all(running);
        }

        const start = await memory.startOffset(TABLE);
        const found = await read(memory);
        // What is there is what was written, in order, and the newest record of each key is there.
        const everything = model.slice(start);
        expect(everything.filter((entry) => found.includes(entry))).toEqual(found);
        const newest = everything.filter((_, i) => !keys.slice(start + i + 1).includes(keys[start + i] ?? ''));
        expect(found).toEqual(expect.arrayContaining(newest));
        // Every reader sees the same, wherever it starts.
        for (let from = start; from <= model.length; from++) {
          const expected = found.filter((entry) => Number(entry.split(' ')[0]) >= from);
          expect(await read(memory, from)).toEqual(expected);
        }
        await memory.close();
      }),
      { numRuns: 300 },
    );
  });
});

async function someTurns(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate);
}

/** A log in memory whose writes take so many turns of the event loop, one after the other. */
async function openSlow(delays: readonly number[]): Promise<EmbeddedLog> {
  const level = new MemoryLevel<Buffer, Buffer>({
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    storeEncoding: 'buffer',
  });
  const batch = level.batch.bind(level) as (...args: unknown[]) => Promise<void>;
  const clear = level.clear.bind(level) as (...args: unknown[]) => Promise<void>;
  let writes = 0;
  const slowly =
    (work: typeof batch) =>
    async (...args: unknown[]) => {
      await someTurns(delays[writes++ % Math.max(1, delays.length)] ?? 0);
      return work(...args);
    };
  level.batch = slowly(batch) as typeof level.batch;
  level.clear = slowly(clear) as typeof level.clear;
  return EmbeddedLog.over(level as unknown as Level, { fsync: false, inMemory: true, location: 'memory' });
}
