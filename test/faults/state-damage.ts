import { spawnSync } from 'node:child_process';
import { cp, mkdir, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Random } from '../../producer/random.js';

/** What may happen to state that no process has open. Each answers what it did. */
export class StateDamage {
  readonly #data: string;
  readonly #copy: string;
  readonly #random: Random;

  /**
   * @param data holds one or more state directories
   * @param copy where an older state is kept
   */
  constructor(data: string, copy: string, random: Random) {
    this.#data = data;
    this.#copy = copy;
    this.#random = random;
  }

  /** Keeps the state as it is now, for `restoreOlder`. */
  async keep(): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true });
    await mkdir(this.#copy);
    for (const task of await this.#tasks()) {
      await cp(join(this.#data, task), join(this.#copy, task), { recursive: true });
    }
  }

  async restoreOlder(): Promise<string> {
    await this.deleteAll();
    await cp(this.#copy, this.#data, { recursive: true });
    return 'copied back as it was earlier';
  }

  async deleteAll(): Promise<string> {
    for (const task of await this.#tasks()) await rm(join(this.#data, task), { recursive: true });
    return 'deleted';
  }

  async deleteOne(): Promise<string> {
    const task = this.#one(await this.#tasks());
    if (task === undefined) return 'not there';
    await rm(join(this.#data, task), { recursive: true });
    return `one task's deleted: ${task}`;
  }

  /** Changes some bytes of a file, or cuts it off: LevelDB's tables, its log, its manifest with the checkpoint. */
  async corrupt(): Promise<string> {
    const task = this.#one(await this.#tasks());
    if (task === undefined) return 'not there';
    const files = [];
    for (const name of (await readdir(join(this.#data, task))).sort()) {
      const path = join(this.#data, task, name);
      if (/^(LOCK|LOG|LOG.old)$/.test(name) || (await stat(path)).size === 0) continue;
      files.push(path);
    }
    const path = this.#one(files);
    if (path === undefined) return 'empty';
    const { size } = await stat(path);
    if (this.#random.below(3) === 0) {
      const length = this.#random.below(size);
      await truncate(path, length);
      return `cut off: ${this.#name(path)} at ${length} of ${size} bytes`;
    }
    const at = this.#random.below(size);
    const file = await open(path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte.writeUInt8(byte.readUInt8() ^ (1 << this.#random.below(8)));
      await file.write(byte, 0, 1, at);
    } finally {
      await file.close();
    }
    return `a bit changed: ${this.#name(path)} at ${at} of ${size} bytes`;
  }

  #one<T>(of: readonly T[]): T | undefined {
    return of[this.#random.below(Math.max(1, of.length))];
  }

  #name(path: string): string {
    return relative(this.#data, path);
  }

  /** The LevelDB directories of all tasks. */
  async #tasks(): Promise<string[]> {
    const paths = await readdir(this.#data, { recursive: true });
    return paths.filter((path) => /(^|\/)state\/(?!processes\/)[^/]+\/[^/]+$/.test(path)).sort();
  }
}

/** A directory that is a file system of its own, which can be filled up. */
export class SmallDisk {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @returns undefined where it cannot be mounted, which takes root and Linux */
  static async mount(path: string, megabytes: number): Promise<SmallDisk | undefined> {
    await mkdir(path, { recursive: true });
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', path]);
    return status === 0 ? new SmallDisk(path) : undefined;
  }

  async fill(): Promise<void> {
    const ballast = await open(join(this.#path, 'ballast'), 'w');
    try {
      for (;;) await ballast.write(Buffer.alloc(64 * 1024));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await ballast.close();
    }
    // What is left of the last page.
    await writeFile(join(this.#path, 'ballast-end'), Buffer.alloc(1024)).catch(() => {});
  }

  async makeRoom(): Promise<void> {
    await rm(join(this.#path, 'ballast'), { force: true });
    await rm(join(this.#path, 'ballast-end'), { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.#path]);
  }
}
