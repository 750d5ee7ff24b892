import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '@millrace/streams';
import { Decompress as ZstdDecompress } from 'fzstd';
import unbzip2 from 'unbzip2-stream';
import xz from 'xz-decompress';
import { inflated } from './inflate.js';

export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2';

const MAGIC: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  // Behind "BZh" stands the size of the blocks, 1 to 9.
  bzip2: [0x42, 0x5a, 0x68],
};

const PIECE_BYTES = 256 * 1024;
const MAX_IN_MEMORY_BYTES = 4 * 1024 * 1024;

/** As many bytes as it takes to know what compressed a text. */
export const MAGIC_BYTES = 6;

/** What compressed the bytes, by their first ones; undefined when nothing did. */
export function compressionOf(beginning: Uint8Array): Compression | undefined {
  const kinds = Object.entries(MAGIC) as [Compression, readonly number[]][];
  const found = kinds.find(([, magic]) => magic.every((byte, index) => beginning[index] === byte))?.[0];
  const size = beginning[3] ?? 0;
  return found === 'bzip2' && (size < 0x31 || size > 0x39) ? undefined : found;
}

/** Compressed bytes that do not end as they should; all that could be read of them has been given. */
export class CompressionError extends MillraceError<'COMPRESSION'> {
  constructor(
    /** Whether the text is whole, and something else stands behind it. */
    readonly isWhole: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super('COMPRESSION', message, options);
  }
}

/** What zlib says of bytes that are no header of a gzip member. */
const NO_HEADER = /incorrect header check|unknown compression method|unknown header flags|header crc mismatch/;

/**
 * A text without what compressed it, as its first bytes tell, or as it is. The pieces are read once.
 *
 * @param limitBytes no more is wanted; more may come
 * @throws CompressionError after the last bytes that could be decompressed
 */
export async function* uncompressed(text: AsyncIterable<Buffer>, limitBytes?: number): AsyncGenerator<Buffer> {
  const pieces = text[Symbol.asyncIterator]();
  let first: Buffer = Buffer.alloc(0);
  while (first.length < MAGIC_BYTES) {
    const { done, value } = await pieces.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  const all = async function* () {
    if (first.length > 0) yield first;
    for (;;) {
      const { done, value } = await pieces.next();
      if (done) return;
      yield value;
    }
  };
  const compression = compressionOf(first);
  yield* compression === undefined ? all() : decompressed(compression, all, false, limitBytes);
}

/**
 * Decompresses bytes piece by piece, of any number of members, frames or streams one after the other. The pieces that
 * `compressed` gives are best small: what one can become, a thousand times as much, has to fit in memory.
 *
 * @param compressed gives the compressed bytes from their start; it is called again where an error must be located
 * @param limitBytes no more is wanted; more may come
 * @throws CompressionError after the last bytes that could be decompressed
 */
export async function* decompressed(
  kind: Compression,
  compressed: () => AsyncIterable<Buffer>,
  isRepeatable: boolean,
  limitBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  switch (kind) {
    case 'gzip':
      yield* isRepeatable ? located(compressed) : gunzip(compressed());
      return;
    case 'xz':
      yield* unxz(compressed(), limitBytes);
      return;
    case 'zstd':
      yield* pushed(compressed(), zstd);
      return;
    case 'bzip2':
      yield* pushed(compressed(), bzip2);
  }
}

/**
 * zlib throws away what it has made of the piece that it fails in. So it is read once more, that piece byte by byte: of
 * a damaged file all that can be read is given.
 */
async function* located(compressed: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let given = 0;
  let fed = 0;
  const counted = async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      yield piece;
      fed += piece.length;
    }
  };
  try {
    for await (const bytes of gunzip(counted(compressed()))) {
      given += bytes.length;
      yield bytes;
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    let skip = given;
    for await (const bytes of gunzip(finelyFrom(compressed(), fed))) {
      const skipped = Math.min(skip, bytes.length);
      skip -= skipped;
      if (skipped < bytes.length) yield bytes.subarray(skipped);
    }
  }
}

