import { link, mkdtemp, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Level, levelOnDisk } from '../../leveldb/level.js';
import { LogError } from '../log.js';
import { openError } from './level-errors.js';

const LOCK = 'LOCK';
/** Directories that this process has open: a lock of a process does not shut out the process itself. */
const OPEN_HERE = new Set<string>();

/** To be called with the directory's real path. */
export function noteOpen(path: string): void {
  OPEN_HERE.add(path);
}

export function noteClosed(path: string): void {
  OPEN_HERE.delete(path);
}

/**
 * Keeps other processes out of a log that LevelDB must not open, for that would change it: LevelDB opens an empty directory
 * beside it instead, whose lock is the same file.
 *
 * @returns a function that releases it
 * @throws LogError LOG_LOCKED
 */
export async function lockLog(directory: string): Promise<() => Promise<void>> {
  const path = await realpath(directory);
  if (OPEN_HERE.has(path)) throw lockedError(directory);
  const beside = await mkdtemp(join(dirname(path), '.millrace-lock-')).catch((cause: unknown) => {
    throw openError(cause, directory);
  });
  let level: Level | undefined;
  const release = async () => {
    await level?.close();
    await rm(beside, { recursive: true, force: true });
  };
  try {
    await link(join(path, LOCK), join(beside, LOCK)).catch((error: NodeJS.ErrnoException) => {
      // Nobody has opened it, or the file system has no links.
      if (!['ENOENT', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(error.code ?? '')) throw error;
    });
    // Not before: it opens by itself soon after it is made, and would make a lock of its own.
    level = await levelOnDisk(beside);
    await level.open();
  } catch (error) {
    await release();
    const found = openError(error, directory);
    throw found.code === 'LOG_LOCKED' ? lockedError(directory, error) : found;
  }
  return release;
}

function lockedError(directory: string, cause?: unknown): LogError {
  return new LogError('LOG_LOCKED', `the log in ${directory} is in use; stop the millrace that runs on it first`, {
    cause,
  });
}
