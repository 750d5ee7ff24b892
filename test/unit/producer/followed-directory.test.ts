import { appendFileSync } from 'node:fs';
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogSourceOptions } from '../../../producer/log-source.js';
import { Committed, clients, combined, combinedLines, temporaryFolder, until } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let logs: string;
let committed: Committed;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  folder = await temporaryFolder();
  logs = folder.path('logs');
  await mkdir(logs);
  committed = new Committed();
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await folder.remove();
});

const at = (name: string) => `${logs}/${name}`;

/** Follows in the background; the function returned stops it and waits. */
function follow(input = logs, options: Partial<LogSourceOptions> = {}): () => Promise<void> {
  const controller = new AbortController();
  const reading = committed.read(input, { ...options, follow: true, signal: controller.signal });
  reading.catch(() => {});
  const stop = async () => {
    controller.abort();
    await reading;
  };
  stops.push(stop);
  return stop;
}

const seen = (events: number) => until(() => committed.events.length + committed.badLines.length >= events);

/** Every line once, whatever their order is. */
function expectEach(to: number): void {
  const byName = (one: string, other: string) => one.localeCompare(other);
  expect(committed.clients.toSorted(byName)).toEqual(clients(0, to).toSorted(byName));
  expect(committed.badLines).toEqual([]);
}

/** Looked at again, and found to have nothing new: a file that is written after it has come. */
async function lookedAgain(from: number): Promise<void> {
  await writeFile(at(`later-${from}.log`), combinedLines(from, from + 1));
  await seen(from + 1);
}

describe('a directory that is followed', () => {
  it('has a file that is made later read from its beginning', async () => {
    await writeFile(at('a.log'), combinedLines(0, 2));
    follow();
    await seen(2);
    await writeFile(at('b.log'), combinedLines(2, 4));
    await seen(4);
    await appendFile(at('a.log'), combinedLines(4, 5));
    await appendFile(at('b.log'), combinedLines(5, 6));
    await seen(6);
    expectEach(6);
  });

  it('may have no file, or not be there yet', async () => {
    await rm(logs, { recursive: true });
    follow();
    await until(() => committed.warnings.some((warning) => warning.includes('logs yet')));
    await mkdir(logs);
    await writeFile(at('a.log'), combinedLines(0, 2));
    await seen(2);
    expectEach(2);
  });

  it('has what is rotated in it read once, also compressed, and its next file', async () => {
    await writeFile(at('a.log'), combinedLines(0, 3));
    follow();
    await seen(3);
    await rename(at('a.log'), at('a.log.1'));
    await writeFile(at('a.log'), combinedLines(3, 5));
    await seen(5);
    await rename(at('a.log.1'), at('a.log.2'));
    await rename(at('a.log'), at('a.log.1'));
    await writeFile(at('a.log'), combinedLines(5, 7));
    await seen(7);
    await writeFile(at('a.log.2.gz'), gzipSync(await readFile(at('a.log.2'))));
    await unlink(at('a.log.2'));
    await utimes(at('a.log.2.gz'), 1000, 1000);
    await lookedAgain(7);
    await lookedAgain(8);
    expectEach(9);
    expect(committed.warnings).toEqual([]);
  });

  it('has the lines of a log that is copied and cut once, also those of its copy alone', async () => {
    await writeFile(at('a.log'), combinedLines(0, 3));
    follow();
    await seen(3);
    // Without a look between them: all of it is one turn of the test.
    appendFileSync(at('a.log'), combinedLines(3, 4));
    await copyFile(at('a.log'), at('a.log.1'));
    await truncate(at('a.log'), 0);
    await appendFile(at('a.log'), combinedLines(4, 6));
    await seen(6);
    await lookedAgain(6);
    await lookedAgain(7);
    expectEach(8);
  });

  it('has a file that is deleted read to its end, and one that is made at its name', async () => {
    await writeFile(at('a.log'), combinedLines(0, 3));
    follow();
    await seen(3);
    await appendFile(at('a.log'), combinedLines(3, 4));
    await unlink(at('a.log'));
    await seen(4);
    await writeFile(at('a.log'), combinedLines(4, 6));
    await seen(6);
    expectEach(6);
    expect(committed.warnings).toEqual([]);
  });

  it('has what a link leads to read, also when it leads elsewhere', async () => {
    const [one, other] = [folder.path('one'), folder.path('other')];
    await writeFile(one, combinedLines(0, 2));
    await writeFile(other, combinedLines(2, 4));
    await symlink(one, at('current.log'));
    follow();
    await seen(2);
    await symlink(other, at('.next'));
    await rename(at('.next'), at('current.log'));
    await seen(4);
    await appendFile(other, combinedLines(4, 5));
    await seen(5);
    expectEach(5);
  });

  it('has a file under two names read once', async () => {
    await writeFile(at('app-1.log'), combinedLines(0, 2));
    await symlink(at('app-1.log'), at('app.log'));
    follow();
    await seen(2);
    await appendFile(at('app-1.log'), combinedLines(2, 3));
    await seen(3);
    await lookedAgain(3);
    expectEach(4);
  });

  it('has a file that may not be read told, the others read, and it when it may be', async () => {
    await chmod(logs, 0o777);
    await writeFile(at('secret.log'), combinedLines(2, 4), { mode: 0o000 });
    await writeFile(at('a.log'), combinedLines(0, 2));
    // The superuser may read everything.
    const user = process.geteuid?.() ?? 0;
    if (user === 0) {
      await chmod(folder.path(''), 0o777);
      process.seteuid?.(65534);
    }
    try {
      follow();
      await seen(2);
      await until(() => committed.warnings.length > 0);
      expect(committed.warnings).toEqual([expect.stringMatching(/secret\.log cannot be read/)]);
    } finally {
      if (user === 0) process.seteuid?.(0);
    }
    await chmod(at('secret.log'), 0o644);
    await seen(4);
    expectEach(4);
  });

  it('closes files that nothing is written to, and reads on when it is', async () => {
    const files = 300;
    for (let n = 0; n < files; n++) {
      await writeFile(at(`${n}.log`), combinedLines(n, n + 1));
      await utimes(at(`${n}.log`), 1000, 1000);
    }
    follow();
    await seen(files);
    await until(async () => (await openFilesIn(logs)) === 0);
    await appendFile(at('77.log'), combinedLines(files, files + 1));
    await seen(files + 1);
    expectEach(files + 1);
  });

  it('gives the lines of its files by time, and waits for none that has nothing new', async () => {
    await writeFile(at('idle.log'), combinedLines(0, 1));
    await writeFile(at('b.log'), [1, 3, 5].map((n) => `${combined(n)}\n`).join(''));
    await writeFile(at('a.log'), [2, 4].map((n) => `${combined(n)}\n`).join(''));
    follow();
    await seen(6);
    expect(committed.clients).toEqual(clients(0, 6));
    await writeFile(at('d.log'), [6, 8].map((n) => `${combined(n)}\n`).join(''));
    await seen(8);
  });

  it('is read on where it was left, with what was made, renamed and compressed meanwhile', async () => {
    await writeFile(at('a.log'), combinedLines(0, 3));
    await writeFile(at('b.log'), combinedLines(3, 5));
    const stop = follow();
    await seen(5);
    await stop();
    await appendFile(at('a.log'), combinedLines(5, 6));
    await writeFile(at('a.log.1.gz'), gzipSync(await readFile(at('a.log'))));
    await writeFile(at('a.log'), combinedLines(6, 8));
    await rename(at('b.log'), at('c.log'));
    await writeFile(at('d.log'), combinedLines(8, 9));
    follow();
    await seen(9);
    await lookedAgain(9);
    expectEach(10);
  });
});

