import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Add } from './delta/actions.js';
import { DeltaLog } from './delta/delta-log.js';
import type { Snapshot } from './delta/snapshot.js';
import { SPILL_PREFIX } from './duckdb.js';
import { endOf, locationOf, partitionOf, removeOf, sizeOf } from './table-files.js';

/** A file that nobody has committed may be about to be, for so long. */
const MIN_ORPHAN_MS = 3_600_000;
/** Delta's default of `delta.logRetentionDuration`. */
const LOG_RETENTION_MS = 30 * 86_400_000;

export interface VacuumOptions {
  /** Files that are not the table's any more are kept for so long, for readers that have begun before. */
  readonly retainMs: number;
  /** Hours of the table that ended so long ago are taken out of it. */
  readonly dropOlderThanMs?: number;
  /** What the age of an hour is counted from: its end (the default), or when the last was written to it, if that was later. */
  readonly ageFrom?: 'end' | 'writing';
  /** The oldest hours are taken out until the table's files have at most so many bytes. */
  readonly maxSizeBytes?: number;
  /** Only tells what it would do. */
  readonly dryRun?: boolean;
}

export interface Vacuumed {
  /** Taken out of the table, and deleted by a later vacuum when `retainMs` has passed. */
  readonly dropped: readonly Add[];
  /** Deleted, or to be deleted, relative to the table. */
  readonly deleted: readonly string[];
  readonly deletedBytes: number;
}

/**
 * Takes old hours out of the table, where it is told to, and deletes files that no version of the retention time refers to:
 * those that were removed before it, and those of writers that were killed before they could commit.
 *
 * @throws LakeError NO_TABLE
 */
export async function vacuum(directory: string, options: VacuumOptions): Promise<Vacuumed> {
  const nowMs = Date.now();
  const { dryRun = false, retainMs } = options;
  const deltaLog = new DeltaLog(directory);
  const before = await deltaLog.require();
  let dropped = expired(before, options, nowMs);
  const isDropping = !dryRun && dropped.length > 0;
  if (isDropping) {
    const operation = { operation: 'DELETE', operationParameters: parametersOf(options) } as const;
    await deltaLog.commit(operation, (current) => {
      dropped = current === undefined ? [] : expired(current, options, nowMs);
      return dropped.map((add) => ({ remove: removeOf(add, { dataChange: true }) }));
    });
  }
  const snapshot = await deltaLog.require();
  const unreferenced = await unreferencedFiles(
    directory,
    snapshot,
    nowMs - retainMs,
    nowMs - Math.max(retainMs, MIN_ORPHAN_MS),
  );
  if (!dryRun) {
    for (const { path } of unreferenced) await rm(join(directory, path), { force: true });
    await removeDirectories(directory, nowMs - MIN_ORPHAN_MS);
    await deltaLog.cleanUp(nowMs - LOG_RETENTION_MS, nowMs - MIN_ORPHAN_MS);
  }
  return {
    dropped,
    deleted: unreferenced.map(({ path }) => path),
    deletedBytes: unreferenced.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  };
}

/** The files of the hours that are too old, or too much. */
function expired({ files }: Snapshot, options: VacuumOptions, nowMs: number): Add[] {
  const { ageFrom = 'end', dropOlderThanMs, maxSizeBytes } = options;
  const oldestFirst = [...files.values()].sort((a, b) => endOf(partitionOf(a)) - endOf(partitionOf(b)));
  const writtenAt = new Map<number, number>();
  for (const file of oldestFirst) {
    const end = endOf(partitionOf(file));
    writtenAt.set(end, Math.max(writtenAt.get(end) ?? 0, file.modificationTime));
  }
  const agesFrom = (end: number) => (ageFrom === 'end' ? end : Math.max(end, writtenAt.get(end) ?? end));
  let left = sizeOf(oldestFirst);
  let droppedTo = Number.NEGATIVE_INFINITY;
  return oldestFirst.filter((file) => {
    const end = endOf(partitionOf(file));
    const isOld = dropOlderThanMs !== undefined && agesFrom(end) <= nowMs - dropOlderThanMs;
    // Whole hours: half of one would be taken for all that there was.
    const isTooMuch = maxSizeBytes !== undefined && (left > maxSizeBytes || end === droppedTo);
    if (!isOld && !isTooMuch) return false;
    left -= file.size;
    droppedTo = end;
    return true;
  });
}

interface UnreferencedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

async function unreferencedFiles(
  directory: string,
  { files, tombstones }: Snapshot,
  removedBeforeMs: number,
  orphanedBeforeMs: number,
): Promise<UnreferencedFile[]> {
  const active = new Set([...files.values()].map((file) => locationOf(directory, file)));
  const removedAt = new Map(
    [...tombstones.values()].map((file) => [locationOf(directory, file), file.deletionTimestamp ?? 0]),
  );
  const found: UnreferencedFile[] = [];
  for (const path of await dataFiles(directory)) {
    const location = join(directory, path);
    if (active.has(location)) continue;
    // Another vacuum may be at it.
    const stats = await stat(location).catch(() => undefined);
    if (stats === undefined) continue;
    const removed = removedAt.get(location);
    const isOver = removed === undefined ? stats.mtimeMs < orphanedBeforeMs : removed < removedBeforeMs;
    if (isOver) found.push({ path, sizeBytes: stats.size });
  }
  return found;
}

/** All files but those whose path has a part that begins with `_` or `.`: the log's, and other programs' own. */
async function dataFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .map(({ name, parentPath }) => join(parentPath, name).slice(join(directory, sep).length))
    .filter((path) => !path.split(sep).some((part) => /^[_.]/.test(part)));
}

/** Partitions' directories that are empty, and those of DuckDBs that were killed, unless they have changed since. */
async function removeDirectories(directory: string, unchangedSinceMs: number): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name, parentPath }) => ({ name, path: join(parentPath, name) }))
    .sort((a, b) => b.path.length - a.path.length);
  for (const { name, path } of folders) {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined || stats.mtimeMs >= unchangedSinceMs) continue;
    if (name.startsWith(SPILL_PREFIX)) await rm(path, { recursive: true, force: true });
    // One that is not empty stays.
    if (/^(kind|date|hour)=/.test(name)) await rmdir(path).catch(() => {});
  }
}

function parametersOf({ dropOlderThanMs, maxSizeBytes }: VacuumOptions): Record<string, string> {
  return {
    ...(dropOlderThanMs === undefined ? {} : { dropOlderThanMs: String(dropOlderThanMs) }),
    ...(maxSizeBytes === undefined ? {} : { maxSizeBytes: String(maxSizeBytes) }),
  };
}
