import { existsSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { z } from 'zod';

const packageFile = z.object({ name: z.literal('millrace'), version: z.string() });

/** The version of the program, wherever it runs from: its sources or what was built of them. */
export function programVersion(): string {
  const paths = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url));
  const path = paths.find((candidate) => existsSync(candidate));
  return path === undefined ? 'unknown' : packageFile.parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}

/** How whoever started the program can start it again: `millrace` where it is on the path, else by its file. */
export function programCommand(file: string | undefined = process.argv[1]): string {
  if (file === undefined || basename(file) === 'millrace') return 'millrace';
  const nearby = relative('', file);
  return `node ${quoted(nearby.startsWith('..') ? file : nearby)}`;
}

/** As one word for a shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
