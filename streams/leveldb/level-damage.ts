import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LevelFiles, readLevelFiles, type TableInfo } from './level-directory.js';
import { type ByteRange, readLevelRecords } from './level-records.js';
import { type DataBlock, type LevelEntry, LevelTable, tableEntries } from './level-table.js';
import { writtenEntries } from './write-batch.js';

export interface DamageOptions {
  /** Which blocks of the tables are checked, besides the tables' structure. Default all. */
  readonly checks?: (block: DataBlock) => boolean;
  /** Called with what the write-ahead logs hold, and then with what the checked blocks do, in no order. */
  readonly onEntry?: (entry: LevelEntry) => void;
}

/**
 * Finds damage in LevelDB's files that LevelDB, as classic-level opens it, passes over: it leaves out damaged records of
 * its write-ahead log and goes on with those behind them, and it does not compare the checksums of tables.
 *
 * @returns what is wrong; undefined when the files hold a prefix of what was written, whole
 */
export async function damageOf(directory: string, options: DamageOptions = {}): Promise<string | undefined> {
  const files = await readLevelFiles(directory);
  if (files.manifestDamage !== undefined) return files.manifestDamage;
  if (files.version === undefined) return undefined;
  const hole = holeIn(files, options);
  if (hole !== undefined) return hole;
  for (const table of files.version.tables.values()) {
    const damage = await damageOfTable(files, table, options);
    if (damage !== undefined) return damage;
  }
  return undefined;
}

/** A write at the end of the last write-ahead log that was not finished, and that LevelDB will cut off. */
export function unfinishedWrite({ logs }: LevelFiles): (ByteRange & { readonly name: string }) | undefined {
  const last = Math.max(...logs.keys());
  const log = logs.get(last);
  const tail = log && readLevelRecords(log.bytes).tail;
  return tail && { ...tail, name: log.name };
}

/**
 * Whether writes are missing before others that are there. Each write has a number, and takes as many as it has entries;
 * the manifest tells a number that was reached while the first of its logs was written.
 */
function holeIn({ version, logs }: LevelFiles, { onEntry }: DamageOptions): string | undefined {
  const { firstLog, lastSequence } = version ?? { firstLog: 0, lastSequence: 0 };
  const needed = [...logs].filter(([number]) => number >= firstLog).sort(([a], [b]) => a - b);
  if (firstLog > 0 && needed[0] !== undefined && needed[0][0] !== firstLog) return `the log ${firstLog} is missing`;
  let next: number | undefined;
  // What was killed while it opened the directory leaves empty ones, and writes go to the last only.
  let empty: number | undefined;
  for (const [number, { name, bytes: file }] of needed) {
    const before = next;
    for (const { bytes, loss } of readLevelRecords(file).records) {
      const sequence = Number(bytes.readBigUInt64LE(0));
      const isNext = next === undefined ? sequence <= lastSequence + 1 : sequence === next;
      if (loss !== undefined) return `${name} is damaged at byte ${loss.start}`;
      if (empty !== undefined) return `the log ${empty} is empty`;
      if (!isNext) return `writes before the ${sequence}th are missing in ${name}`;
      next = sequence + bytes.readUInt32LE(8);
      if (onEntry !== undefined) for (const entry of writtenEntries(bytes)) onEntry(entry);
    }
    if (next === before) empty ??= number;
  }
  return undefined;
}

async function damageOfTable(
  { directory, tableNames }: LevelFiles,
  { name, sizeBytes }: TableInfo,
  { checks, onEntry }: DamageOptions,
): Promise<string | undefined> {
  const number = Number.parseInt(name, 10);
  const path = join(directory, tableNames.get(number) ?? name);
  const found = await stat(path).catch(() => undefined);
  // LevelDB itself sees that one is missing, which is no damage where another process is replacing it.
  if (found === undefined) return undefined;
  if (found.size !== sizeBytes) return `${name} has ${found.size} bytes instead of ${sizeBytes}`;
  try {
    const table = await LevelTable.open(path);
    try {
      for (const block of table.blocks) {
        if (checks?.(block) === false) continue;
        const read = await table.read(block);
        if (!read.isWhole) return `${name} is damaged at byte ${block.start}`;
        if (onEntry !== undefined) for (const entry of tableEntries(read)) onEntry(entry);
      }
    } finally {
      await table.close();
    }
  } catch (error) {
    if (error instanceof RangeError) return `${name} ${error.message}`;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return undefined;
}
