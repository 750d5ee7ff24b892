import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../../../producer/random.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import { repairLog } from '../../../../../streams/log/embedded/repair-log.js';
import { verifyLog } from '../../../../../streams/log/embedded/verify-log.js';
import { LogError } from '../../../../../streams/log/log.js';
import { type CompiledLog, compileLog } from './child-process.js';

const FLIPS = Number(process.env['MILLRACE_FLIPS'] ?? 48);
const TOPICS = ['events', 'results'];
const GROUP = 'counts';
/** Appends events over two topics of two partitions, commits offsets, and ends as a crash does. */
const WRITER = `
  import { EmbeddedLog } from './streams/log/embedded/embedded-log.js';
  const [directory, transactions, perTransaction] = process.argv.slice(1);
  const log = await EmbeddedLog.open({ directory });
  for (const topic of ['events', 'results']) await log.ensureTopic(topic, { partitions: 2 });
  for (let n = 0; n < Number(transactions); n++) {
    const transaction = log.transaction();
    for (let i = 0; i < Number(perTransaction); i++) {
      const number = n * perTransaction + i;
      const value = Buffer.from(number + ' ' + Buffer.from(String(Math.sin(number)) + Math.cos(number)).toString('base64'));
      transaction.append('events', i % 2, 1_700_000_000_000 + number, Buffer.from(String(number)), value);
      if (i % 10 === 0) transaction.append('results', n % 2, 1_700_000_000_000 + number, null, Buffer.from(String(number)));
    }
    transaction.commitOffset('${GROUP}', { topic: 'events', partition: 0 }, { offset: n, metadata: '' });
    await transaction.commit();
  }
  process.kill(process.pid, 'SIGKILL');
`;

let compiled: CompiledLog;
let parent: string;
/** A log in a write-ahead log alone, and one with tables; both as a crash leaves them. */
const logs: { name: string; whole: string[] }[] = [];

beforeAll(async () => {
  compiled = await compileLog();
  parent = await mkdtemp(join(tmpdir(), 'millrace-damage-'));
  // What was in the write-ahead log goes to a table when the log is opened again: the second has two, and another log.
  for (const [name, transactions, perTransaction] of [
    ['ahead', 60, 100],
    ['tables', 50, 400],
    ['tables', 50, 400],
    ['tables', 50, 400],
  ] as const) {
    const writer = compiled.start(WRITER, join(parent, name), String(transactions), String(perTransaction));
    await writer.exited();
    expect(writer.process.signalCode, writer.errors()).toBe('SIGKILL');
  }
  for (const name of ['ahead', 'tables']) {
    await cp(join(parent, name), join(parent, 'copy'), { recursive: true });
    logs.push({ name, whole: await readAll(join(parent, 'copy')) });
    await rm(join(parent, 'copy'), { recursive: true });
  }
}, 120_000);

afterAll(async () => {
  await compiled.remove();
  await rm(parent, { recursive: true, force: true });
});

/** Every record and offset of the log, as text. @throws LogError */
async function readAll(directory: string): Promise<string[]> {
  const log = await EmbeddedLog.open({ directory });
  try {
    const all: string[] = [];
    for (const topic of TOPICS) {
      for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
        const consumer = log.consumer();
        const end = await log.endOffset({ topic, partition });
        consumer.assign({ topic, partition }, 0);
        for (let next = 0; next < end; ) {
          const cursors = await consumer.poll(0);
          if (cursors.length === 0) break;
          for (const cursor of cursors) {
            while (cursor.next()) {
              const { keyEnd, keyStart, offset, timestamp, valueBytes, valueEnd, valueStart } = cursor;
              const key = keyStart < 0 ? null : cursor.keyBytes.toString('latin1', keyStart, keyEnd);
              const value = valueBytes.toString('latin1', valueStart, valueEnd);
              all.push(`${topic}-${partition} ${offset} ${timestamp} ${key} ${value}`);
            }
            next = cursor.nextOffset;
          }
        }
      }
    }
    const committed = await log.committed(GROUP, { topic: 'events', partition: 0 });
    return [...all, `committed ${committed?.offset}`, `topics ${await log.topics()}`];
  } finally {
    await log.close();
  }
}

async function filesOf(directory: string): Promise<{ name: string; size: number }[]> {
  const names = (await readdir(directory)).filter((name) => !/^(LOCK|LOG|LOG.old|log.sock)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, size: (await stat(join(directory, name))).size })));
}

