import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { numberSerde, Streams, StreamsBuilder, stringSerde, TimeWindows, type Topology } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDatabase } from '../../streams/state/state-database.js';
import { temporaryDirectory } from './millrace.js';

const STRINGS = { key: stringSerde, value: stringSerde };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let state: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  state = join(directory.path, 'state');
});

afterEach(() => directory.remove());

function countWords(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('words', STRINGS)
    .groupBy((_key, word) => word, { key: stringSerde })
    .count({ name: 'counts' })
    .toStream()
    .to('counts', { value: numberSerde });
  return builder.build();
}

/** Runs the application over more words, and answers the counts that it sent in this run. */
async function run(words: readonly string[]): Promise<Record<string, number>> {
  const log = await EmbeddedLog.open({ directory: join(directory.path, 'log') });
  for (const topic of ['words', 'counts']) await log.ensureTopic(topic, { partitions: 2 });
  const transaction = log.transaction();
  for (const [index, word] of words.entries()) {
    transaction.append('words', index % 2, index, null, Buffer.from(word));
  }
  await transaction.commit();
  const consumer = log.consumer();
  for (const partition of [0, 1]) {
    consumer.assign({ topic: 'counts', partition }, await log.endOffset({ topic: 'counts', partition }));
  }
  const streams = new Streams(countWords(), { applicationId: 'app', log, stateDirectory: state });
  const counts: Record<string, number> = {};
  try {
    await streams.start();
    await streams.drain();
    await streams.close();
    for (let cursors = await consumer.poll(0); cursors.length > 0; cursors = await consumer.poll(0)) {
      for (const cursor of cursors) {
        while (cursor.next()) {
          const key = cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
          counts[key] = cursor.valueBytes.readDoubleBE(cursor.valueStart);
        }
      }
    }
  } finally {
    await log.close();
  }
  return counts;
}

