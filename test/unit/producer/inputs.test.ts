import { execFileSync } from 'node:child_process';
import { appendFile, copyFile, rename, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Committed, clients, combinedLines, temporaryFolder, until } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let log: string;
let committed: Committed;

beforeEach(async () => {
  folder = await temporaryFolder();
  log = folder.path('access.log');
  committed = new Committed();
});

afterEach(() => folder.remove());

const START = Date.UTC(2024, 2, 7, 11, 5);

/** A JSON line of a client at so many seconds after the start. */
function line(client: string, second: number): string {
  const event = { client_ip: client, method: 'GET', status: 200, '@timestamp': (START + second * 1000) / 1000 };
  return `${JSON.stringify(event)}\n`;
}

function lines(client: string, from: number, to: number): string {
  return Array.from({ length: to - from }, (_, n) => line(client, from + n)).join('');
}

function seconds(): number[] {
  return committed.events.map(({ timestamp }) => (timestamp - START) / 1000);
}

describe('compressed logs', () => {
  it.each([
    ['gzip', 'gz'],
    ['xz', 'xz'],
    ['zstd', 'zst'],
    ['bzip2', 'bz2'],
  ])('are read from %s, also several streams one after the other', async (program) => {
    const packed = (text: string) => execFileSync(program, ['-c'], { input: text });
    await writeFile(log, Buffer.concat([packed(combinedLines(0, 2000)), packed(combinedLines(2000, 2100))]));
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 2100));
    expect(committed.warnings).toEqual([]);
    await committed.read(log);
    expect(committed.clients).toHaveLength(2100);
  });

  it.each(['gzip', 'xz', 'zstd', 'bzip2'])(
    'of %s that break off give what can be read, and a warning',
    async (program) => {
      const packed = execFileSync(program, program === 'bzip2' ? ['-1', '-c'] : ['-c'], {
        input: combinedLines(0, 9000),
      });
      await writeFile(log, packed.subarray(0, Math.floor(packed.length * 0.8)));
      await committed.read(log);
      expect(committed.clients.length).toBeGreaterThan(100);
      expect(committed.clients).toEqual(clients(0, committed.clients.length));
      expect(committed.badLines).toEqual([]);
      expect(committed.warnings).toEqual([expect.stringContaining(log)]);
    },
  );

  it.each([
    ['garbage', Buffer.from('garbage')],
    ['zeros', Buffer.alloc(512)],
    ['what looks like gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3])],
  ])('of gzip with %s behind them are whole, with a warning', async (_, behind) => {
    await writeFile(log, Buffer.concat([gzipSync(combinedLines(0, 50)), behind]));
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 50));
    expect(committed.warnings).toEqual([expect.stringContaining('behind')]);
  });

  it('are merged while several of them are open', async () => {
    const files = await Promise.all(
      ['xz', 'xz', 'zstd', 'bzip2'].map(async (program, n) => {
        const path = folder.path(`${n}.log`);
        await writeFile(path, execFileSync(program, ['-c'], { input: lines(`client-${n}`, n, 3000) }));
        return path;
      }),
    );
    await committed.read(files);
    expect(committed.events).toHaveLength(3000 * 4 - 6);
    expect(seconds()).toEqual([...seconds()].sort((a, b) => a - b));
  });

  it('are read in UTF-16, too', async () => {
    await writeFile(log, Buffer.from(`\ufeff${combinedLines(0, 3).replaceAll('\n', '\r\n')}`, 'utf16le'));
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 3));
  });
});

describe('several logs', () => {
  it('are merged by time, whatever the order in which they are named', async () => {
    const files = [folder.path('a.log'), folder.path('b.log'), folder.path('c.log.gz')] as const;
    await writeFile(files[0], lines('a', 0, 100));
    await writeFile(files[1], lines('b', 50, 150));
    await writeFile(files[2], gzipSync(lines('c', 120, 300)));
    const sorted = [...Array(100).keys(), ...Array.from({ length: 100 }, (_, n) => 50 + n)];
    sorted.push(...Array.from({ length: 180 }, (_, n) => 120 + n));
    sorted.sort((a, b) => a - b);
    for (const order of [files, [...files].reverse()]) {
      committed = new Committed();
      await committed.read(order, { batchLines: 7 });
      expect(seconds()).toEqual(sorted);
    }
  });

  it('lose and double no line wherever reading them is stopped', async () => {
    const files = [folder.path('a.log'), folder.path('b.log')];
    await writeFile(folder.path('a.log'), lines('a', 0, 60));
    await writeFile(folder.path('b.log'), lines('b', 10, 70));
    for (const stopAfter of [3, 1, 0, 5, 2]) await committed.read(files, { batchLines: 7, stopAfter });
    await committed.read(files);
    expect(seconds()).toEqual([...seconds()].sort((a, b) => a - b));
    expect(committed.events).toHaveLength(120);
  });

  it('are all followed', async () => {
    const files = [folder.path('a.log'), folder.path('b.log')] as const;
    await writeFile(files[0], line('a', 0));
    await writeFile(files[1], line('b', 1));
    const stop = new AbortController();
    const reading = committed.read(files, { follow: true, signal: stop.signal });
    await until(() => committed.events.length === 2);
    await appendFile(files[0], line('a', 2));
    await until(() => committed.events.length === 3);
    await appendFile(files[1], line('b', 3));
    await until(() => committed.events.length === 4);
    stop.abort();
    await reading;
    expect(seconds()).toEqual([0, 1, 2, 3]);
  });
});

