import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beginsWith } from './fingerprint.js';
import type { SourcePosition } from './log-batcher.js';

/** What logrotate and its like call a log that they have put aside: access.log.1, access.log-20150517. */
const ROTATED_SUFFIX = /^[.-]\d[\d.-]*$/;

interface RotatedLog {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * The logs that were put aside after the one that was read last, oldest first; those that have been compressed since are
 * not among them.
 */
export async function rotatedAfter(path: string, last: Stats, standing: Stats): Promise<string[]> {
  const rotated = await rotatedLogs(path);
  return rotated
    .filter(({ stats }) => stats.mtimeMs > last.mtimeMs && stats.ino !== last.ino && stats.ino !== standing.ino)
    .map((log) => log.path);
}

/**
 * What there is to read before the file that stands at the path now, when it is not the one that was left: that one,
 * under its new name, and those that came after it.
 */
export async function rotatedSince(path: string, left: SourcePosition): Promise<string[]> {
  const standing = await stat(path);
  if (await isLeft(path, left)) return [];
  for (const { path: old, stats } of await rotatedLogs(path)) {
    if (stats.ino !== standing.ino && (await isLeft(old, left))) {
      return [old, ...(await rotatedAfter(path, stats, standing))];
    }
  }
  return [];
}

/** Whether the open file is the one that was left: it begins the same, and has not been cut. */
export async function isSameFile(file: FileHandle, left: SourcePosition): Promise<boolean> {
  return (await file.stat()).size >= left.offset && (await beginsWith(file, left));
}

async function isLeft(path: string, left: SourcePosition): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    return await isSameFile(file, left);
  } finally {
    await file.close();
  }
}

async function rotatedLogs(path: string): Promise<RotatedLog[]> {
  const folder = dirname(path);
  const name = basename(path);
  const logs: RotatedLog[] = [];
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(name) || !ROTATED_SUFFIX.test(entry.slice(name.length))) continue;
    const stats = await stat(join(folder, entry)).catch(() => undefined);
    if (stats?.isFile()) logs.push({ path: join(folder, entry), stats });
  }
  return logs.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs);
}
