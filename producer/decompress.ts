import { createGunzip } from 'node:zlib';
import { Decompress as ZstdDecompress } from 'fzstd';
import unbzip2 from 'unbzip2-stream';
import xz from 'xz-decompress';

export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2';

const MAGIC: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  // Behind "BZh" stands the size of the blocks, 1 to 9.
  bzip2: [0x42, 0x5a, 0x68],
};

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
export class CompressionError extends Error {
  constructor(
    /** Whether the text is whole, and something else stands behind it. */
    readonly isWhole: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CompressionError';
  }
}

/** What zlib says of bytes that are no header of a gzip member. */
const NO_HEADER = /incorrect header check|unknown compression method|unknown header flags|header crc mismatch/;

/**
 * Decompresses bytes piece by piece, of any number of members, frames or streams one after the other. The pieces that
 * `open` gives are best small: what one can become, a thousand times as much, has to fit in memory.
 *
 * @param open gives the compressed bytes from their start; it is called again where an error must be located
 * @throws CompressionError after the last bytes that could be decompressed
 */
export async function* decompressed(
  kind: Compression,
  open: () => AsyncIterable<Buffer>,
  isRepeatable: boolean,
): AsyncGenerator<Buffer> {
  switch (kind) {
    case 'gzip':
      yield* isRepeatable ? located(open) : gunzip(open());
      return;
    case 'xz':
      yield* unxz(open());
      return;
    case 'zstd':
      yield* pushed(open(), zstd);
      return;
    case 'bzip2':
      yield* pushed(open(), bzip2);
  }
}

/**
 * zlib throws away what it has made of the piece that it fails in. So it is read once more, that piece byte by byte: of
 * a damaged file all that can be read is given.
 */
async function* located(open: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let given = 0;
  let fed = 0;
  const counted = async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      yield piece;
      fed += piece.length;
    }
  };
  try {
    for await (const bytes of gunzip(counted(open()))) {
      given += bytes.length;
      yield bytes;
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    let skip = given;
    for await (const bytes of gunzip(finelyFrom(open(), fed))) {
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
  const inflate = createGunzip({ chunkSize: 128 * 1024 });
  let output: Buffer[] = [];
  let failure: Error | undefined;
  let isEnded = false;
  let total = 0;
  inflate.on('data', (bytes: Buffer) => {
    total += bytes.length;
    output.push(bytes);
  });
  // It ends by itself where zeros stand behind a member, as they do on tapes and in padded files.
  inflate.on('end', () => {
    isEnded = true;
  });
  inflate.on('error', (error) => {
    failure = error;
  });
  const takeOutput = () => {
    const taken = output;
    output = [];
    return taken;
  };
  try {
    for await (const piece of pieces) {
      await new Promise<void>((resolve) => {
        inflate.once('close', resolve);
        inflate.write(piece, () => {
          inflate.off('close', resolve);
          resolve();
        });
      });
      yield* takeOutput();
      if (failure !== undefined || isEnded) break;
    }
    if (failure === undefined && !isEnded) {
      const closed = new Promise((resolve) => inflate.once('close', resolve));
      inflate.end();
      await closed;
      yield* takeOutput();
    } else if (isEnded) {
      throw new CompressionError(true, 'something else stands behind the compressed text');
    }
    // TypeScript does not see that listeners set it.
    const error = failure as Error | undefined;
    if (error === undefined) return;
    if (total > 0 && NO_HEADER.test(error.message)) {
      throw new CompressionError(true, 'something else stands behind the compressed text', { cause: error });
    }
    throw new CompressionError(false, error.message, { cause: error });
  } finally {
    inflate.destroy();
  }
}

async function* unxz(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
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
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield Buffer.from(value);
    }
  } catch (cause) {
    throw new CompressionError(false, 'its xz data breaks off or is damaged', { cause });
  } finally {
    await iterator.return?.();
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
