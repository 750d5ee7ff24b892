import { type FileHandle, stat } from 'node:fs/promises';
import { type FileState, stateOf } from './rotation.js';

/**
 * A server goes on writing to a log that was renamed until it has reopened its path; on a busy machine it pauses
 * meanwhile.
 */
const QUIET_MS = 1000;

/** What there is at the end of a log that is followed. */
export type SeenEnd =
  | { readonly kind: 'more' }
  /** It has been cut, to be written from its start again. */
  | { readonly kind: 'cut' }
  /** Another file has taken its place, and is being written to, or it has been deleted. */
  | { readonly kind: 'left' }
  /** For so long; what the file was. */
  | { readonly kind: 'nothing'; readonly silentMs: number; readonly state: FileState };

/** Looks at the end of a log that is followed. */
export class FollowedEnd {
  /** Since when nothing was written to it, though another is, or it is deleted; undefined while that is not so. */
  #quietSince: number | undefined;

  constructor(
    readonly file: FileHandle,
    readonly path: string,
  ) {}

  /**
   * @param position up to where it has been read
   * @param head the first bytes that were read of it
   */
  async look(position: number, head: Buffer): Promise<SeenEnd> {
    const own = await this.file.stat();
    if (own.size < position) return { kind: 'cut' };
    if (own.size > position) {
      this.#quietSince = undefined;
      // It may have been cut, and have grown past its old length since.
      const { buffer, bytesRead } = await this.file.read(Buffer.alloc(head.length), 0, head.length, 0);
      return { kind: bytesRead === head.length && buffer.equals(head) ? 'more' : 'cut' };
    }
    const nothing = { kind: 'nothing', silentMs: Date.now() - own.mtimeMs, state: stateOf(own) } as const;
    const standing = await stat(this.path).catch(() => undefined);
    const isReplaced = standing !== undefined && (standing.ino !== own.ino || standing.dev !== own.dev);
    const isOver = own.nlink === 0 ? (standing?.size ?? 1) > 0 : isReplaced && standing.size > 0;
    if (!isOver) return nothing;
    this.#quietSince ??= performance.now();
    return performance.now() - this.#quietSince >= QUIET_MS ? { kind: 'left' } : nothing;
  }
}
