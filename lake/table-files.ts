import { join } from 'node:path';
import type { Add, Remove } from './delta/actions.js';
import { literal, type OpenDuckDb } from './duckdb.js';

/** The values of a partition: every data file is of one. */
export interface Partition {
  readonly kind: string;
  /** yyyy-mm-dd, in UTC. */
  readonly date: string;
  /** 0 to 23, in UTC. */
  readonly hour: number;
}

export function partitionOf({ partitionValues }: Pick<Add, 'partitionValues'>): Partition {
  const { date, hour, kind } = partitionValues;
  return { kind: kind ?? '', date: date ?? '', hour: Number(hour) };
}

/** The first moment after a partition, in milliseconds since the epoch. */
export function endOf({ date, hour }: Partition): number {
  return Date.parse(`${date}T${String(hour).padStart(2, '0')}:00:00Z`) + 3_600_000;
}

/** Where a file of the table is. */
export function locationOf(directory: string, { path }: { readonly path: string }): string {
  return join(directory, decodeURIComponent(path));
}

export function sizeOf(files: readonly Add[]): number {
  return files.reduce((total, { size }) => total + size, 0);
}

export function removeOf(
  { partitionValues, path, size }: Add,
  { dataChange }: { readonly dataChange: boolean },
): Remove {
  return { path, deletionTimestamp: Date.now(), dataChange, extendedFileMetadata: true, partitionValues, size };
}

/** What selects the rows of files, which may have different columns. */
export function readFiles(directory: string, files: readonly Add[], options = 'hive_partitioning = false'): string {
  const paths = files.map((file) => literal(locationOf(directory, file)));
  return `read_parquet([${paths.join(', ')}], union_by_name = true, ${options})`;
}

/** The columns of what can be selected from. */
export async function columnsIn(duckDb: OpenDuckDb, source: string): Promise<Set<string>> {
  const columns = await duckDb.rows<{ column_name: string }>(`DESCRIBE FROM ${source}`);
  return new Set(columns.map(({ column_name }) => column_name));
}
