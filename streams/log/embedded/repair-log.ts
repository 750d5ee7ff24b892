import { rename, rm } from 'node:fs/promises';
import type { Level } from '../../leveldb/level.js';
import { makePrivateDirectory } from '../private-directory.js';
import { gapBatch, MAX_GAP_RECORDS, sealBatch } from '../record-batch.js';
import { lockLog } from './directory-lock.js';
import { batchKey, COMMIT_KEY, topicKey } from './keys.js';
import { logOnDisk, type Operation } from './level.js';
import { writeError } from './level-errors.js';
import type { CommitRecord } from './log-entries.js';
import { bytesOf } from './log-image.js';
import { type ExaminedLog, examineLog, type LogReport, type PartitionImage } from './log-report.js';
import { putSmallEntry } from './small-entries.js';
import { rememberEnd, rememberPartition } from './topics.js';
import { requireDirectory } from './verify-log.js';

/** A write of about this size at a time. */
const WRITE_BYTES = 4 * 1024 * 1024;

export interface RepairOptions {
  /** Asked with what was found before anything is done; false leaves all as it is. */
  readonly confirm: (report: LogReport) => Promise<boolean>;
}

export interface RepairResult {
  readonly report: LogReport;
  /** Where the damaged files are now; undefined when nothing was done. */
  readonly keptIn: string | undefined;
}

/**
 * Makes a damaged log usable: writes a new one with all that can be read, in which offsets stay what they were and batches
 * without records stand for what is lost, and keeps the files of the old one beside it. It takes as much room as the log.
 *
 * @throws LogError LOG_LOCKED when a process has it open; LOG_FULL; LOG_IO
 */
export async function repairLog(directory: string, options: RepairOptions): Promise<RepairResult> {
  await requireDirectory(directory);
  const release = await lockLog(directory);
  try {
    const examined = await examineLog(directory);
    const { report } = examined;
    if (!report.isDamaged || !(await options.confirm(report))) return { report, keptIn: undefined };
    const repaired = `${directory}.repaired`;
    const keptIn = `${directory}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    try {
      await rm(repaired, { recursive: true, force: true });
      await makePrivateDirectory(repaired);
      await write(examined, repaired);
      await rename(directory, keptIn);
      await rename(repaired, directory);
    } catch (error) {
      throw writeError(error, repaired);
    }
    return { report, keptIn };
  } finally {
    await release();
  }
}

async function write(examined: ExaminedLog, directory: string): Promise<void> {
  const level = await logOnDisk(directory);
  await level.open();
  try {
    for (const partition of examined.partitions) await writePartition(level, partition);
    const small: Operation[] = [...examined.topics].map(([name, record]) => putSmallEntry(topicKey(name), record));
    for (const [key, committed] of examined.offsets) small.push(putSmallEntry(Buffer.from(key, 'latin1'), committed));
    const commits: CommitRecord = { commits: examined.commits };
    small.push(putSmallEntry(COMMIT_KEY, commits));
    await level.batch(small, { sync: true } as object);
  } finally {
    await level.close();
  }
}

async function writePartition(level: Level, image: PartitionImage): Promise<void> {
  const { batches, endOffset, gaps, partition, record, topic, topicId } = image;
  let operations: Operation[] = [];
  let bytes = 0;
  let lastBatchOffset = 0;
  const put = async (offset: number, value: Buffer) => {
    operations.push({ type: 'put', key: batchKey(topicId, partition, offset), value });
    lastBatchOffset = Math.max(lastBatchOffset, offset);
    bytes += value.length;
    if (bytes < WRITE_BYTES) return;
    await level.batch(operations);
    operations = [];
    bytes = 0;
  };
  for (const batch of batches) await put(batch.baseOffset, await bytesOf(batch));
  for (const { firstOffset, lastOffset } of gaps) {
    for (let first = firstOffset; first <= lastOffset; first += MAX_GAP_RECORDS) {
      const batch = gapBatch('lost', Math.min(MAX_GAP_RECORDS, lastOffset + 1 - first));
      // They count as appended now, so that retention keeps them for as long as what is appended next.
      sealBatch(batch, batchKey(topicId, partition, first), Date.now());
      await put(first, batch);
    }
  }
  const state = { ...record, topic, topicId, partition, endOffset, lastBatchOffset, nextOffset: endOffset };
  // Of a log without checksums, all that is here now lies without gaps.
  const uncheckedBefore = Math.min(record.uncheckedBefore, endOffset);
  operations.push(rememberPartition({ ...state, uncheckedBefore }), rememberEnd(state));
  await level.batch(operations);
}
