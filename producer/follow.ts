import { type FileHandle, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { beginsWith, type Fingerprint } from './fingerprint.js';

const LOOK_EVERY_MS = 200;
/** A server goes on writing to a log that was renamed until it has reopened its path. */
const QUIET_LOOKS = 2;

export interface FollowedFile {
  readonly file: FileHandle;
  readonly path: string;
  /** Up to where it has been read. */
  readonly position: number;
  readonly fingerprint: Fingerprint | undefined;
}

/**
 * Waits at the end of a log: until there is more in it; until it has been cut, to be written from its start again; until
 * another file has taken its place, and is being written to; or until the signal.
 */
export async function whatFollows(
  { file, fingerprint, path, position }: FollowedFile,
  signal: AbortSignal,
): Promise<'more' | 'cut' | 'replaced' | 'aborted'> {
  for (let quietLooks = 0; !signal.aborted; ) {
    const own = await file.stat();
    if (own.size < position) return 'cut';
    if (own.size > position) {
      // It may have been cut, and have grown past its old length since.
      return fingerprint === undefined || (await beginsWith(file, fingerprint)) ? 'more' : 'cut';
    }
    const standing = await stat(path).catch(() => undefined);
    const replaced = standing !== undefined && (standing.ino !== own.ino || standing.dev !== own.dev);
    if (replaced && standing.size > 0 && ++quietLooks > QUIET_LOOKS) return 'replaced';
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
  return 'aborted';
}
