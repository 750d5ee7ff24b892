import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { logName } from './source-position.js';

const LOOK_EVERY_MS = 50;
const COMPRESSED = /\.(gz|xz|zst|bz2|lzma|Z)$/i;

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

/**
 * Opens what comes after a log that has been read to its end, in order: the logs that were put aside since, and the one
 * that stands at the path now. Those that have been compressed since are not among them.
 *
 * Rotation gives other names to files between two looks at their folder. So all are opened at once, and opened again if
 * anything has moved meanwhile. Between renaming a log and making it anew there is a moment without one.
 *
 * @returns none when the signal came first
 */
export async function openNext(path: string, last: Stats, signal: AbortSignal): Promise<FileHandle[]> {
  while (!signal.aborted) {
    const opened: FileHandle[] = [];
    let isSettled = false;
    try {
      const standing = await open(path, 'r');
      opened.push(standing);
      const { ino } = await standing.stat();
      const rotated = (await rotatedLogs(path)).filter(
        ({ path: other, stats }) =>
          !COMPRESSED.test(other) && stats.ino !== ino && stats.ino !== last.ino && stats.mtimeMs > last.mtimeMs,
      );
      const between: FileHandle[] = [];
      for (const log of rotated) {
        const file = await open(log.path, 'r');
        opened.push(file);
        between.push(file);
      }
      const inodes = [...rotated.map(({ stats }) => stats.ino), (await stat(path)).ino];
      const files = [...between, standing];
      isSettled = (
        await Promise.all(files.map(async (file, index) => (await file.stat()).ino === inodes[index]))
      ).every(Boolean);
      if (isSettled) return files;
    } catch (error) {
      // What was listed is gone from its name.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    } finally {
      if (!isSettled) await Promise.all(opened.map((file) => file.close()));
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
  return [];
}