describe('a pattern that is followed', () => {
  it('has files read that fit it later, also in directories that are made later, and no others', async () => {
    follow(`${logs}/**/*.log`);
    await until(() => committed.warnings.length > 0);
    await mkdir(at('web/one'), { recursive: true });
    await writeFile(at('web/one/access.log'), combinedLines(0, 2));
    await writeFile(at('web/one/access.txt'), combinedLines(50, 60));
    await seen(2);
    await writeFile(at('access.log'), combinedLines(2, 4));
    await seen(4);
    expectEach(4);
  });

  it('has what was rotated to names that it does not fit read to its end', async () => {
    await writeFile(at('a.log'), combinedLines(0, 2));
    follow(`${logs}/*.log`);
    await seen(2);
    await rename(at('a.log'), at('a.log.1'));
    await appendFile(at('a.log.1'), combinedLines(2, 4));
    await writeFile(at('a.log'), combinedLines(4, 6));
    await seen(6);
    await lookedAgain(6);
    expectEach(7);
  });
});

it('gives each line once, however often the logs of a directory are rotated and the reader is stopped', async () => {
  let stop = follow(logs, { batchLines: 7 });
  let written = 0;
  for (let round = 1; round <= 6; round++) {
    for (const name of ['a.log', 'b.log', 'c.log']) {
      for (let older = 4; older > 0; older--) {
        const from = older === 1 ? at(name) : at(`${name}.${older - 1}`);
        await rename(from, at(`${name}.${older}`)).catch(() => {});
      }
      await writeFile(at(name), combinedLines(written, written + 5));
      written += 5;
      await appendFile(at(name), combined(written).slice(0, 30));
      await appendFile(at(name), `${combined(written++).slice(30)}\n`);
    }
    if (round % 3 === 0) {
      await seen(written - 9);
      await stop();
      stop = follow(logs, { batchLines: 7 });
    } else if (round % 3 === 1) {
      await seen(written);
    }
  }
  await seen(written);
  await lookedAgain(written);
  expectEach(written + 1);
});

async function openFilesIn(directory: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(directory)).length;
}
