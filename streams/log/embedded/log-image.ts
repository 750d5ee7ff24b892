import { join } from 'node:path';
import { type LevelFiles, readLevelFiles } from '../../leveldb/level-directory.js';
import { readLevelRecords } from '../../leveldb/level-records.js';
import { salvageTable } from '../../leveldb/level-salvage.js';
import { type BlockHandle, type LevelEntry, readBlockOf, tableEntries } from '../../leveldb/level-table.js';
import { writtenEntries } from '../../leveldb/write-batch.js';
import { BatchCursor, isSealed } from '../record-batch.js';
import { kindOf, offsetOfBatchKey } from './keys.js';
import { nameOfEntry } from './log-entries.js';
import { readSmallEntry } from './small-entries.js';

export interface FileDamage {
  readonly file: string;
  readonly what: string;
  /** The first and the last key of a table, where they are known. */
  readonly smallest?: Buffer;
  readonly largest?: Buffer;
}

/** Where a batch lies. */
export type BatchPlace = { readonly bytes: Buffer } | { readonly path: string; readonly handle: BlockHandle };

export interface StoredBatchImage {
  readonly key: Buffer;
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly records: number;
  /** It stands for records that an earlier repair could not save. */
  readonly isLost: boolean;
  readonly sequence: number;
  readonly place: BatchPlace;
}

/** All that can be read of a log's files, without LevelDB: nothing in the directory changes. */
export interface LogImage {
  readonly damages: readonly FileDamage[];
  /** By key, as latin1 text: the newest that is whole. */
  readonly batches: ReadonlyMap<string, StoredBatchImage>;
  readonly smallEntries: readonly (readonly [key: Buffer, bytes: Buffer])[];
  /** Keys of batches that are there, and damaged; and the file. */
  readonly damagedBatches: ReadonlyMap<string, string>;
  /** Names of small entries whose newest version is damaged. */
  readonly damagedSmallEntries: readonly string[];
  readonly isEmpty: boolean;
}

interface Newest<T> {
  readonly sequence: number;
  /** Undefined: deleted. */
  readonly content: T | undefined;
}

export async function readLogImage(directory: string): Promise<LogImage> {
  const files = await readLevelFiles(directory);
  const reader = new ImageReader();
  if (files.manifestDamage !== undefined) reader.damages.push({ file: 'manifest', what: files.manifestDamage });
  readWriteAheadLogs(files, reader);
  await readTables(files, reader);
  return reader.image(files.version === undefined && files.manifestDamage === undefined);
}

/** The bytes of a batch of an image. */
export async function bytesOf({ key, place, sequence }: StoredBatchImage): Promise<Buffer> {
  if ('bytes' in place) return place.bytes;
  for (const entry of tableEntries(await readBlockOf(place.path, place.handle))) {
    if (entry.sequence === sequence && entry.key.equals(key) && entry.value !== undefined) return entry.value;
  }
  throw new Error(`${place.path} has changed while it was read`);
}

class ImageReader {
  readonly damages: FileDamage[] = [];
  readonly #batches = new Map<string, Newest<StoredBatchImage>>();
  readonly #small = new Map<string, Newest<Buffer>>();
  readonly #damaged = new Map<string, { readonly sequence: number; readonly file: string }>();

