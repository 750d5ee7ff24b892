import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serverLog } from '../../../api/server-log.js';

const MAX_BYTES = 5000;
let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  file = join(directory, 'server.log');
});
afterEach(() => rmSync(directory, { recursive: true }));

function numbersIn(path: string): number[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { readonly number: number }).number);
}

it('takes no more than twice its bound, keeps the newest lines whole, and is its owner’s alone', async () => {
  const logger = serverLog(file, undefined, MAX_BYTES);
  for (let number = 0; number < 1000; number++) {
    logger.info({ number }, 'sign-in');
    await setImmediate();
  }
  expect(readdirSync(directory).sort()).toEqual(['server.log', 'server.log.1']);
  const kept = [...numbersIn(`${file}.1`), ...numbersIn(file)];
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 1000 - kept.length + index));
  for (const path of [file, `${file}.1`]) {
    expect(statSync(path).size).toBeLessThanOrEqual(MAX_BYTES);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
  expect(statSync(`${file}.1`).size).toBeGreaterThan(MAX_BYTES * 0.9);
});

it('counts what was there before', () => {
  for (let number = 0; number < 100; number++) serverLog(file, undefined, MAX_BYTES).info({ number });
  expect(statSync(file).size).toBeLessThanOrEqual(MAX_BYTES);
  expect(numbersIn(file).at(-1)).toBe(99);
  expect(numbersIn(`${file}.1`).at(-1)).toBe((numbersIn(file)[0] ?? 0) - 1);
});

it('loses no line of two servers of one directory, of which either may put it aside', () => {
  const servers = [serverLog(file, undefined, 1e6), serverLog(file, undefined, 1e6)];
  const text = 'x'.repeat(1000);
  for (let number = 0; number < 1500; number++) servers[number % 2]?.info({ number, text });
  const kept = [...numbersIn(`${file}.1`), ...numbersIn(file)].sort((one, other) => one - other);
  expect(kept).toEqual(Array.from({ length: 1500 }, (_, number) => number));
});