/** Pieces that are single bytes from an offset on. */
async function* finelyFrom(pieces: AsyncIterable<Buffer>, offset: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length <= offset) yield piece;
    else for (let i = 0; i < piece.length; i++) yield piece.subarray(i, i + 1);
    at += piece.length;
  }
}

async function* gunzip(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { bytes, failure, isEarly } = yield* inflated(pieces, () => createGunzip({ chunkSize: 128 * 1024 }));
  // It ends by itself where zeros stand behind a member, as they do on tapes and in padded files.
  if (isEarly || (failure !== undefined && bytes > 0 && NO_HEADER.test(failure.message))) {
    throw new CompressionError(true, 'something else stands behind the compressed text', { cause: failure });
  }
  if (failure !== undefined) throw new CompressionError(false, failure.message, { cause: failure });
}

/**
 * The decoder works on one stream at a time in a process: who stands still in the middle of one would keep all others
 * waiting. So what is wanted is decompressed at once, and what does not fit in memory put aside in a file without a name.
 */
async function* unxz(pieces: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<Buffer> {
  const iterator = pieces[Symbol.asyncIterator]();
  const compressed = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      // The decoder takes the whole buffer under an array.
      else controller.enqueue(new Uint8Array(value));
    },
  });
  const reader = new xz.XzReadableStream(compressed).getReader();
  const inMemory: Buffer[] = [];
  let file: FileHandle | undefined;
  let failure: unknown;
  try {
    try {
      for (let size = 0; size < limitBytes; ) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          failure = error;
          return { done: true, value: undefined } as const;
        });
        if (done) break;
        size += value.length;
        if (size <= MAX_IN_MEMORY_BYTES) {
          inMemory.push(Buffer.from(value));
        } else {
          file ??= await namelessFile();
          await file.writeFile(value);
        }
      }
    } finally {
      // Frees the decoder for others, also when there is no room for the file. One that has failed is free, and says so.
      await reader.cancel().catch(() => {});
      await iterator.return?.();
    }
    yield* inMemory;
    for (let position = 0; file !== undefined; ) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (failure === undefined) return;
    throw new CompressionError(false, 'its xz data breaks off or is damaged', { cause: failure });
  } finally {
    await file?.close();
  }
}

/** It is gone when it is closed. */
async function namelessFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-xz-'));
  try {
    return await open(join(folder, 'text'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Push {
  /** Gives what it has decompressed to the sink. */
  push(piece: Buffer): void;
  end(): void;
}

/** Decompresses by a decoder that works when it is called. */
async function* pushed(
  pieces: AsyncIterable<Buffer>,
  decoder: (sink: (bytes: Buffer) => void) => Push,
): AsyncGenerator<Buffer> {
  let output: Buffer[] = [];
  let failure: unknown;
  const decode = decoder((bytes) => output.push(bytes));
  const tried = (step: () => void) => {
    try {
      step();
    } catch (error) {
      failure = error;
    }
    const taken = output;
    output = [];
    return taken;
  };
  for await (const piece of pieces) {
    yield* tried(() => decode.push(piece));
    if (failure !== undefined) break;
  }
  if (failure === undefined) yield* tried(() => decode.end());
  if (failure === undefined) return;
  const { message } = failure as Error;
  const isWhole = /invalid zstd data|No magic number/.test(message);
  throw new CompressionError(
    isWhole,
    isWhole ? 'something else stands behind the compressed text' : 'its compressed data breaks off or is damaged',
    { cause: failure },
  );
}

function zstd(sink: (bytes: Buffer) => void): Push {
  // It overwrites what it has given.
  const decompress = new ZstdDecompress((bytes) => sink(Buffer.from(bytes)));
  return { push: (piece) => decompress.push(piece), end: () => decompress.push(new Uint8Array(0), true) };
}

function bzip2(sink: (bytes: Buffer) => void): Push {
  const stream = unbzip2();
  let failure: unknown;
  stream.on('data', sink);
  stream.on('error', (error: unknown) => {
    failure = error;
  });
  const check = () => {
    if (failure !== undefined) throw failure;
  };
  return {
    push: (piece) => {
      stream.write(piece);
      check();
    },
    end: () => {
      stream.end();
      check();
    },
  };
}
