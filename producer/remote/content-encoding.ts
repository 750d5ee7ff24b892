import { createBrotliDecompress, createInflate, createInflateRaw } from 'node:zlib';
import { CompressionError, decompressed } from '../decompress.js';
import { type Inflate, inflated } from '../inflate.js';
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
      return whole(pieces, () => createBrotliDecompress());
    case 'deflate':
      return whole(pieces, ([first = 0, second = 0]) =>
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

async function* whole(pieces: AsyncIterable<Buffer>, open: (head: Buffer) => Inflate): AsyncGenerator<Buffer> {
  const { failure } = yield* inflated(pieces, open);
  if (failure !== undefined) throw new CompressionError(false, failure.message, { cause: failure });
}