async function flip(path: string, random: Random): Promise<void> {
  const bytes = await readFile(path);
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  await writeFile(path, bytes);
}

describe('a bit that is changed in the files of a log', () => {
  it.each([0, 1])(
    'is harmless, or noticed with its place; never are there other records (log %i)',
    { timeout: 600_000 },
    async (index) => {
      const { name, whole } = logs[index] as (typeof logs)[number];
      const random = new Random(5 + index);
      const outcomes = new Map<string, number>();
      const directory = join(parent, 'damaged');
      const files = (await filesOf(join(parent, name))).filter(({ size }) => size > 0);
      if (index === 1) expect(files.filter((file) => file.name.endsWith('.ldb')).length).toBeGreaterThan(1);
      for (let round = 0; round < FLIPS; round++) {
        await cp(join(parent, name), directory, { recursive: true });
        // Each file in turn, and half of the time the large ones.
        const large = files.filter(({ size }) => size > 100_000);
        const file = round % 2 === 0 ? large[(round / 2) % large.length] : files[((round - 1) / 2) % files.length];
        if (file === undefined) throw new Error('there are no files');
        await flip(join(directory, file.name), random);
        const outcome = await readAll(directory).then(
          (read) => (read.join('\n') === whole.join('\n') ? 'harmless' : 'WRONG'),
          (error: unknown) => {
            if (error instanceof LogError && error.code === 'LOG_CORRUPT') return 'noticed';
            return `${error}`;
          },
        );
        const kind = /[.]\w+$/.exec(file.name)?.[0] ?? file.name.replace(/-\d+$/, '');
        outcomes.set(`${kind} ${outcome}`, (outcomes.get(`${kind} ${outcome}`) ?? 0) + 1);
        expect(['harmless', 'noticed'], `round ${round}, ${file.name}`).toContain(outcome);
        await rm(directory, { recursive: true });
      }
      if (process.env['MILLRACE_FLIPS']) process.stdout.write(`${JSON.stringify([...outcomes].sort())}\n`);
    },
  );
});

describe('a repair', () => {
  it.each([0, 1])(
    'leaves what it could not save as gaps that it has named, and all else as it was (log %i)',
    {
      timeout: 600_000,
    },
    async (index) => {
      const { name, whole } = logs[index] as (typeof logs)[number];
      const random = new Random(50 + index);
      const directory = join(parent, 'damaged');
      let repaired = 0;
      for (let round = 0; round < FLIPS / 6; round++) {
        await cp(join(parent, name), directory, { recursive: true });
        const files = (await filesOf(directory)).filter(({ size }) => size > 0);
        const large = files.filter(({ size }) => size > 100_000);
        const file = round % 2 === 0 ? large[(round / 2) % large.length] : files[((round - 1) / 2) % files.length];
        await flip(join(directory, file?.name ?? ''), random);
        const before = await verifyLog(directory);
        const { keptIn, report } = await repairLog(directory, { confirm: async () => true });
        expect(report).toEqual(before);
        expect(keptIn !== undefined).toBe(report.isDamaged);
        const lost = (line: string) =>
          report.lost.some(({ firstOffset, lastOffset, partition, topic }) => {
            const [place, offset] = line.split(' ');
            return place === `${topic}-${partition}` && Number(offset) >= firstOffset && Number(offset) <= lastOffset;
          });
        const records = (lines: string[]) => lines.filter((line) => !/^(committed|topics)/.test(line));
        if (report.missingCommits === 0) {
          expect(records(await readAll(directory)), `round ${round}, ${file?.name}`).toEqual(
            records(whole).filter((line) => !lost(line)),
          );
        } else {
          // Of the last commit, whose end nothing tells any more.
          const read = await readAll(directory);
          expect(whole).toEqual(expect.arrayContaining(records(read)));
          expect(records(whole).length - records(read).length).toBeLessThanOrEqual(410 * report.missingCommits);
        }
        const after = await verifyLog(directory);
        expect(after.isDamaged).toBe(false);
        expect(after.noted.length).toBe(report.lost.length);
        if (keptIn !== undefined) {
          repaired++;
          // Nothing of the damaged files was changed, but for what LevelDB holds.
          expect((await filesOf(keptIn)).map((each) => each.name)).toEqual(files.map((each) => each.name));
          await rm(keptIn, { recursive: true });
        }
        await rm(directory, { recursive: true });
      }
      expect(repaired).toBeGreaterThan(FLIPS / 20);
    },
  );
});
