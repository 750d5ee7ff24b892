import { type FileHandle, stat } from 'node:fs/promises';

/**
 * A server goes on writing to a log that was renamed until it has reopened its path; on a busy machine it pauses
 * meanwhile.
 */
const QUIET_MS = 1000;

/** Looks at the end of a log that is followed. */
export class FollowedEnd {
  /** Since when nothing was written to it, though another is; undefined while that is not so. */
  #quietSince: number | undefined;

  constructor(
    readonly file: FileHandle,
    readonly path: string,
  ) {}

  /**
   * Whether there is more in it, it has been cut, to be written from its start again, or another file has taken its
   * place, and is being written to.
   *
   * @param position up to where it has been read
   * @param head the first bytes that were read of it
   */
  async look(position: number, head: Buffer): Promise<'more' | 'cut' | 'replaced' | 'nothing'> {
    const own = await this.file.stat();
    if (own.size < position) return 'cut';
    if (own.size > position) {
      this.#quietSince = undefined;
      // It may have been cut, and have grown past its old length since.
      const { buffer, bytesRead } = await this.file.read(Buffer.alloc(head.length), 0, head.length, 0);
      return bytesRead === head.length && buffer.equals(head) ? 'more' : 'cut';
    }
    const standing = await stat(this.path).catch(() => undefined);
    const isReplaced = standing !== undefined && (standing.ino !== own.ino || standing.dev !== own.dev);
    if (!isReplaced || standing.size === 0) return 'nothing';
    this.#quietSince ??= performance.now();
    return performance.now() - this.#quietSince >= QUIET_MS ? 'replaced' : 'nothing';
  }
}