describe('the state of an application', () => {
  it('is there in the next run', async () => {
    await run(['a', 'b', 'a', 'c']);
    expect(await run(['a', 'c'])).toEqual({ a: 3, c: 2 });
  });

  it('is rebuilt from the changelog when its directory is gone', async () => {
    await run(['a', 'b', 'a']);
    await rm(state, { recursive: true });
    expect(await run(['a', 'b'])).toEqual({ a: 3, b: 2 });
  });

  it('catches up with the changelog when its directory is one of an earlier time', async () => {
    await run(['a']);
    await cp(state, `${state}.old`, { recursive: true });
    await run(['a', 'b']);
    await rm(state, { recursive: true });
    await cp(`${state}.old`, state, { recursive: true });
    expect(await run(['a', 'b'])).toEqual({ a: 3, b: 2 });
  });

  it('that is ahead of the log is refused with what to do', async () => {
    await run(['a', 'b', 'a']);
    await rm(join(directory.path, 'log'), { recursive: true });
    await expect(run(['a'])).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringContaining('delete'),
    });
  });

  it('that is damaged is rebuilt from the changelog, with a warning', async () => {
    await run(['a', 'b', 'a']);
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    for (const task of await readdir(join(state, 'app'))) {
      await writeFile(join(state, 'app', task, 'CURRENT'), 'MANIFEST-999999\n');
    }
    expect(await run(['a', 'b'])).toEqual({ a: 3, b: 2 });
    process.off('warning', listener);
    expect(warnings.map(({ message }) => message).join()).toContain('MANIFEST-999999 is missing');
  });

  it('of which a table is cut off is rebuilt from the changelog', async () => {
    await run(['a', 'b', 'a']);
    // A start makes a table of what was in the log.
    await run(['a']);
    for (const task of await readdir(join(state, 'app'))) {
      for (const name of await readdir(join(state, 'app', task))) {
        if (name.endsWith('.ldb')) await truncate(join(state, 'app', task, name), 60);
      }
    }
    expect(await run(['a', 'b'])).toEqual({ a: 4, b: 2 });
  });

  it('of which writes are missing in the middle is rebuilt from the changelog', async () => {
    for (const word of ['a', 'b', 'c', 'd']) await run([word]);
    // Each start begins a log; the one to be damaged is kept as it would be after a crash.
    const log = await EmbeddedLog.open({ directory: join(directory.path, 'log') });
    const streams = new Streams(countWords(), { applicationId: 'app', log, stateDirectory: state, commitInterval: 10 });
    await streams.start();
    for (let i = 0; i < 20; i++) {
      const transaction = log.transaction();
      transaction.append('words', 0, i, null, Buffer.from(`word-${i}-${'x'.repeat(4000)}`));
      transaction.append('words', 0, i, null, Buffer.from('a'));
      await transaction.commit();
      await streams.drain();
    }
    await cp(state, `${state}.crashed`, { recursive: true });
    await streams.close();
    await log.close();
    await rm(state, { recursive: true });
    await cp(`${state}.crashed`, state, { recursive: true });
    for (const task of await readdir(join(state, 'app'))) {
      const path = join(state, 'app', task);
      for (const name of (await readdir(path)).filter((one) => one.endsWith('.log'))) {
        const bytes = await readFile(join(path, name));
        // In the first of its blocks of 32 KiB: LevelDB leaves that out, and goes on with the next.
        if (bytes.length > 40_000) bytes.writeUInt8(bytes.readUInt8(20_000) ^ 1, 20_000);
        await writeFile(join(path, name), bytes);
      }
    }
    expect(await run(['a', 'b'])).toEqual({ a: 22, b: 2 });
  });

  it('does not bring deleted keys to life when it is older than the changelog remembers deletions', async () => {
    const latest = (now: number) => {
      const builder = new StreamsBuilder();
      builder.table('users', STRINGS, { name: 'users' });
      return new Streams(builder.build(), { applicationId: 'app', log, stateDirectory: state, now: () => now });
    };
    const put = async (key: string, value: string | null, now: number) => {
      const transaction = log.transaction();
      transaction.append('users', 0, 1, Buffer.from(key), value === null ? null : Buffer.from(value));
      await transaction.commit();
      const streams = latest(now);
      await streams.start();
      await streams.drain();
      await streams.close();
    };
    const log = await EmbeddedLog.open({ directory: join(directory.path, 'log') });
    await log.ensureTopic('users', { partitions: 1 });
    const now = Date.now();
    await put('a', '1', now);
    await cp(state, `${state}.old`, { recursive: true });
    await put('a', null, now);
    await put('b', '2', now);
    const later = now + 3 * 86_400_000;
    await log.compact({ topic: 'app-users-changelog', partition: 0 }, later);
    await rm(state, { recursive: true });
    await cp(`${state}.old`, state, { recursive: true });
    await put('c', '3', later);
    await log.close();
    const database = await StateDatabase.open(join(state, 'app', '0_0'));
    const keys: string[] = [];
    for await (const [key] of database.entries(Buffer.from('users\0'), Buffer.from('users\x01'))) {
      keys.push(key.toString().slice('users\0'.length));
    }
    await database.close();
    expect(keys).toEqual(['b', 'c']);
  });

  it('of other windows is refused, from its directory and from the changelog', async () => {
    const windowed = (size: number) => {
      const builder = new StreamsBuilder();
      builder
        .stream('words', STRINGS)
        .groupBy((_key, word) => word, { key: stringSerde })
        .windowedBy(TimeWindows.ofSizeWithNoGrace(size))
        .count({ name: 'counts' });
      return builder.build();
    };
    const log = await EmbeddedLog.inMemory();
    await log.ensureTopic('words', { partitions: 1 });
    const transaction = log.transaction();
    transaction.append('words', 0, 1, null, Buffer.from('a'));
    await transaction.commit();
    const first = new Streams(windowed(1000), { applicationId: 'app', log, stateDirectory: state });
    await first.start();
    await first.drain();
    await first.close();
    for (const stateDirectory of [state, join(directory.path, 'other')]) {
      const second = new Streams(windowed(2000), { applicationId: 'app', log, stateDirectory });
      await expect(second.start()).rejects.toMatchObject({ code: 'STATE_MISMATCH' });
    }
    await log.close();
  });

  it('of a life cycle is told to listeners, up to the error that ended it', async () => {
    const log = await EmbeddedLog.inMemory();
    const streams = new Streams(countWords(), { applicationId: 'app', log });
    const states: string[] = [];
    streams.onStateChange((next) => states.push(next));
    await expect(streams.start()).rejects.toThrow('the topic "words" does not exist');
    expect(states).toEqual(['REBALANCING', 'PENDING_ERROR', 'ERROR']);
    await log.close();
  });
});
