import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Compression, CompressionError, compressionOf, decompressed } from './decompress.js';
import { isUtf16, utf8Of } from './utf16.js';

const PIECE_BYTES = 256 * 1024;
/** What a piece this large can become at most, a thousand times as much, still fits in memory. */
const COMPRESSED_PIECE_BYTES = 16 * 1024;

/** How many bytes before a position tell whether it is one in this text. */
export const RECENT_BYTES = 4096;

/** What a text holds just before an offset. */
export interface Mark {
  readonly offset: number;
  /** How many bytes before the offset are hashed. */
  readonly bytes: number;
  readonly hash: string;
}

/** A short SHA-256, 128 bits of it. */
export function shortHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/**
 * A file as the text that it holds: decompressed, and in UTF-8. Offsets are those of the text. They are the file's own
 * where nothing is to be undone; otherwise a text is read from its start to wherever one wants to be in it.
 */
export class TextFile {
  private constructor(
    readonly path: string,
    readonly handle: FileHandle,
    readonly stats: Stats,
    readonly compression: Compression | undefined,
    /** Whether offsets are the file's own. */
    readonly isPlain: boolean,
  ) {}

  /** @throws the error of opening the path */
  static async open(path: string): Promise<TextFile> {
    return TextFile.of(path, await open(path, 'r'));
  }

  /** Of a file that is open already. */
  static async of(path: string, handle: FileHandle): Promise<TextFile> {
    try {
      const stats = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
      const beginning = buffer.subarray(0, bytesRead);
      const compression = compressionOf(beginning);
      return new TextFile(path, handle, stats, compression, compression === undefined && !isUtf16(beginning));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The first bytes of the text, or as many as it has; of a damaged file what can be read of them. */
  async head(bytes: number): Promise<Buffer> {
    if (this.isPlain) return this.#at(0, bytes);
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of readable(this.pieces(0, PIECE_BYTES, bytes))) {
      pieces.push(piece);
      length += piece.length;
      if (length >= bytes) break;
    }
    return Buffer.concat(pieces).subarray(0, bytes);
  }

  /**
   * The text from an offset to its end, as it is now.
   *
   * @param limitBytes no more is wanted; more may come
   * @throws CompressionError after all that could be read
   */
  async *pieces(
    offset: number,
    pieceBytes = PIECE_BYTES,
    limitBytes = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Buffer> {
    if (this.isPlain) {
      yield* this.#raw(offset, pieceBytes);
      return;
    }
    let toSkip = offset;
    for await (const piece of utf8Of(this.#uncompressed(offset + limitBytes))) {
      const skipped = Math.min(toSkip, piece.length);
      toSkip -= skipped;
      if (skipped < piece.length) yield piece.subarray(skipped);
    }
  }

  /** What stands before each of the offsets, which ascend; undefined where the text ends before it. */
  async marks(wanted: readonly Omit<Mark, 'hash'>[]): Promise<(string | undefined)[]> {
    if (this.isPlain) {
      return Promise.all(
        wanted.map(async ({ bytes, offset }) => {
          const found = await this.#at(offset - bytes, bytes);
          return found.length === bytes ? shortHash(found) : undefined;
        }),
      );
    }
    const hashes: string[] = [];
    let recent: Buffer = Buffer.alloc(0);
    let end = 0;
    for await (const piece of readable(this.pieces(0))) {
      recent = Buffer.concat([recent, piece]);
      end += piece.length;
      for (let next = wanted[hashes.length]; next !== undefined && next.offset <= end; next = wanted[hashes.length]) {
        const to = recent.length - (end - next.offset);
        hashes.push(shortHash(recent.subarray(Math.max(0, to - next.bytes), to)));
      }
      if (hashes.length === wanted.length) break;
      recent = recent.subarray(Math.max(0, recent.length - RECENT_BYTES));
    }
    return wanted.map((_, index) => hashes[index]);
  }

  /** The bytes before an offset, as many as positions are known by. */
  async before(offset: number): Promise<Buffer> {
    const from = Math.max(0, offset - RECENT_BYTES);
    if (this.isPlain) return this.#at(from, offset - from);
    let recent: Buffer = Buffer.alloc(0);
    let end = 0;
    for await (const piece of readable(this.pieces(0))) {
      const part = piece.subarray(0, offset - end);
      recent = Buffer.concat([recent, part]).subarray(-RECENT_BYTES);
      end += part.length;
      if (end >= offset) break;
    }
    return recent;
  }

  /** The first bytes of the file as it is. */
  rawHead(bytes: number): Promise<Buffer> {
    return this.#at(0, bytes);
  }

  /** What a compressed file is known by as it is, without decompressing it: its size, its first and last bytes. */
  async packed(): Promise<string> {
    const { size } = await this.handle.stat();
    const first = await this.#at(0, 1024);
    const last = await this.#at(Math.max(0, size - 1024), 1024);
    return `${size}/${shortHash(Buffer.concat([first, last]))}`;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  async #at(offset: number, bytes: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  }

  #uncompressed(limitBytes: number): AsyncIterable<Buffer> {
    if (this.compression === undefined) return this.#raw(0, PIECE_BYTES);
    return decompressed(this.compression, () => this.#raw(0, COMPRESSED_PIECE_BYTES), true, limitBytes);
  }

  async *#raw(offset: number, pieceBytes: number): AsyncGenerator<Buffer> {
    for (let at = offset; ; ) {
      const buffer = Buffer.allocUnsafe(pieceBytes);
      const { bytesRead } = await this.handle.read(buffer, 0, pieceBytes, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

/** What can be read of a damaged file. */
export async function* readable(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* pieces;
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
  }
}
