import { open } from 'node:fs/promises';

/** Waits until the disk has the file. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has the names in the directory. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows has no such thing, and renames durably.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
