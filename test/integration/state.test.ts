import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberSerde, Streams, StreamsBuilder, stringSerde, TimeWindows, type Topology } from '../../streams/index.js';
import { EmbeddedLog } from '../../streams/log/embedded/embedded-log.js';
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

  it('that is damaged is refused with the directory to delete', async () => {
    await run(['a']);
    const [task] = (await readdir(join(state, 'app'))).sort();
    await writeFile(join(state, 'app', task ?? '', 'CURRENT'), 'MANIFEST-999999\n');
    await expect(run(['a'])).rejects.toMatchObject({
      name: 'StateError',
      message: expect.stringContaining(task ?? '?'),
    });
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
