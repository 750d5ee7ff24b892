import { type FileHandle, open } from 'node:fs/promises';
import { uncompressSync } from 'snappy';
import { crc32c, unmasked } from './crc32c.js';
import { userKey } from './level-directory.js';
import { LevelVarints } from './level-varints.js';

/**
 * LevelDB's tables, read from outside.
 *
 * Format: https://github.com/google/leveldb/blob/main/doc/table_format.md.
 */

const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** The kind of compression, and the checksum. */
export const TRAILER_BYTES = 5;
const NOT_COMPRESSED = 0;
const SNAPPY = 1;
/** The largest block that is taken for one; LevelDB's own are as large as the largest value. */
const MAX_BLOCK_BYTES = 2 ** 30;

export interface BlockHandle {
  readonly start: number;
  readonly sizeBytes: number;
}

/** A block of data; all of its keys are `lastKey` or before it, and behind the block's before. */
export interface DataBlock extends BlockHandle {
  readonly lastKey: Buffer;
}

export interface Block {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** An entry of a table or a write-ahead log. */
export interface LevelEntry {
  readonly key: Buffer;
  /** The number of the write. */
  readonly sequence: number;
  /** Undefined: the key is deleted. */
  readonly value: Buffer | undefined;
}

/** A table's own structure is read when it is opened, its data block by block. */
export class LevelTable {
  readonly #file: FileHandle;
  /** The blocks that hold the table's entries, in order. */
  readonly blocks: readonly DataBlock[];

  private constructor(file: FileHandle, blocks: readonly DataBlock[]) {
    this.#file = file;
    this.blocks = blocks;
  }

  /** @throws RangeError when its structure is damaged; an error of the file system */
  static async open(path: string): Promise<LevelTable> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size < FOOTER_BYTES) throw new RangeError('is cut off');
      const footer = await readAt(file, size - FOOTER_BYTES, FOOTER_BYTES);
      if (!footer.subarray(-MAGIC.length).equals(MAGIC)) throw new RangeError('has a damaged end');
      const handles = new LevelVarints(footer);
      const meta = await wholeBlock(file, readHandle(handles));
      const index = await wholeBlock(file, readHandle(handles));
      for (const { value } of blockEntries(meta)) await wholeBlock(file, readHandle(new LevelVarints(value)));
      const blocks = [...blockEntries(index)].map(({ key, value }) => ({
        ...readHandle(new LevelVarints(value)),
        lastKey: userKey(key),
      }));
      return new LevelTable(file, blocks);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The block, as far as it can be read, and whether it is what was written. */
  read(block: BlockHandle): Promise<Block> {
    return readBlock(this.#file, block);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The entries of a block; those of a damaged one as far as they can be made out. */
export function* tableEntries({ bytes, isWhole }: Block): Generator<LevelEntry> {
  try {
    for (const { key, value } of blockEntries(bytes)) {
      if (key.length < 8) return;
      const tag = key.readBigUInt64LE(key.length - 8);
      const sequence = Number(tag >> 8n);
      yield { key: userKey(key), sequence, value: (tag & 0xffn) === 0n ? undefined : value };
    }
  } catch (error) {
    if (isWhole || !(error instanceof RangeError)) throw error;
  }
}

function readHandle(varints: LevelVarints): BlockHandle {
  return { start: varints.next(), sizeBytes: varints.next() };
}

async function wholeBlock(file: FileHandle, handle: BlockHandle): Promise<Buffer> {
  const { bytes, isWhole } = await readBlock(file, handle);
  if (!isWhole) throw new RangeError(`is damaged at byte ${handle.start}`);
  return bytes;
}

/** A block of a table that is not open. */
export async function readBlockOf(path: string, block: BlockHandle): Promise<Block> {
  const file = await open(path);
  try {
    return await readBlock(file, block);
  } finally {
    await file.close();
  }
}

async function readBlock(file: FileHandle, { start, sizeBytes }: BlockHandle): Promise<Block> {
  if (sizeBytes > MAX_BLOCK_BYTES) throw new RangeError(`has a block of ${sizeBytes} bytes`);
  const stored = await readAt(file, start, sizeBytes + TRAILER_BYTES);
  if (stored.length < sizeBytes + TRAILER_BYTES) return { bytes: Buffer.alloc(0), isWhole: false };
  const bytes = stored.subarray(0, sizeBytes);
  const compression = stored[sizeBytes];
  const isWhole = unmasked(stored.readUInt32LE(sizeBytes + 1)) === crc32c(stored, 0, sizeBytes + 1);
  if (compression === NOT_COMPRESSED) return { bytes, isWhole };
  try {
    if (compression === SNAPPY) return { bytes: uncompressSync(bytes, { asBuffer: true }) as Buffer, isWhole };
  } catch {
    // Only what is damaged cannot be uncompressed.
  }
  return { bytes: Buffer.alloc(0), isWhole: false };
}

/** A block's entries; each key is stored as its difference from the one before. @throws RangeError */
function* blockEntries(block: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  if (end < 0) throw new RangeError('has a block without entries');
  const entries = new LevelVarints(block.subarray(0, end));
  let key = Buffer.alloc(0);
  while (!entries.isAtEnd) {
    const shared = entries.next();
    const ownBytes = entries.next();
    const valueBytes = entries.next();
    if (shared > key.length) throw new RangeError('has a block whose keys do not follow');
    key = Buffer.concat([key.subarray(0, shared), entries.take(ownBytes)]);
    yield { key, value: entries.take(valueBytes) };
  }
}

async function readAt(file: FileHandle, start: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let read = 0;
  while (read < sizeBytes) {
    const { bytesRead } = await file.read(bytes, read, sizeBytes - read, start + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