  /** @param isWhole whether the entry's surroundings are what was written; if not, only its own checksum tells */
  add({ key, sequence, value }: LevelEntry, isWhole: boolean, file: string, place: BatchPlace | undefined): void {
    const kind = kindOf(key);
    const identity = key.toString('latin1');
    if (kind === undefined) return;
    if (value === undefined) {
      if (!isWhole) return;
      if (kind === 'batch') keepNewest(this.#batches, identity, { sequence, content: undefined });
      else keepNewest(this.#small, identity, { sequence, content: undefined });
      return;
    }
    if (kind !== 'batch') {
      if (readSmallEntry(key, value) !== undefined) {
        keepNewest(this.#small, identity, { sequence, content: Buffer.from(value) });
      } else if (isWhole) this.#noteDamage(identity, sequence, file);
      return;
    }
    const batch = batchImage(key, sequence, value, place ?? { bytes: value });
    if (batch !== undefined) keepNewest(this.#batches, identity, { sequence, content: batch });
    else if (isWhole) this.#noteDamage(identity, sequence, file);
  }

  image(isEmpty: boolean): LogImage {
    const batches = new Map<string, StoredBatchImage>();
    for (const [key, { content }] of this.#batches) if (content !== undefined) batches.set(key, content);
    const smallEntries: [Buffer, Buffer][] = [];
    for (const [key, { content }] of this.#small) {
      if (content !== undefined) smallEntries.push([Buffer.from(key, 'latin1'), content]);
    }
    const damagedBatches = new Map<string, string>();
    const damagedSmallEntries: string[] = [];
    for (const [identity, { file, sequence }] of this.#damaged) {
      const key = Buffer.from(identity, 'latin1');
      const newer = (kindOf(key) === 'batch' ? this.#batches : this.#small).get(identity);
      if (newer !== undefined && newer.sequence > sequence) continue;
      if (kindOf(key) === 'batch') damagedBatches.set(identity, file);
      else damagedSmallEntries.push(`${nameOfEntry(key)} (${file})`);
    }
    for (const file of new Set(damagedBatches.values())) {
      if (!this.damages.some((damage) => damage.file === file)) {
        this.damages.push({ file, what: 'holds damaged batches' });
      }
    }
    return { damages: this.damages, batches, smallEntries, damagedBatches, damagedSmallEntries, isEmpty };
  }

  #noteDamage(identity: string, sequence: number, file: string): void {
    if ((this.#damaged.get(identity)?.sequence ?? -1) < sequence) this.#damaged.set(identity, { sequence, file });
  }
}

function keepNewest<T>(entries: Map<string, Newest<T>>, key: string, entry: Newest<T>): void {
  if ((entries.get(key)?.sequence ?? -1) < entry.sequence) entries.set(key, entry);
}

/** @returns undefined when it is not what was written */
function batchImage(key: Buffer, sequence: number, bytes: Buffer, place: BatchPlace): StoredBatchImage | undefined {
  const baseOffset = offsetOfBatchKey(key);
  const isUnchecked = bytes[0] === 1;
  if (!isUnchecked && !isSealed(bytes, key)) return undefined;
  try {
    const cursor = new BatchCursor('', 0, bytes, baseOffset);
    const { gap, nextOffset, remaining: records } = cursor;
    if (isUnchecked) while (cursor.next());
    return { key, baseOffset, nextOffset, records, isLost: gap === 'lost', sequence, place };
  } catch {
    return undefined;
  }
}

function readWriteAheadLogs({ logs, version }: LevelFiles, reader: ImageReader): void {
  const all = [...logs].sort(([a], [b]) => a - b);
  const first = all.find(([number]) => number >= (version?.firstLog ?? 0));
  if (version !== undefined && version.firstLog > 0 && first !== undefined && first[0] !== version.firstLog) {
    reader.damages.push({ file: `${String(version.firstLog).padStart(6, '0')}.log`, what: 'is missing' });
  }
  let next: number | undefined;
  for (const [number, { bytes: file, name }] of all) {
    // What is in it is in tables; it was to be deleted.
    const isNeeded = number >= (version?.firstLog ?? 0);
    if (number === first?.[0]) next = undefined;
    for (const { bytes, loss } of readLevelRecords(file).records) {
      const sequence = Number(bytes.readBigUInt64LE(0));
      if (loss !== undefined && isNeeded) {
        reader.damages.push({ file: name, what: `is damaged from byte ${loss.start} to ${loss.end - 1}` });
      } else if (isNeeded && next !== undefined && sequence !== next) {
        reader.damages.push({ file: name, what: `begins with the ${sequence}th write instead of the ${next}th` });
      }
      for (const entry of writtenEntries(bytes)) reader.add(entry, true, name, undefined);
      next = sequence + bytes.readUInt32LE(8);
    }
  }
}

async function readTables({ directory, tableNames, version }: LevelFiles, reader: ImageReader): Promise<void> {
  // Those that are not listed, too, for the list may be damaged; what was replaced has older writes than what replaced it.
  const numbers = new Set([...tableNames.keys(), ...(version?.tables.keys() ?? [])]);
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const info = version?.tables.get(number);
    const name = tableNames.get(number) ?? info?.name ?? '';
    const range = info && { smallest: info.smallest, largest: info.largest };
    const path = join(directory, name);
    const onDamage = (what: string) => {
      if (info !== undefined) reader.damages.push({ file: name, what, ...range });
    };
    for await (const { handle, ...block } of salvageTable(path, onDamage)) {
      for (const entry of tableEntries(block)) reader.add(entry, block.isWhole, name, { path, handle });
    }
  }
}
