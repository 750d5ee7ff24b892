import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { logName } from './source-position.js';

const COMPRESSED = /\.(gz|xz|zst|bz2|lzma|Z)$/i;

/** What changes when a file is written to, renamed, or its rights are changed; another file has another. */
export type FileState = string;

export function stateOf({ ctimeMs, dev, ino, mtimeMs, size }: Stats): FileState {
  return [dev, ino, size, mtimeMs, ctimeMs].join('/');
}

/** Which file it is, as long as it is there. */
export function inodeOf({ dev, ino }: Stats): string {
  return `${dev}/${ino}`;
}

/** Whether it is the name of a compressed file. */
export function isNamedCompressed(path: string): boolean {
  return COMPRESSED.test(path);
}

export interface RotatedLog {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * The logs that logrotate and its like have put aside beside one: access.log.1, access.log-20150517.gz,
 * access-20150517.log; by the time of their last line.
 */
export async function rotatedLogs(path: string): Promise<RotatedLog[]> {
  const folder = dirname(path);
  const own = basename(path);
  const logs: RotatedLog[] = [];
  for (const entry of await readdir(folder).catch(() => [])) {
    if (entry === own || logName(entry) !== logName(own)) continue;
    const stats = await stat(join(folder, entry)).catch(() => undefined);
    if (stats?.isFile()) logs.push({ path: join(folder, entry), stats });
  }
  return logs.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs);
}
