import { createBrotliDecompress, createInflate, createInflateRaw } from 'node:zlib';
import { CompressionError, decompressed } from '../decompress.js';
import { ProducerError } from '../producer-error.js';

/** The header of zlib's format: the method, and a checksum of both bytes. */
const ZLIB_METHOD = 8;
const ZLIB_CHECK = 31;

/** What a request says that it understands. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br, zstd';

/**
 * A body without what `Content-Encoding` says was done to it, the last first.
 *
 * @throws ProducerError SOURCE_ANSWER for an encoding that is not known; CompressionError after all that could be read
 */
export function decoded(header: string, body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const encodings = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  return encodings.toReversed().reduce((pieces, name) => without(name, pieces), body);
}

function without(encoding: string, pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return decompressed('gzip', () => pieces, false);
    case 'zstd':
      return decompressed('zstd', () => pieces, false);
    case 'br':
      return inflated(pieces, () => createBrotliDecompress());
    case 'deflate':
      return inflated(pieces, ([first = 0, second = 0]) =>
        (first & 0x0f) === ZLIB_METHOD && (first * 256 + second) % ZLIB_CHECK === 0
          ? createInflate()
          : createInflateRaw(),
      );
    default:
      throw new ProducerError(
        'SOURCE_ANSWER',
        `the answer is encoded as ${encoding}; what can be read is ${ACCEPTED_ENCODINGS}`,
      );
  }
}

type Inflate = ReturnType<typeof createInflate> | ReturnType<typeof createBrotliDecompress>;

/** What there is of a stream that breaks off is given before the error. */
async function* inflated(pieces: AsyncIterable<Buffer>, inflate: (head: Buffer) => Inflate): AsyncGenerator<Buffer> {
  let stream: Inflate | undefined;
  let output: Buffer[] = [];
  let failure: Error | undefined;
  let isEnded = false;
  const take = () => {
    const taken = output;
    output = [];
    return taken;
  };
  const opened = (head: Buffer) => {
    const made = inflate(head);
    made.on('data', (bytes: Buffer) => output.push(bytes));
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
      if (failure !== undefined || isEnded) break;
    }
    if (stream !== undefined && failure === undefined && !isEnded) {
      const closed = new Promise((resolve) => stream?.once('close', resolve));
      stream.end();
      await closed;
      yield* take();
    }
    // TypeScript does not see that listeners set it.
    const error = failure as Error | undefined;
    if (error !== undefined) throw new CompressionError(false, error.message, { cause: error });
  } finally {
    stream?.destroy();
  }
}
