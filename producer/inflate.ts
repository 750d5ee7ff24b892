import type { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** A stream of zlib that decompresses. */
export type Inflate =
  | ReturnType<typeof createGunzip>
  | ReturnType<typeof createInflate>
  | ReturnType<typeof createBrotliDecompress>;

/** How the decompression ended. */
export interface Inflated {
  readonly failure: Error | undefined;
  /** The stream was over before the pieces were. */
  readonly isEarly: boolean;
  /** Bytes that came out. */
  readonly bytes: number;
}

/**
 * Decompresses pieces with a stream of zlib: of one that breaks off, all that could be read comes before the end.
 *
 * @param open makes the stream, given the first piece
 */
export async function* inflated(
  pieces: AsyncIterable<Buffer>,
  open: (head: Buffer) => Inflate,
): AsyncGenerator<Buffer, Inflated> {
  let stream: Inflate | undefined;
  let output: Buffer[] = [];
  let bytes = 0;
  let failure: Error | undefined;
  let isEnded = false;
  const take = () => {
    const taken = output;
    output = [];
    return taken;
  };
  const opened = (head: Buffer) => {
    const made = open(head);
    made.on('data', (piece: Buffer) => {
      bytes += piece.length;
      output.push(piece);
    });
    made.on('end', () => {
      isEnded = true;
    });
    made.on('error', (error) => {
      failure = error;
    });
    return made;
  };
  try {
    for await (const piece of pieces) {
      stream ??= opened(piece);
      const current = stream;
      await new Promise<void>((resolve) => {
        current.once('close', resolve);
        current.write(piece, () => {
          current.off('close', resolve);
          resolve();
        });
      });
      yield* take();
      if (failure !== undefined || isEnded) return { failure, isEarly: isEnded, bytes };
    }
    if (stream !== undefined) {
      const closed = new Promise((resolve) => stream?.once('close', resolve));
      stream.end();
      await closed;
      yield* take();
    }
    return { failure, isEarly: false, bytes };
  } finally {
    stream?.destroy();
  }
}
