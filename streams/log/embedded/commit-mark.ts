import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../../leveldb/crc32c.js';

const NAME = 'committed';

/**
 * How many commits of a log are certain to be on the disk, in a file beside LevelDB's: what tells a write that was cut off
 * by a crash, which nobody was told of, from damage at the end of LevelDB's log. It is written after each commit and not
 * synced, so that it costs next to nothing; after a power cut it may be behind, never ahead.
 */
export class CommitMark {
  #file: number | undefined;

  private constructor(file: number) {
    this.#file = file;
  }

  static open(directory: string): CommitMark {
    // Not to append: it is one line, written over and over.
    return new CommitMark(openSync(join(directory, NAME), constants.O_RDWR | constants.O_CREAT, 0o600));
  }

  /** @returns undefined when there is none, or it cannot be read */
  static async read(directory: string): Promise<number | undefined> {
    const text = await readFile(join(directory, NAME), 'latin1').catch(() => '');
    const [, commits, checksum] = /^(\d{16}) ([0-9a-f]{8})\n$/.exec(text) ?? [];
    return commits !== undefined && checksum === checksumOf(commits) ? Number(commits) : undefined;
  }

  static async remove(directory: string): Promise<void> {
    await rm(join(directory, NAME), { force: true });
  }

  write(commits: number): void {
    if (this.#file === undefined) return;
    const text = String(commits).padStart(16, '0');
    try {
      writeSync(this.#file, `${text} ${checksumOf(text)}\n`, 0, 'latin1');
    } catch {
      // It is behind, then, and says less.
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function checksumOf(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, '0');
}