describe('a log that was read before', () => {
  it('is known under the name that rotation gave it, and compressed', async () => {
    await writeFile(log, combinedLines(0, 30));
    await committed.read(log);
    await appendFile(log, combinedLines(30, 40));
    await rename(log, `${log}.1`);
    await writeFile(log, combinedLines(40, 50));
    await committed.read([`${log}.1`, log]);
    await writeFile(`${log}.2.gz`, gzipSync(combinedLines(0, 40)));
    await committed.read([`${log}.2.gz`, log]);
    expect(committed.clients).toEqual(clients(0, 50));
  });

  it('is read to its end when it was rotated and compressed meanwhile', async () => {
    await writeFile(log, combinedLines(0, 30));
    await committed.read(log);
    await writeFile(`${log}.1.gz`, gzipSync(combinedLines(0, 40)));
    await writeFile(folder.path('new'), combinedLines(40, 50));
    await rename(folder.path('new'), log);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 50));
    expect(committed.warnings).toEqual([]);
  });

  it('is missed where it is nowhere to be found', async () => {
    await writeFile(log, combinedLines(0, 30));
    await committed.read(log);
    await writeFile(log, combinedLines(40, 50));
    await committed.read(log);
    expect(committed.warnings).toEqual([expect.stringContaining('another file')]);
    await committed.read(log);
    expect(committed.warnings).toHaveLength(1);
  });

  it('is not taken for another with the same first bytes', async () => {
    const head = combinedLines(0, 30);
    await writeFile(log, head + combinedLines(100, 110));
    await writeFile(folder.path('other.log'), head + combinedLines(200, 220));
    await committed.read(log);
    await committed.read(folder.path('other.log'));
    expect(committed.clients).toEqual([
      ...clients(0, 30),
      ...clients(100, 110),
      ...clients(0, 30),
      ...clients(200, 220),
    ]);
  });

  it('is read once where a copy of it is named, too', async () => {
    await writeFile(log, combinedLines(0, 30));
    await copyFile(log, folder.path('copy.log'));
    await writeFile(`${log}.gz`, gzipSync(combinedLines(0, 40)));
    await committed.read([log, folder.path('copy.log'), `${log}.gz`]);
    expect(committed.clients).toEqual(clients(0, 40));
    expect(committed.warnings).toHaveLength(2);
  });

  it('goes on where an older version of positions says', async () => {
    const { createHash } = await import('node:crypto');
    const text = combinedLines(0, 30);
    await writeFile(log, text + combinedLines(30, 40));
    const prefixHash = createHash('sha256').update(text.slice(0, 1024)).digest('hex');
    const position = { prefixBytes: 1024, prefixHash, offset: text.length, lines: 30 };
    await committed.read(log, { positions: new Map([[log, position]]) });
    expect(committed.clients).toEqual(clients(30, 40));
    expect(committed.batches[0]?.positions.get(log)).toBeNull();
  });

  it('gives a bad line of one that was taken unfinished and has grown since', async () => {
    await writeFile(log, `${line('a', 0)}${line('b', 1).trimEnd()}`);
    await committed.read(log);
    await appendFile(log, ` \n${line('c', 2)}`);
    await committed.read(log);
    expect(committed.clients).toEqual(['a', 'b', 'c']);
    expect(committed.reasons).toEqual(['taken-unfinished']);
  });
});

describe('a line that is far ahead of those around it', () => {
  const DAY = 86_400;

  it.each([
    ['first', 0],
    ['in the middle', 50],
    ['before the last', 99],
  ])('is set aside when it is %s', async (_, at) => {
    await writeFile(log, lines('a', 0, at) + line('z', 300 * DAY) + lines('a', at, 100));
    await committed.read(log);
    expect(seconds()).toEqual([...Array(100).keys()]);
    expect(committed.reasons).toEqual(['ahead-of-neighbours']);
    expect(committed.badLines.map(({ line }) => line)).toEqual([at + 1]);
  });

  it('is right after a quiet night, also as the last one', async () => {
    await writeFile(log, lines('a', 0, 20) + lines('b', DAY, DAY + 20) + line('c', 2 * DAY));
    await committed.read(log);
    expect(committed.events).toHaveLength(41);
  });

  it('is set aside wherever reading is stopped', async () => {
    await writeFile(log, lines('a', 0, 50) + line('z', 300 * DAY) + lines('a', 50, 100));
    for (const stopAfter of [4, 3, 2, 1]) await committed.read(log, { batchLines: 5, stopAfter });
    await committed.read(log, { batchLines: 5 });
    expect(seconds()).toEqual([...Array(100).keys()]);
    expect(committed.badLines.map(({ line }) => line)).toEqual([51]);
  });
});
