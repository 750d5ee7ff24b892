import { appendFile, copyFile, rename, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Committed, clients, combined, combinedLines, temporaryFolder, until } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let log: string;
let committed: Committed;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  folder = await temporaryFolder();
  log = folder.path('access.log');
  committed = new Committed();
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await folder.remove();
});

/** Follows in the background; the function returned stops it and waits. */
function follow(): () => Promise<void> {
  const controller = new AbortController();
  const reading = committed.read(log, { follow: true, signal: controller.signal });
  reading.catch(() => {});
  const stop = async () => {
    controller.abort();
    await reading;
  };
  stops.push(stop);
  return stop;
}

/** Modification times tell the order of rotation; here two writes may fall into one tick of the file system's clock. */
async function writtenAt(name: string, seconds: number): Promise<void> {
  await utimes(folder.path(name), seconds, seconds);
}

async function seen(events: number): Promise<void> {
  await until(() => committed.events.length + committed.badLines.length >= events);
}

describe('following a log', () => {
  it('gives lines as they are written, and half a line when it is whole', async () => {
    await writeFile(log, combinedLines(0, 2));
    follow();
    await seen(2);
    await appendFile(log, combined(2).slice(0, 30));
    await appendFile(log, `${combined(2).slice(30)}\n`);
    await seen(3);
    expect(committed.clients).toEqual(clients(0, 3));
  });

  it('reads the old file to its end, then the new one, when a log is renamed and made anew', async () => {
    await writeFile(log, combinedLines(0, 2));
    follow();
    await seen(2);
    await rename(log, folder.path('access.log.1'));
    await writeFile(log, '');
    // The server has not yet reopened its log.
    await appendFile(folder.path('access.log.1'), combinedLines(2, 4));
    await appendFile(log, combinedLines(4, 6));
    await seen(6);
    expect(committed.clients).toEqual(clients(0, 6));
  });

  it('reads a log that was rotated twice between two looks', async () => {
    await writeFile(log, combinedLines(0, 2));
    follow();
    await seen(2);
    await rename(log, folder.path('access.log.2'));
    await writeFile(folder.path('access.log.1'), combinedLines(2, 4));
    await writtenAt('access.log.2', 1000);
    await writtenAt('access.log.1', 2000);
    await writeFile(log, combinedLines(4, 6));
    await seen(6);
    expect(committed.clients).toEqual(clients(0, 6));
  });

  it('starts again at the start of a log that was copied and cut', async () => {
    await writeFile(log, combinedLines(0, 5));
    follow();
    await seen(5);
    await copyFile(log, folder.path('access.log.1'));
    await truncate(log, 0);
    await appendFile(log, combinedLines(5, 7));
    await seen(7);
    expect(committed.clients).toEqual(clients(0, 7));
  });

  it('sees that a log was cut even when it has grown past its old length since', async () => {
    await writeFile(log, combinedLines(0, 2));
    follow();
    await seen(2);
    // Both between two looks.
    await writeFile(log, combinedLines(2, 8));
    await seen(8);
    expect(committed.clients).toEqual(clients(0, 8));
  });

  it('does not take a log that began all but empty for the next one that stands at its path', async () => {
    await writeFile(log, '\n');
    const stop = follow();
    await until(() => committed.batches.length > 0);
    await appendFile(log, combinedLines(0, 3));
    await seen(3);
    await stop();
    await unlink(log);
    await writeFile(log, `\n${combinedLines(10, 20)}`);
    await committed.read(log);
    expect(committed.clients).toEqual([...clients(0, 3), ...clients(10, 20)]);
  });

  it('goes on in a log that was rotated while nobody read it', async () => {
    await writeFile(log, combinedLines(0, 3));
    const stop = follow();
    await seen(3);
    await stop();
    await appendFile(log, combinedLines(3, 5));
    await rename(log, folder.path('access.log.2'));
    await writeFile(folder.path('access.log.1'), combinedLines(5, 7));
    await writtenAt('access.log.2', 1000);
    await writtenAt('access.log.1', 2000);
    await writeFile(log, combinedLines(7, 9));
    await writeFile(folder.path('access.log.old-notes'), combinedLines(50, 60));
    follow();
    await seen(9);
    expect(committed.clients).toEqual(clients(0, 9));
  });

  it('goes on in a log that its server still writes to, though another stands at its path', async () => {
    await writeFile(log, combinedLines(0, 3));
    const stop = follow();
    await seen(3);
    await stop();
    await rename(log, folder.path('access.log.1'));
    await writeFile(log, combinedLines(5, 7));
    await appendFile(folder.path('access.log.1'), combinedLines(3, 5));
    await writtenAt('access.log', 1000);
    await writtenAt('access.log.1', 2000);
    follow();
    await seen(7);
    expect(committed.clients).toEqual(clients(0, 7));
  });

  it('passes over the newline of a last line that was taken without it', async () => {
    await writeFile(log, combined(0));
    await committed.read(log);
    follow();
    await appendFile(log, `\n${combinedLines(1, 3)}`);
    await seen(3);
    expect(committed.clients).toEqual(clients(0, 3));
    expect(committed.badLines).toEqual([]);
  });

  it('gives each line once and in order, however often the log is rotated and the reader stopped', async () => {
    await writeFile(log, '');
    let stop = follow();
    let written = 0;
    for (let round = 1; round <= 24; round++) {
      for (let n = 0; n < 5; n++) {
        const line = combined(written++);
        await appendFile(log, line.slice(0, 50));
        await appendFile(log, `${line.slice(50)}\n`);
      }
      // As a server has it: time goes by between two rotations, and the file system's clock shows it.
      await delay(20);
      for (let older = round; older > 1; older--) {
        const name = folder.path(`access.log.${older - 1}`);
        await rename(name, folder.path(`access.log.${older}`));
      }
      await rename(log, folder.path('access.log.1'));
      await writeFile(log, '');
      if (round % 6 === 0) {
        await stop();
        stop = follow();
      }
    }
    await appendFile(log, combinedLines(written, written + 1));
    await seen(written + 1);
    expect(committed.clients).toEqual(clients(0, written + 1));
    expect(committed.badLines).toEqual([]);
  });

  it('stops when it is told to, and leaves half a line for the next run', async () => {
    await writeFile(log, combinedLines(0, 2) + combined(2).slice(0, 40));
    const stop = follow();
    await seen(2);
    await stop();
    await appendFile(log, `${combined(2).slice(40)}\n`);
    await committed.read(log);
    expect(committed.clients).toEqual(clients(0, 3));
    expect(committed.badLines).toEqual([]);
  });
});
