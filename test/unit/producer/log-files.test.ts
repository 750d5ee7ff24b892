import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogs } from '../../../producer/log-source.js';
import { ProducerError } from '../../../producer/producer-error.js';
import {
  Committed,
  clientOf,
  clients,
  combined,
  combinedLines,
  sourceOptions,
  temporaryFolder,
  until,
} from './log-inputs.js';

const ACCESS_LOG = fileURLToPath(new URL('../../fixtures/access.log.gz', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let log: string;
let committed: Committed;

beforeEach(async () => {
  folder = await temporaryFolder();
  log = folder.path('access.log');
  committed = new Committed();
});

afterEach(() => folder.remove());

async function failure(run: Promise<unknown>): Promise<ProducerError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProducerError)) throw new Error(`no ProducerError: ${error}`);
  return error;
}

describe('reading a file', () => {
  it('gives an event or a bad line for every line of a real access log', async () => {
    await committed.read(ACCESS_LOG);
    expect(committed.events.length + committed.badLines.length).toBe(10_000);
    expect(committed.reasons).toEqual([]);
    // By: zcat access.log.gz | awk '{print $9}' | sort | uniq -c
    const text = gunzipSync(await readFile(ACCESS_LOG)).toString();
    const statuses = [...text.matchAll(/" (\d{3}) (?:\d+|-) "/g)].map(([, status]) => Number(status));
    expect(committed.events.map(({ status }) => status)).toEqual(statuses);
  });

  it('reads several files, and one that is named twice once', async () => {
    await writeFile(folder.path('b.log'), combinedLines(0, 3));
    await writeFile(folder.path('a.log'), combinedLines(3, 5));
    await committed.read([folder.path('b.log'), folder.path('a.log'), folder.path('./b.log')]);
    expect(committed.clients).toEqual(clients(0, 5));
  });

  it('passes over empty lines, a byte order mark and carriage returns', async () => {
    await writeFile(log, `\ufeff${combined(0)}\r\n\r\n\n   \n${combined(1)}\r\n`);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 2));
    expect(committed.badLines).toEqual([]);
  });

  it('gives a bad line its number, its bytes and its whole length, and goes on after it', async () => {
    const long = Buffer.alloc(10 * 1024 * 1024, 'x');
    await writeFile(
      log,
      Buffer.concat([
        Buffer.from(`${combined(0)}\n`),
        long,
        Buffer.from('\n\xff\xfe\n', 'latin1'),
        Buffer.from(combined(1)),
      ]),
    );
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 2));
    expect(committed.reasons).toEqual(['line-too-long', 'not-in-format']);
    const [tooLong, junk] = committed.badLines;
    expect(tooLong).toMatchObject({ line: 2, length: long.length });
    expect(tooLong?.bytes).toHaveLength(64 * 1024);
    expect(junk).toMatchObject({ line: 3, bytes: Buffer.from([0xff, 0xfe]), length: 2 });
  });

  it('reads compressed text by what it is, not by its name', async () => {
    await writeFile(folder.path('packed.log'), gzipSync(combinedLines(0, 3)));
    await writeFile(folder.path('plain.log.gz'), combinedLines(3, 5));
    await committed.read([folder.path('packed.log'), folder.path('plain.log.gz')]);
    expect(committed.clients).toEqual(clients(0, 5));
  });

  it('reads every member of concatenated gzip files', async () => {
    await writeFile(log, Buffer.concat([gzipSync(combinedLines(0, 3)), gzipSync(combinedLines(3, 5))]));
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 5));
  });

  it('reads a named pipe to its end, without a position to go on from', async () => {
    const pipe = folder.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const writing = writeFile(pipe, combinedLines(0, 3));
    await committed.read(pipe);
    await writing;
    expect(committed.clients).toEqual(clients(0, 3));
    expect(committed.position(pipe)).toBeUndefined();
  });
});

describe('going on where reading was left', () => {
  it('loses and doubles no line wherever it is stopped, compressed or not', async () => {
    const text = Array.from({ length: 40 }, (_, n) => (n % 7 === 3 ? `bad ${n}\n` : `${combined(n)}\r\n`)).join('');
    let file = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (stops, batchLines, compressed) => {
          const path = folder.path(`${file++}.log`);
          await writeFile(path, compressed ? gzipSync(text) : text);
          const runs = new Committed();
          for (const stopAfter of stops) await runs.read(path, { batchLines, stopAfter });
          await runs.read(path, { batchLines });
          expect(runs.clients).toEqual(clients(0, 40).filter((_, n) => n % 7 !== 3));
          expect(runs.badLines.map(({ line }) => line)).toEqual([4, 11, 18, 25, 32, 39]);
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it('reads what a file has grown by', async () => {
    await writeFile(log, combinedLines(0, 3));
    await committed.read(log);
    await appendFile(log, combinedLines(3, 5));
    await committed.read(log);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 5));
  });

  it('reads a file that another has replaced from its start', async () => {
    await writeFile(log, combinedLines(0, 3));
    await committed.read(log);
    await writeFile(log, combinedLines(100, 110));
    await committed.read(log);
    expect(committed.clients).toEqual([...clients(0, 3), ...clients(100, 110)]);
  });

  it('takes a last line that only lacked its newline once', async () => {
    await writeFile(log, combined(0));
    await committed.read(log);
    await appendFile(log, `\n${combined(1)}\n`);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 2));
    expect(committed.badLines).toEqual([]);
    expect(committed.position(log)).toMatchObject({ lines: 2 });
  });

  it('reads a last line that was half written again when it is whole', async () => {
    const whole = combined(1);
    await writeFile(log, `${combined(0)}\n${whole.slice(0, 60)}`);
    await committed.read(log);
    await committed.read(log);
    expect(committed.badLines.map(({ line }) => line)).toEqual([2]);
    await appendFile(log, `${whole.slice(60)}\n${combined(2)}`);
    await committed.read(log);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 3));
    expect(committed.badLines).toHaveLength(1);
    await appendFile(log, `\nno log\n`);
    await committed.read(log);
    expect(committed.badLines.map(({ line }) => line)).toEqual([2, 4]);
  });
});

