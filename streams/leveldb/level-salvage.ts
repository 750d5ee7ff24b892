import { readFile } from 'node:fs/promises';
import { unmasked } from './crc32c.js';
import { type Block, type BlockHandle, LevelTable, readBlockOf, TRAILER_BYTES } from './level-table.js';

const POLYNOMIAL = 0x82f63b78;

export interface SalvagedBlock extends Block {
  readonly handle: BlockHandle;
}

/**
 * Reads all blocks of a table that can be read, whatever is damaged: its structure, too.
 *
 * @param onDamage receives what is
 */
export async function* salvageTable(path: string, onDamage: (what: string) => void): AsyncGenerator<SalvagedBlock> {
  let table: LevelTable;
  try {
    table = await LevelTable.open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      onDamage('is missing');
      return;
    }
    if (!(error instanceof RangeError)) throw error;
    onDamage(error.message);
    const file = await readFile(path);
    // The blocks of the table's structure are among them: what they hold is not to be trusted for its place.
    for (const handle of blocksIn(file)) yield { handle, ...(await readBlockOf(path, handle)), isWhole: false };
    return;
  }
  try {
    for (const handle of table.blocks) {
      const block = await table.read(handle);
      if (!block.isWhole) onDamage(`is damaged at byte ${handle.start}`);
      yield { handle, ...block };
    }
  } finally {
    await table.close();
  }
}

/** Finds blocks without their index: each begins where the one before ends, and ends where its checksum is right. */
function* blocksIn(file: Buffer): Generator<BlockHandle> {
  const table = byteTable();
  let start = 0;
  let crc = 0xffffffff;
  for (let at = 0; at + TRAILER_BYTES <= file.length; at++) {
    const byte = file[at] as number;
    crc = (crc >>> 8) ^ (table[(crc ^ byte) & 255] as number);
    // The last byte of what the checksum is of is the kind of compression.
    if (byte > 1 || (crc ^ 0xffffffff) >>> 0 !== unmasked(file.readUInt32LE(at + 1))) continue;
    yield { start, sizeBytes: at - start };
    start = at + TRAILER_BYTES;
    at = start - 1;
    crc = 0xffffffff;
  }
}

function byteTable(): Uint32Array {
  return new Uint32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
}
