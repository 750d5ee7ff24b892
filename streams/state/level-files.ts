import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.js';

/**
 * Finds damage in LevelDB's files that LevelDB, as classic-level opens it, passes over: it leaves out damaged records of
 * its write-ahead log and goes on with those behind them, and it does not compare the checksums of tables.
 *
 * Formats: https://github.com/google/leveldb/tree/main/doc (log_format.md, table_format.md, impl.md).
 */

const LOG_BLOCK_BYTES = 32_768;
const LOG_HEADER_BYTES = 7;
/** How a log's record lies in its blocks. */
const FULL = 1;
const FIRST = 2;
const LAST = 4;

const FOOTER_BYTES = 48;
const TABLE_MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** The kind of compression, and the checksum. */
const BLOCK_TRAILER_BYTES = 5;
const NOT_COMPRESSED = 0;

/** What a manifest says, all of its edits taken together. */
interface Version {
  lastSequence: number;
  firstLog: number;
  readonly tables: Set<number>;
}

/**
 * Reads all of it. Also right while another process writes to the directory, as far as LevelDB's lock is asked for
 * afterwards: files are read in the order in which what they say holds.
 *
 * @returns what is wrong; undefined when the files hold a prefix of what was written, whole
 */
export async function damageOf(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  const logs = new Map<number, Buffer>();
  for (const name of names) {
    const [, number] = /^(\d+)[.]log$/.exec(name) ?? [];
    if (number !== undefined) logs.set(Number(number), await read(join(directory, name)));
  }
  const current = (await read(join(directory, 'CURRENT'))).toString();
  if (current === '') {
    const isNew = !names.some((name) => /^(CURRENT|MANIFEST-\d+|\d+[.](log|ldb))$/.test(name));
    return isNew ? undefined : 'CURRENT is missing or empty';
  }
  const manifest = await read(join(directory, current.trimEnd()));
  if (manifest.length === 0) return `${current.trimEnd()} is missing or empty`;
  let version: Version;
  try {
    version = readManifest(manifest);
  } catch (error) {
    return `${current.trimEnd()}: ${(error as Error).message}`;
  }
  const hole = holeIn(version, logs);
  if (hole !== undefined) return hole;
  for (const number of version.tables) {
    const name = `${String(number).padStart(6, '0')}.ldb`;
    const table = await read(join(directory, name));
    // LevelDB itself sees that one is missing, which is no damage where another process is replacing it.
    if (table.length > 0 && !isWhole(table)) return `${name} is damaged`;
  }
  return undefined;
}

/** An empty buffer when there is no such file. */
function read(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}

/** A record that LevelDB takes from a log or a manifest, and whether it has passed over something before it. */
interface LogRecord {
  readonly bytes: Buffer;
  readonly isAfterLoss: boolean;
}

function* logRecords(file: Buffer): Generator<LogRecord> {
  let fragments: Buffer[] = [];
  let isAfterLoss = false;
  for (let block = 0; block < file.length; block += LOG_BLOCK_BYTES) {
    const blockEnd = Math.min(block + LOG_BLOCK_BYTES, file.length);
    for (let at = block; at + LOG_HEADER_BYTES <= blockEnd; ) {
      const length = file.readUInt16LE(at + 4);
      const type = file.readUInt8(at + 6);
      const end = at + LOG_HEADER_BYTES + length;
      const isGood =
        end <= blockEnd && type >= FULL && type <= LAST && unmask(file.readUInt32LE(at)) === crc32c(file, at + 6, end);
      const begins = type === FULL || type === FIRST;
      if (!isGood || begins !== (fragments.length === 0)) {
        isAfterLoss = true;
        fragments = [];
      }
      // What follows in the block is left out with it, for its length may be wrong, too.
      if (!isGood) break;
      if (begins || fragments.length > 0) fragments.push(file.subarray(at + LOG_HEADER_BYTES, end));
      if (fragments.length > 0 && (type === FULL || type === LAST)) {
        yield { bytes: Buffer.concat(fragments), isAfterLoss };
        fragments = [];
      }
      at = end;
    }
  }
}

