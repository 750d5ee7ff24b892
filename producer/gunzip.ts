import type { FileHandle } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGunzip, type Gunzip } from 'node:zlib';

/** What a piece this large can become at most, a thousand times as much, still fits in memory. */
const PIECE_BYTES = 16 * 1024;

/**
 * Decompresses a gzip file piece by piece.
 *
 * A stream that fails throws away what it has decompressed and nobody has read yet. Here the whole output of a piece is
 * taken before the next goes in, so that of a truncated file all that it holds is given before the error.
 *
 * @throws Error zlib's, after the last bytes that could be decompressed
 */
export async function* gunzip(file: FileHandle): AsyncGenerator<Buffer> {
  const inflate = createGunzip({ chunkSize: 128 * 1024 });
  let output: Buffer[] = [];
  let failure: unknown;
  inflate.on('data', (bytes: Buffer) => output.push(bytes));
  inflate.on('error', (error) => {
    failure = error;
  });
  const takeOutput = () => {
    const taken = output;
    output = [];
    return taken;
  };
  try {
    for (let position = 0; failure === undefined; ) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      await written(inflate, buffer.subarray(0, bytesRead));
      yield* takeOutput();
    }
    if (failure === undefined) {
      inflate.end();
      await finished(inflate).catch((error: unknown) => {
        failure = error;
      });
    }
    yield* takeOutput();
    if (failure !== undefined) throw failure;
  } finally {
    inflate.destroy();
  }
}

/** Resolves when the bytes have been decompressed, or the stream has failed. */
async function written(inflate: Gunzip, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    inflate.once('close', resolve);
    inflate.write(bytes, () => {
      inflate.off('close', resolve);
      resolve();
    });
  });
}
