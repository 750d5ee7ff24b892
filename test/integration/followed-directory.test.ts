import { appendFile, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../until.js';
import { jsonLines, Millrace, millrace, temporaryDirectory } from './millrace.js';

const FILES = 8;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let running: Millrace | undefined;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  await running?.kill('SIGKILL');
  await directory.remove();
});

/** The clients of all requests that are in the log. */
async function clients(dataDir: string): Promise<(string | null)[]> {
  const { stdout } = await millrace(['consume', 'test-inter', '--data-dir', dataDir, '--from-beginning']);
  return jsonLines<{ key: string | null }>(stdout).map(({ key }) => key);
}

it('takes every line once of a directory in which logs come, grow, rotate and are compressed, through three kills', async () => {
  const dataDir = join(directory.path, 'data');
  const logs = join(directory.path, 'logs');
  const start = () => {
    running = new Millrace(['produce', '--input', logs, '--follow', '--data-dir', dataDir]);
  };
  start();
  await mkdir(logs);
  let written = 0;
  const lines = (count: number) => {
    let text = '';
    for (let n = 0; n < count; n++, written++) {
      const client = `10.${written >> 16}.${(written >> 8) & 255}.${written & 255}`;
      text += `${client} - - [17/May/2015:10:05:${String(written % 60).padStart(2, '0')} +0000] "GET /${written} HTTP/1.1" 200 5\n`;
    }
    return text;
  };
  for (let round = 1; round <= 12; round++) {
    for (let file = 0; file < FILES; file++) {
      const path = join(logs, `app-${file}.log`);
      if (round % 4 === 3 && file % 2 === 0) await rename(path, `${path}.${round}`);
      await appendFile(path, lines(40));
    }
    if (round % 4 === 0) {
      await running?.kill('SIGKILL');
      for (let file = 0; file < FILES; file += 4) {
        const path = join(logs, `app-${file}.log.${round - 1}`);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
        await unlink(path);
      }
      start();
    }
    await delay(150);
  }
  let found: (string | null)[] = [];
  await until(async () => {
    found = await clients(dataDir);
    return found.length >= written;
  });
  expect(new Set(found).size).toBe(written);
  expect(found).toHaveLength(written);
});