/** @throws RangeError when it is not understood */
function readManifest(file: Buffer): Version {
  const version: Version = { lastSequence: 0, firstLog: 0, tables: new Set() };
  for (const { bytes } of logRecords(file)) {
    const edit = new Varints(bytes);
    while (!edit.isAtEnd) {
      const tag = edit.next();
      switch (tag) {
        case 1: // the comparator's name
          edit.skip();
          break;
        case 2:
          version.firstLog = edit.next();
          break;
        case 3: // the next file's number
        case 9: // the log before, which is no longer used
          edit.next();
          break;
        case 4:
          version.lastSequence = edit.next();
          break;
        case 5: // where the next compaction of a level begins
          edit.next();
          edit.skip();
          break;
        case 6:
          edit.next();
          version.tables.delete(edit.next());
          break;
        case 7:
          edit.next();
          version.tables.add(edit.next());
          edit.next();
          edit.skip();
          edit.skip();
          break;
        default:
          throw new RangeError(`it has a field ${tag}, which is not known`);
      }
    }
  }
  return version;
}

/**
 * Whether writes are missing before others that are there. Each write has a number, and takes as many as it has entries;
 * the manifest tells a number that was reached while the first of its logs was written.
 */
function holeIn({ firstLog, lastSequence }: Version, logs: ReadonlyMap<number, Buffer>): string | undefined {
  const needed = [...logs].filter(([number]) => number >= firstLog).sort(([a], [b]) => a - b);
  if (firstLog > 0 && needed[0] !== undefined && needed[0][0] !== firstLog) return `the log ${firstLog} is missing`;
  let next: number | undefined;
  for (const [index, [number, file]] of needed.entries()) {
    const before = next;
    for (const { bytes, isAfterLoss } of logRecords(file)) {
      const sequence = Number(bytes.readBigUInt64LE(0));
      const isNext = next === undefined ? sequence <= lastSequence + 1 : sequence === next;
      if (isAfterLoss || !isNext) return `writes before the ${sequence}th are missing`;
      next = sequence + bytes.readUInt32LE(8);
    }
    if (next === before && index < needed.length - 1) return `the log ${number} is empty`;
  }
  return undefined;
}

function isWhole(table: Buffer): boolean {
  const footer = table.length - FOOTER_BYTES;
  if (footer < 0 || !table.subarray(-TABLE_MAGIC.length).equals(TABLE_MAGIC)) return false;
  try {
    const handles = new Varints(table.subarray(footer));
    const meta = blockAt(table, handles.next(), handles.next());
    const index = blockAt(table, handles.next(), handles.next());
    for (const block of [meta, index]) {
      for (const value of block === undefined ? [] : valuesOf(block)) {
        const handle = new Varints(value);
        blockAt(table, handle.next(), handle.next());
      }
    }
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** @returns undefined when it is compressed @throws RangeError when it is not what was written */
function blockAt(table: Buffer, offset: number, size: number): Buffer | undefined {
  const end = offset + size;
  if (end + BLOCK_TRAILER_BYTES > table.length) throw new RangeError('a block is cut off');
  if (unmask(table.readUInt32LE(end + 1)) !== crc32c(table, offset, end + 1)) throw new RangeError('a wrong checksum');
  return table.readUInt8(end) === NOT_COMPRESSED ? table.subarray(offset, end) : undefined;
}

/** The values of a block's entries; keys are told by what they share with the key before. */
function* valuesOf(block: Buffer): Generator<Buffer> {
  const restarts = block.readUInt32LE(block.length - 4);
  const entries = new Varints(block.subarray(0, block.length - 4 * (restarts + 1)));
  while (!entries.isAtEnd) {
    entries.next();
    const keyBytes = entries.next();
    const valueBytes = entries.next();
    entries.take(keyBytes);
    yield entries.take(valueBytes);
  }
}

/** LevelDB stores checksums turned and shifted, as a checksum of what has checksums in it is a poor one. */
function unmask(masked: number): number {
  const turned = (masked - 0xa282ead8) >>> 0;
  return ((turned >>> 17) | (turned << 15)) >>> 0;
}

class Varints {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes.readUInt8(this.#at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw new RangeError('a value is cut off');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** Passes over bytes that have their length before them. */
  skip(): void {
    this.take(this.next());
  }
}
