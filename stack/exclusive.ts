import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Level } from 'level';
import { StackError } from './stack-error.js';

const POLL_MS = 100;

export interface ExclusiveOptions {
  /** Called once when another holds the directory. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does the work while no other process, and nothing else in this one, does work under the same directory; waits for its
 * turn. The lock is LevelDB's, hence the kernel's: it ends with its holder, however that ends.
 */
export async function exclusive<T>(
  directory: string,
  { onWait, signal }: ExclusiveOptions,
  work: () => Promise<T>,
): Promise<T> {
  const location = join(directory, 'lock');
  await mkdir(location, { recursive: true });
  for (let waited = false; ; waited = true) {
    const lock = new Level(location);
    try {
      await lock.open();
    } catch (error) {
      if (!isLocked(error)) throw unwritable(directory, error);
      if (signal?.aborted) throw new StackError('INTERRUPTED', 'interrupted');
      if (!waited) onWait?.();
      await delay(POLL_MS);
      continue;
    }
    try {
      return await work();
    } finally {
      await lock.close();
    }
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}

function unwritable(directory: string, cause: unknown): StackError {
  const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  return new StackError('STATE_UNREADABLE', `${directory} cannot be written: ${why}`, { cause });
}
