import { chmod, stat } from 'node:fs/promises';

const ALL_BUT_OWNER = 0o077;
const ANYBODY = 0o007;
const OWNER_ONLY = 0o700;

/**
 * From here on, whatever this process and those it starts write is for its user alone: files 0600, directories 0700, also
 * those that LevelDB, DuckDB and the services of the stack make.
 */
export function keepFilesPrivate(): void {
  process.umask(ALL_BUT_OWNER);
}

/** Closes a directory that an earlier version left open to anybody; a group that was let in stays in. */
export async function closeToOthers(directory: string): Promise<void> {
  const stats = await stat(directory).catch(() => undefined);
  if (stats === undefined || stats.uid !== process.getuid?.() || (stats.mode & ANYBODY) === 0) return;
  await chmod(directory, OWNER_ONLY);
}
