import { type FileHandle, stat } from 'node:fs/promises';

/** A server goes on writing to a log that was renamed until it has reopened its path. */
const QUIET_LOOKS = 2;

/** Looks at the end of a log that is followed. */
export class FollowedEnd {
  #quietLooks = 0;

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
      this.#quietLooks = 0;
      // It may have been cut, and have grown past its old length since.
      const { buffer, bytesRead } = await this.file.read(Buffer.alloc(head.length), 0, head.length, 0);
      return bytesRead === head.length && buffer.equals(head) ? 'more' : 'cut';
    }
    const standing = await stat(this.path).catch(() => undefined);
    const isReplaced = standing !== undefined && (standing.ino !== own.ino || standing.dev !== own.dev);
    return isReplaced && standing.size > 0 && ++this.#quietLooks > QUIET_LOOKS ? 'replaced' : 'nothing';
  }
}
