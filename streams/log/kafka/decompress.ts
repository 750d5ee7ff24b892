import { decompress as zstdDecompress } from 'fzstd';
import { LogError } from '../log.js';
import { compressionsAlgorithmsByBitmask } from './protocol.js';

const SNAPPY = 2;
const ZSTD = 4;
/** Java's producers and brokers cut what they compress by snappy into blocks, behind this and two version numbers. */
const SNAPPY_BLOCKS = Buffer.from('\x82SNAPPY\0', 'latin1');
const SNAPPY_BLOCKS_AT = 16;

/** @param codec Kafka's number of it @throws LogError LOG_CORRUPT */
export function decompress(codec: number, bytes: Buffer): Buffer {
  try {
    if (codec === SNAPPY && bytes.subarray(0, SNAPPY_BLOCKS.length).equals(SNAPPY_BLOCKS)) {
      return Buffer.concat([...blocksOf(bytes)].map((block) => decompressWhole(codec, block)));
    }
    return decompressWhole(codec, bytes);
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('LOG_CORRUPT', `records that are compressed by codec ${codec} cannot be read: ${message}`, {
      cause,
    });
  }
}

function decompressWhole(codec: number, bytes: Buffer): Buffer {
  // Node's own came with version 22.15.
  if (codec === ZSTD) return Buffer.from(zstdDecompress(bytes));
  const algorithm = compressionsAlgorithmsByBitmask[codec as keyof typeof compressionsAlgorithmsByBitmask];
  if (algorithm === undefined) throw new Error('it is not known');
  return algorithm.decompressSync(bytes);
}

function* blocksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = SNAPPY_BLOCKS_AT; at < bytes.length; ) {
    const start = at + 4;
    at = start + bytes.readInt32BE(at);
    yield bytes.subarray(start, at);
  }
}