describe('inputs that cannot be read', () => {
  it('gives all complete lines of a truncated gzip file, names the file and the place, and goes on with others', async () => {
    const text = combinedLines(0, 20_000);
    const cut = gzipSync(text).subarray(0, -1000);
    // What zlib can make of it, by its own lenient mode.
    const whole = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString().split('\n').length - 1;
    await writeFile(log, cut);
    await writeFile(folder.path('other.log'), `${combined(30_000)}\n`);
    await committed.read([log, folder.path('other.log')]);
    expect(committed.clients.filter((client) => client !== clientOf(30_000))).toEqual(clients(0, whole));
    expect(committed.clients).toHaveLength(whole + 1);
    expect(committed.warnings).toEqual([expect.stringContaining(`${log} ends in the middle`)]);
    expect(committed.warnings[0]).toContain(`${whole} lines`);
  });

  it('gives the same lines of a truncated gzip file to a slow reader', async () => {
    const cut = gzipSync(combinedLines(0, 20_000)).subarray(0, -1000);
    const whole = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString().split('\n').length - 1;
    await writeFile(log, cut);
    let events = 0;
    for await (const batch of readLogs(sourceOptions(log, { batchLines: 500 }))) {
      events += batch.events.length;
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    }
    expect(events).toBe(whole);
  });

  it('goes on in a gzip file that was truncated and is whole now', async () => {
    const whole = gzipSync(combinedLines(0, 20_000));
    await writeFile(log, whole.subarray(0, -1000));
    await committed.read(log);
    await writeFile(log, whole);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 20_000));
  });

  it('says which file is missing before it reads any', async () => {
    await writeFile(log, combinedLines(0, 1));
    const error = await failure(committed.read([log, folder.path('none.log')]));
    expect(error).toMatchObject({ code: 'INPUT_MISSING', message: expect.stringContaining('none.log') });
    expect(committed.events).toEqual([]);
  });

  it('says that a directory is one, and what to name instead', async () => {
    await mkdir(folder.path('logs'));
    const error = await failure(committed.read(folder.path('logs')));
    expect(error).toMatchObject({ code: 'INPUT_IS_DIRECTORY', message: expect.stringContaining('*.log') });
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not read a file, and what to do', async () => {
    await writeFile(log, combinedLines(0, 1));
    await chmod(log, 0);
    const error = await failure(committed.read(log));
    expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('chmod') });
  });

  it('can be stopped while it waits for a pipe that says nothing', async () => {
    const pipe = folder.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = open(pipe, 'r+');
    const stop = new AbortController();
    const reading = committed.read(pipe, { signal: stop.signal });
    const handle = await writer;
    await handle.write(combinedLines(0, 2));
    await until(() => committed.events.length === 2);
    stop.abort();
    await reading;
    await handle.close();
    expect(committed.clients).toEqual(clients(0, 2));
  });

  it('reads what is in a pipe when it is told to stop, for nobody can read it again', async () => {
    const pipe = folder.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = open(pipe, 'r+');
    const stop = new AbortController();
    const reading = committed.read(pipe, { signal: stop.signal });
    const handle = await writer;
    await handle.write(combinedLines(0, 2));
    await until(() => committed.events.length === 2);
    // Less than the 64 KiB that a pipe holds.
    await handle.write(combinedLines(2, 500));
    stop.abort();
    await reading;
    await handle.close();
    expect(committed.clients).toEqual(clients(0, 500));
  });

  it('does not wait for a pipe that goes on and on when it is told to stop', async () => {
    const pipe = folder.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = open(pipe, 'r+');
    const stop = new AbortController();
    let isOver = false;
    const reading = committed.read(pipe, { signal: stop.signal }).then(() => {
      isOver = true;
    });
    const handle = await writer;
    for (let line = 0; !isOver; line++) {
      await handle.write(combinedLines(line, line + 1));
      if (line === 100) stop.abort();
      await delay(1);
    }
    await reading;
    await handle.close();
    expect(committed.events.length).toBeGreaterThan(100);
  });

  it('reads nothing when it has been stopped', async () => {
    await writeFile(log, combinedLines(0, 3));
    await committed.read(log, { signal: AbortSignal.abort() });
    expect(committed.batches).toEqual([]);
  });
});
