import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What is kept is its owner's to read: logs name people and hold what they asked for. */
const OWNER_ONLY = 0o700;

/** Makes a directory, and those above it, for their owner alone; one that is there stays as it is. */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Node says ENOENT of a read-only disk, too; one directory that is asked for by itself fails with the reason.
    await mkdir(await firstMissing(path), { mode: OWNER_ONLY });
    throw error;
  }
}

async function firstMissing(path: string): Promise<string> {
  const parent = dirname(path);
  const isThere = await stat(parent).then(
    () => true,
    () => false,
  );
  return isThere || parent === path ? path : firstMissing(parent);
}
