import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beginsWith } from './fingerprint.js';
import type { SourcePosition } from './log-batcher.js';

/** What logrotate and its like call a log that they have put aside: access.log.1, access.log-20150517. */
const ROTATED_SUFFIX = /^[.-]\d[\d.-]*$/;

/** What was read last: a file that was read to its end, or one that was left at a position. */
export type LastRead = { readonly stats: Stats } | { readonly position: SourcePosition };

interface RotatedLog {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Opens what comes after what was read last, in order: the logs that were put aside since, the one that was left first,
 * and then the one that stands at the path now. Logs that have been compressed since are not among them.
 *
 * Rotation gives other names to files between two looks at their folder. So all are opened at once, and opened again if
 * anything has moved meanwhile.
 *
 * @throws the error of opening the path
 */
export async function openNext(path: string, last: LastRead): Promise<FileHandle[]> {
  for (;;) {
    const standing = await open(path, 'r');
    const opened: FileHandle[] = [];
    let isSettled = false;
    try {
      const rotated = await rotatedSince(path, standing, last);
      for (const log of rotated) opened.push(await open(log.path, 'r'));
      opened.push(standing);
      const inodes = [...rotated.map(({ stats }) => stats.ino), (await stat(path)).ino];
      isSettled = (await Promise.all(opened.map((file, index) => isInode(file, inodes[index])))).every(Boolean);
      if (isSettled) return opened;
    } catch (error) {
      // What was listed is gone from its name.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    } finally {
      if (!isSettled) await Promise.all([...new Set([...opened, standing])].map((file) => file.close()));
    }
  }
}

/** Whether the open file is the one that was left: it begins the same, and has not been cut. */
export async function isSameFile(file: FileHandle, left: SourcePosition): Promise<boolean> {
  return (await file.stat()).size >= left.offset && (await beginsWith(file, left));
}

async function rotatedSince(path: string, standing: FileHandle, last: LastRead): Promise<RotatedLog[]> {
  if ('position' in last && (await isSameFile(standing, last.position))) return [];
  const { ino } = await standing.stat();
  const rotated = (await rotatedLogs(path)).filter(({ stats }) => stats.ino !== ino);
  if ('stats' in last) return writtenAfter(rotated, last.stats);
  for (const log of rotated) {
    if (await isLeft(log.path, last.position)) return [log, ...writtenAfter(rotated, log.stats)];
  }
  return [];
}

function writtenAfter(rotated: readonly RotatedLog[], last: Stats): RotatedLog[] {
  return rotated.filter(({ stats }) => stats.mtimeMs > last.mtimeMs && stats.ino !== last.ino);
}

async function isInode(file: FileHandle, ino: number | undefined): Promise<boolean> {
  return (await file.stat()).ino === ino;
}

async function isLeft(path: string, left: SourcePosition): Promise<boolean> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    // One that may not be read is none that has been read.
    if (error.code === 'EACCES') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    return await isSameFile(file, left);
  } finally {
    await file.close();
  }
}

/** The logs that were put aside, by the time of their last line. */
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
