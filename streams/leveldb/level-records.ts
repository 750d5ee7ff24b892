import { crc32c, unmasked } from './crc32c.js';

/**
 * LevelDB's write-ahead logs and manifests: records in blocks, each with its checksum.
 *
 * Format: https://github.com/google/leveldb/blob/main/doc/log_format.md.
 */

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** How a record lies in its blocks. */
const FULL = 1;
const FIRST = 2;
const LAST = 4;

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface LevelRecord extends ByteRange {
  readonly bytes: Buffer;
  /** What cannot be read between the record before and this one. */
  readonly loss: ByteRange | undefined;
}

export interface LevelRecords {
  /** All that are whole, in order. */
  readonly records: readonly LevelRecord[];
  /** Where the file goes on behind the last of them, with what is no record: a write that was not finished, or damage. */
  readonly tail: ByteRange | undefined;
}

/**
 * Finds what is whole. LevelDB itself leaves out the rest of a block behind a record that is damaged; here each record
 * counts whose checksum is right.
 */
export function readLevelRecords(file: Buffer): LevelRecords {
  const records: LevelRecord[] = [];
  let fragments: Buffer[] = [];
  let start = 0;
  let lossFrom: number | undefined;
  for (let block = 0; block < file.length; block += BLOCK_BYTES) {
    const blockEnd = Math.min(block + BLOCK_BYTES, file.length);
    for (let at = block; at + HEADER_BYTES <= blockEnd; ) {
      const length = file.readUInt16LE(at + 4);
      const type = file.readUInt8(at + 6);
      const end = at + HEADER_BYTES + length;
      const mayBe = end <= blockEnd && type >= FULL && type <= LAST;
      const isGood = mayBe && unmasked(file.readUInt32LE(at)) === crc32c(file, at + 6, end);
      const begins = type === FULL || type === FIRST;
      if (!isGood || begins !== (fragments.length === 0)) {
        lossFrom ??= fragments.length > 0 ? start : at;
        fragments = [];
      }
      if (!mayBe) break;
      if (isGood && begins) start = at;
      if (isGood && (begins || fragments.length > 0)) {
        fragments.push(file.subarray(at + HEADER_BYTES, end));
        if (type === FULL || type === LAST) {
          const loss = lossFrom === undefined ? undefined : { start: lossFrom, end: start };
          const [first] = fragments;
          const bytes = fragments.length === 1 && first !== undefined ? first : Buffer.concat(fragments);
          records.push({ start, end, bytes, loss });
          fragments = [];
          lossFrom = undefined;
        }
      }
      at = end;
    }
  }
  const end = records.at(-1)?.end ?? 0;
  const tailFrom = lossFrom ?? (fragments.length > 0 ? start : cutOffFrom(file, end));
  return { records, tail: tailFrom === undefined ? undefined : { start: tailFrom, end: file.length } };
}

/** Where a record begins of which not even the head is whole; the end of a block is filled with zeros. */
function cutOffFrom(file: Buffer, from: number): number | undefined {
  const blockEnd = Math.ceil(from / BLOCK_BYTES) * BLOCK_BYTES;
  const start = blockEnd - from < HEADER_BYTES ? blockEnd : from;
  return file.length > start ? start : undefined;
}
