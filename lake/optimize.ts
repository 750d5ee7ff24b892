import { tableColumns } from './append.js';
import { deleteDataFiles, writeDataFile } from './data-file.js';
import type { Add } from './delta/actions.js';
import { DeltaLog } from './delta/delta-log.js';
import type { Snapshot } from './delta/snapshot.js';
import { openTableDuckDb } from './duckdb.js';
import { LakeError } from './lake-error.js';
import { columnsIn, type Partition, partitionOf, readFiles, removeOf, sizeOf } from './table-files.js';

/** Rows of a file are in the log's order. */
const ORDER = ['topic', 'kafka_partition', 'kafka_offset'];

export interface OptimizeOptions {
  /** Files smaller than this are put together until they are about so big. Default 128 MiB. */
  readonly targetBytes?: number;
  /** Told what was done to a partition. */
  readonly onPartition?: (partition: Partition, files: number) => void;
}

export interface Optimized {
  readonly filesRemoved: number;
  readonly filesAdded: number;
  readonly bytesRemoved: number;
  readonly bytesAdded: number;
}

/**
 * Puts the small files of each partition together, in one commit that says that no row has changed. Writers go on
 * meanwhile; the old files stay until `vacuum` takes them away.
 *
 * @throws LakeError NO_TABLE; CONCURRENT_COMMIT when another has removed one of the files in the meantime
 */
export async function optimize(directory: string, options: OptimizeOptions = {}): Promise<Optimized> {
  const { onPartition = () => {}, targetBytes = 128 * 1024 * 1024 } = options;
  const deltaLog = new DeltaLog(directory);
  const snapshot = await deltaLog.require();
  const columns = tableColumns(snapshot).all;
  const removed: Add[] = [];
  const added: Add[] = [];
  const duckDb = await openTableDuckDb(directory);
  try {
    for (const files of bins(snapshot, targetBytes)) {
      const partition = partitionOf(files[0] as Add);
      const source = readFiles(directory, files);
      const inFiles = await columnsIn(duckDb, source);
      const rows = { partition, source, columns: columns.filter(({ name }) => inFiles.has(name)), orderBy: ORDER };
      added.push(await writeDataFile(duckDb, directory, rows, { dataChange: false }));
      removed.push(...files);
      onPartition(partition, files.length);
    }
  } finally {
    await duckDb.close();
  }
  if (added.length > 0) await commit(deltaLog, directory, removed, added, targetBytes);
  return {
    filesRemoved: removed.length,
    filesAdded: added.length,
    bytesRemoved: sizeOf(removed),
    bytesAdded: sizeOf(added),
  };
}

/** Files that are to become one, the smallest of a partition first. */
function* bins({ files }: Snapshot, targetBytes: number): Iterable<readonly Add[]> {
  const partitions = new Map<string, Add[]>();
  for (const file of files.values()) {
    const { date, hour, kind } = partitionOf(file);
    const name = `${kind}/${date}/${hour}`;
    partitions.set(name, [...(partitions.get(name) ?? []), file]);
  }
  for (const ofPartition of partitions.values()) {
    let bin: Add[] = [];
    for (const file of ofPartition.filter(({ size }) => size < targetBytes).sort((a, b) => a.size - b.size)) {
      bin.push(file);
      if (sizeOf(bin) < targetBytes) continue;
      if (bin.length > 1) yield bin;
      bin = [];
    }
    if (bin.length > 1) yield bin;
  }
}

async function commit(
  deltaLog: DeltaLog,
  directory: string,
  removed: readonly Add[],
  added: readonly Add[],
  targetBytes: number,
): Promise<void> {
  const operation = { operation: 'OPTIMIZE', operationParameters: { targetSize: String(targetBytes) } } as const;
  try {
    await deltaLog.commit(operation, (current) => {
      const gone = removed.find(({ path }) => !current?.files.has(path));
      if (gone !== undefined) {
        throw new LakeError('CONCURRENT_COMMIT', `another has removed ${gone.path} in the meantime; optimize again`);
      }
      return [
        ...removed.map((add) => ({ remove: removeOf(add, { dataChange: false }) })),
        ...added.map((add) => ({ add })),
      ];
    });
  } catch (error) {
    if (error instanceof LakeError && error.code === 'CONCURRENT_COMMIT') await deleteDataFiles(directory, added);
    throw error;
  }
}
