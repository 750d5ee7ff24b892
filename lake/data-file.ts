import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import { syncDirectory, syncFile } from '../schemas/durable.js';
import { PARTITION_COLUMNS } from './columns.js';
import type { Add, FileStatistics } from './delta/actions.js';
import type { Column, ColumnType } from './delta/delta-schema.js';
import { identifier, literal, type OpenDuckDb } from './duckdb.js';
import { LakeError } from './lake-error.js';
import type { Partition } from './table-files.js';

/** Bounds of longer texts are left out: they would cost more than they save. */
const BOUND_CHARACTERS = 64;

/** Rows that DuckDB can select, of one partition. */
export interface Rows {
  readonly partition: Partition;
  /** What follows FROM. */
  readonly source: string;
  /** The columns that they may have; those without any value are not written. */
  readonly columns: readonly Column[];
  readonly orderBy?: readonly string[];
}

/**
 * Writes the rows into a Parquet file of the table, and waits until the disk has it. It is not the table's before an
 * `add` of it is committed.
 *
 * @param directory the table's
 * @throws LakeError LAKE_IO
 */
export async function writeDataFile(
  duckDb: OpenDuckDb,
  directory: string,
  rows: Rows,
  options: { readonly dataChange: boolean },
): Promise<Add> {
  try {
    return await write(duckDb, directory, rows, options);
  } catch (cause) {
    const [why] = (cause as Error).message.split('\n');
    throw new LakeError('LAKE_IO', `a file of the table in ${directory} cannot be written: ${why}`, { cause });
  }
}

async function write(
  duckDb: OpenDuckDb,
  directory: string,
  { columns, orderBy = [], partition, source }: Rows,
  { dataChange }: { readonly dataChange: boolean },
): Promise<Add> {
  const inFile = columns.filter(({ name }) => !PARTITION_COLUMNS.some((column) => column.name === name));
  const statistics = await statisticsOf(duckDb, source, inFile);
  const written = inFile.filter(({ name }) => (statistics.nullCount[name] ?? 0) < statistics.numRecords);
  const { date, hour, kind } = partition;
  const folder = `kind=${kind}/date=${date}/hour=${hour}`;
  const path = `${folder}/part-${randomUUID()}.zstd.parquet`;
  const file = join(directory, path);
  await makePrivateDirectory(join(directory, folder));
  const names = written.map(({ name }) => identifier(name)).join(', ');
  const order = orderBy.length === 0 ? '' : ` ORDER BY ${orderBy.map(identifier).join(', ')}`;
  await duckDb.run(
    `COPY (SELECT ${names} FROM ${source}${order}) TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await syncFile(file);
  for (const parent of [folder, `kind=${kind}/date=${date}`, `kind=${kind}`, '.']) {
    await syncDirectory(join(directory, parent));
  }
  const { mtimeMs, size } = await stat(file);
  return {
    path,
    partitionValues: { kind, date, hour: String(hour) },
    size,
    modificationTime: Math.floor(mtimeMs),
    dataChange,
    stats: JSON.stringify(statistics),
  };
}

/** Deletes files that were written and not committed. */
export async function deleteDataFiles(directory: string, files: readonly Add[]): Promise<void> {
  for (const { path } of files) await rm(join(directory, path), { force: true });
}

async function statisticsOf(duckDb: OpenDuckDb, source: string, columns: readonly Column[]): Promise<FileStatistics> {
  const members = columns.map(({ name, type }, index) => {
    const quoted = identifier(name);
    const bound = (end: 'min' | 'max') => boundOf(`${end}(${quoted})`, type, end);
    return `'${index}': {'values': count(${quoted}), 'min': ${bound('min')}, 'max': ${bound('max')}}`;
  });
  const [row] = await duckDb.rows<{ numRecords: string; columns: string }>(
    `SELECT count(*) AS "numRecords", to_json({${members.join(', ')}})::VARCHAR AS columns FROM ${source}`,
  );
  if (row === undefined) throw new Error('an aggregate has one row');
  const found = JSON.parse(row.columns) as Record<string, { values: number; min: unknown; max: unknown }>;
  const numRecords = Number(row.numRecords);
  const minValues = new Map<string, unknown>();
  const maxValues = new Map<string, unknown>();
  const nullCount = new Map<string, number>();
  for (const [index, { name }] of columns.entries()) {
    const { max, min, values } = found[index] as { values: number; min: unknown; max: unknown };
    nullCount.set(name, numRecords - values);
    // One without the other says nothing that readers ask for.
    if (min === null || max === null) continue;
    minValues.set(name, min);
    maxValues.set(name, max);
  }
  return {
    numRecords,
    minValues: Object.fromEntries(minValues),
    maxValues: Object.fromEntries(maxValues),
    nullCount: Object.fromEntries(nullCount),
  };
}

/** The bound as JSON has it; null where it is of no use. */
function boundOf(bound: string, type: ColumnType, end: 'min' | 'max'): string {
  switch (type) {
    case 'binary':
    case 'boolean':
      return 'NULL';
    case 'string':
      return `CASE WHEN length(${bound}) <= ${BOUND_CHARACTERS} THEN ${bound} END`;
    case 'double':
      return `CASE WHEN isfinite(${bound}) THEN ${bound} END`;
    case 'date':
      return `strftime(${bound}, '%Y-%m-%d')`;
    case 'timestamp': {
      // In milliseconds, as the protocol has it, and never within the values' range.
      const round = end === 'min' ? 'floor' : 'ceil';
      return `strftime(make_timestamp_ms(CAST(${round}(epoch_us(${bound}) / 1000.0) AS BIGINT)), '%Y-%m-%dT%H:%M:%S.%gZ')`;
    }
    default:
      return bound;
  }
}
