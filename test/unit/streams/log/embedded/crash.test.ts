import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { Log } from '../../../../../streams/log/log.js';
import { readRecords } from '../log-contract.js';
import { type CompiledLog, compileLog } from './child-process.js';

/** Goes on from the committed offset with numbered transactions over two topics, several on their way at a time. */
const WRITER = `
  import { EmbeddedLog } from './streams/log/embedded/embedded-log.js';
  const [directory, padding] = process.argv.slice(1);
  const log = await EmbeddedLog.open({ directory });
  await log.ensureTopic('doubles', { partitions: 1 });
  await log.ensureTopic('squares', { partitions: 1 });
  const input = { topic: 'doubles', partition: 0 };
  const pad = Buffer.alloc(Number(padding));
  const write = async (n) => {
    const transaction = log.transaction();
    transaction.append('doubles', 0, n, Buffer.from(String(n)), pad);
    transaction.append('squares', 0, n, Buffer.from(String(n)), pad);
    transaction.commitOffset('group', input, { offset: n + 1, metadata: String(n) });
    await transaction.commit();
    console.log('committed ' + n);
  };
  let n = (await log.committed('group', input))?.offset ?? 0;
  try {
    for (;;) await Promise.all([write(n++), write(n++), write(n++)]);
  } catch (error) {
    console.log('failed ' + error.code);
    const refused = await write(n++).catch((again) => again.code);
    console.log('refused ' + refused);
    await log.close();
  }
`;

/** @returns how many transactions the log holds, after it was found that it holds each whole and once */
async function checkPrefix(log: Log): Promise<number> {
  const input = { topic: 'doubles', partition: 0 };
  const end = await log.endOffset(input);
  for (const topic of ['doubles', 'squares']) {
    expect(await log.endOffset({ topic, partition: 0 })).toBe(end);
    const consumer = log.consumer();
    consumer.assign({ topic, partition: 0 }, 0);
    const records = await readRecords(consumer, end);
    expect(records.map(({ key }) => Number(key))).toEqual(Array.from({ length: end }, (_, n) => n));
  }
  const committed = await log.committed('group', input);
  expect(committed).toEqual(end === 0 ? undefined : { offset: end, metadata: String(end - 1) });
  return end;
}

function lastCommitted(lines: readonly string[]): number {
  return Math.max(-1, ...lines.filter((line) => line.startsWith('committed')).map((line) => Number(line.slice(10))));
}

describe('a log whose process ends at any moment', () => {
  let compiled: CompiledLog;
  let directory: string;

  beforeAll(async () => {
    compiled = await compileLog();
    directory = await mkdtemp(join(tmpdir(), 'millrace-crash-'));
  });
  afterAll(async () => {
    await compiled.remove();
    await rm(directory, { recursive: true });
  });

  it('holds what was committed, whole and once, after each of five kills', { timeout: 60_000 }, async () => {
    let transactions = 0;
    for (let round = 0; round < 5; round++) {
      const child = compiled.start(WRITER, directory, '300');
      await child.line('committed');
      // Not to wait for something: to be at a random place in its work.
      await delay(Math.random() * 100);
      child.process.kill('SIGKILL');
      await child.exited();

      const log = await EmbeddedLog.open({ directory });
      const held = await checkPrefix(log);
      await log.close();
      expect(held).toBeGreaterThan(lastCommitted(child.lines));
      expect(held).toBeGreaterThan(transactions);
      transactions = held;
    }
  });

  it.skipIf(process.platform === 'win32')(
    'holds what was committed when the disk takes no more, and refuses to go on',
    { timeout: 60_000 },
    async () => {
      const full = join(directory, 'full');
      // The largest size of a file (in blocks of 512 or 1024 bytes) stands for the end of the disk.
      const child = compiled.startAfter(`trap '' XFSZ; ulimit -f 4096`, WRITER, full, '100000');
      expect(await child.line('failed')).toBe('failed LOG_IO');
      expect(await child.line('refused')).toBe('refused LOG_IO');
      await child.exited();

      const log = await EmbeddedLog.open({ directory: full });
      expect(await checkPrefix(log)).toBe(lastCommitted(child.lines) + 1);
      await log.close();
    },
  );
});
