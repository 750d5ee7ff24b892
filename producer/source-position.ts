import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { Mark } from './text-file.js';

/** How many of its first bytes a text is looked up by. */
export const PREFIX_BYTES = 1024;

/**
 * Where reading a text goes on. It is committed together with the events that came before it. A text is known by what it
 * holds, under whatever name and however it is compressed.
 */
export interface SourcePosition {
  /** The number of its first bytes, and their SHA-256. */
  readonly prefixBytes: number;
  readonly prefixHash: string;
  /** In bytes, of the uncompressed text. */
  readonly offset: number;
  readonly lines: number;
  /** The file's path when it was read; missing in what older versions wrote, whose key it was. */
  readonly name?: string;
  /** The machine that the path is of. */
  readonly machine?: string;
  /** When it was read, in milliseconds since the epoch. */
  readonly at?: number;
  /** When its text was seen last without being read, in milliseconds since the epoch. */
  readonly seen?: number;
  /** Which file it was, on its machine, as long as it is there. */
  readonly inode?: string;
  /** The virtual host that its lines were given after the file's name. */
  readonly host?: string;
  /** What stands before the offset, and before ever smaller ones. */
  readonly marks?: readonly Mark[];
  /** How far its lines had come, in milliseconds since the epoch. */
  readonly time?: number;
  /** The text ended in a line without a newline, which was taken: its length, and its hash. */
  readonly tail?: { readonly bytes: number; readonly hash: string };
  /**
   * The text ended in a line without a newline that was no event: its length. It was given as a bad line; should the file
   * grow, it may have been half a line, and is read again, whole.
   */
  readonly badTailBytes?: number;
  /** The offset is within a list that is longer than a line may be, behind one of its records: what opened that. */
  readonly list?: string;
  /** What a compressed file was that has been read to its end. */
  readonly packed?: string;
}

/** Positions by their keys in the log. */
export type Positions = ReadonlyMap<string, SourcePosition>;

export function prefixHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export const MACHINE = hostname();

/** The log that a file is one of, whatever rotation and compression have made of its name: access.log of access.log.2.gz. */
export function logName(path: string): string {
  return basename(path)
    .replace(/\.(gz|xz|zst|bz2|lzma|Z)$/i, '')
    .replace(/[._-]\d[\d._-]*(?=\.|$)/g, '')
    .replace(/\.old$/, '');
}

export interface KnownPosition {
  readonly key: string;
  readonly position: SourcePosition;
}

/** A file that is looked at: where it is, which it is, and the virtual host that its lines are given. */
export interface FileLook {
  readonly path: string;
  readonly inode: string;
  readonly host: string | undefined;
}

/** What has been read before. */
export class KnownTexts {
  readonly #byPrefix = new Map<string, KnownPosition[]>();
  readonly #prefixes = new Set<number>();
  /** What was read last, by the path that it was read under. */
  readonly #lastAt = new Map<string, KnownPosition>();

  constructor(positions: Positions) {
    for (const [key, position] of positions) {
      const { at = 0, machine, name = key, offset, prefixBytes, prefixHash } = position;
      const isOfHere = position.name === undefined || machine === MACHINE;
      if (isOfHere && at >= (this.#lastAt.get(name)?.position.at ?? 0)) this.#lastAt.set(name, { key, position });
      // An empty beginning is that of every file.
      if (prefixBytes === 0 || (offset === 0 && position.badTailBytes === undefined && position.tail === undefined)) {
        continue;
      }
      this.#prefixes.add(prefixBytes);
      const id = `${prefixBytes}/${prefixHash}`;
      const alike = this.#byPrefix.get(id);
      if (alike === undefined) this.#byPrefix.set(id, [{ key, position }]);
      else alike.push({ key, position });
    }
  }

  /** Those that begin as the text does, the furthest first. */
  beginningAs(head: Buffer, { host, inode, path }: FileLook): KnownPosition[] {
    const found: KnownPosition[] = [];
    for (const bytes of this.#prefixes) {
      if (bytes > head.length) continue;
      found.push(...(this.#byPrefix.get(`${bytes}/${prefixHash(head.subarray(0, bytes))}`) ?? []));
    }
    return found
      .filter(({ key, position }) => {
        // Two logs may well hold the same few lines.
        const isShort = position.offset < PREFIX_BYTES;
        const isSame = position.inode === inode && position.machine === MACHINE;
        return position.host === host && (!isShort || isSame || logName(position.name ?? key) === logName(path));
      })
      .sort((one, other) => other.position.offset - one.position.offset);
  }

  /** What was read under this path last, on this machine. */
  lastReadAs(path: string): KnownPosition | undefined {
    return this.#lastAt.get(path);
  }
}
