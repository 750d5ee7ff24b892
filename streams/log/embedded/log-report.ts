import type { TopicPartition } from '../log.js';
import { CommitMark } from './commit-mark.js';
import { batchKey, committedOffsetOfKey, partitionOfKey } from './keys.js';
import { SmallEntryCollector } from './log-entries.js';
import { type LogImage, readLogImage, type StoredBatchImage } from './log-image.js';
import { gapsBefore, type PartitionRecord, type TopicRecord } from './topics.js';

/** Records that cannot be read. */
export interface LostRecords extends TopicPartition {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** LevelDB's files in which they are or should be, as far as that is known. */
  readonly files: readonly string[];
  /** Which groups have read how many of the offsets, as far as they have committed. */
  readonly processed: readonly { readonly group: string; readonly records: number }[];
}

/** What a log holds, and what it has lost. */
export interface LogReport {
  readonly location: string;
  readonly damages: readonly { readonly file: string; readonly what: string }[];
  readonly lost: readonly LostRecords[];
  /** Other things that are lost: topics, committed offsets. */
  readonly lostEntries: readonly string[];
  /** How many commits that were acknowledged are missing at the end. */
  readonly missingCommits: number;
  /** What earlier repairs have noted as lost. */
  readonly noted: readonly (TopicPartition & { readonly firstOffset: number; readonly lastOffset: number })[];
  /** Records and batches that can be read. */
  readonly records: number;
  readonly batches: number;
  readonly topics: number;
  readonly isDamaged: boolean;
}

/** One partition, with what is to stand in it. */
export interface PartitionImage extends TopicPartition {
  readonly topicId: number;
  readonly record: PartitionRecord;
  readonly endOffset: number;
  /** In order, without those that nobody reads any more. */
  readonly batches: readonly StoredBatchImage[];
  /** What is missing between them. */
  readonly gaps: readonly { readonly firstOffset: number; readonly lastOffset: number }[];
}

/** A log as it was read from its files. */
export interface ExaminedLog {
  readonly report: LogReport;
  readonly topics: ReadonlyMap<string, TopicRecord>;
  readonly partitions: readonly PartitionImage[];
  /** By key, as latin1 text. */
  readonly offsets: ReadonlyMap<string, { readonly offset: number; readonly metadata: string }>;
  readonly commits: number;
}

const NEW_PARTITION: PartitionRecord = { startOffset: 0, compactedTo: 0, compactedRecords: 0, uncheckedBefore: 0 };

/** Reads all of a log that no process has open. Nothing in the directory changes. */
export async function examineLog(directory: string): Promise<ExaminedLog> {
  const certain = (await CommitMark.read(directory)) ?? 0;
  const image = await readLogImage(directory);
  const entries = new SmallEntryCollector();
  for (const [key, bytes] of image.smallEntries) entries.add(key, bytes);
  const isUnchecked = entries.isUnchecked;
  const lostEntries = [...image.damagedSmallEntries];
  const byPartition = batchesByPartition(image);
  const topics = new Map(entries.topics);
  for (const [id, partitions] of partitionsOfLostTopics(topics, [...byPartition.keys(), ...entries.ends.keys()])) {
    const name = `lost-topic-${id}`;
    lostEntries.push(`the name of a topic with ${partitions} partitions; it is called ${name} now`);
    topics.set(name, { id, partitions, cleanupPolicy: 'delete', retentionMs: -1, retentionBytes: -1 });
  }
  const groups = committedByPartition(entries.offsets.keys(), entries.offsets);
  const partitions: PartitionImage[] = [];
  const lost: LostRecords[] = [];
  const noted: LogReport['noted'][number][] = [];
  for (const [topic, { id, partitions: count }] of topics) {
    for (let partition = 0; partition < count; partition++) {
      const place = `${id}-${partition}`;
      const committed = groups.get(`${topic}\0${partition}`) ?? [];
      const found = byPartition.get(place) ?? [];
      const record = { ...NEW_PARTITION, ...entries.partitions.get(place) };
      if (isUnchecked) record.uncheckedBefore = Number.MAX_SAFE_INTEGER;
      // What groups have read was there.
      const known = Math.max(0, entries.ends.get(place)?.endOffset ?? 0, ...committed.map(({ offset }) => offset));
      const examined = follow(found, record, known);
      partitions.push({ topic, topicId: id, partition, record, ...examined });
      for (const { baseOffset, isLost, nextOffset } of examined.batches) {
        if (isLost) noted.push({ topic, partition, firstOffset: baseOffset, lastOffset: nextOffset - 1 });
      }
      for (const gap of examined.gaps) {
        const processed = committed
          .map(({ group, offset }) => ({ group, records: Math.min(offset, gap.lastOffset + 1) - gap.firstOffset }))
          .filter(({ records }) => records > 0);
        const files = filesOf(image, batchKey(id, partition, gap.firstOffset), batchKey(id, partition, gap.lastOffset));
        lost.push({ topic, partition, ...gap, files, processed });
      }
    }
  }
  const missingCommits = Math.max(0, certain - entries.commits);
  const batches = partitions.flatMap((partition) => partition.batches);
  const report: LogReport = {
    location: directory,
    damages: image.damages.map(({ file, what }) => ({ file, what })),
    lost,
    lostEntries,
    missingCommits,
    noted,
    records: batches.reduce((sum, { records }) => sum + records, 0),
    batches: batches.length,
    topics: topics.size,
    isDamaged: image.damages.length + lost.length + lostEntries.length + missingCommits > 0,
  };
  return { report, topics, partitions, offsets: entries.offsets, commits: Math.max(certain, entries.commits) };
}

/** Goes from batch to batch, as a reader does. */
function follow(
  found: readonly StoredBatchImage[],
  record: PartitionRecord,
  knownEnd: number,
): Pick<PartitionImage, 'batches' | 'gaps' | 'endOffset'> {
  const batches: StoredBatchImage[] = [];
  const gaps: { firstOffset: number; lastOffset: number }[] = [];
  let next = record.startOffset;
  for (const batch of found) {
    if (batch.baseOffset < next) continue;
    if (batch.baseOffset > next && batch.baseOffset > gapsBefore(record)) {
      gaps.push({ firstOffset: next, lastOffset: batch.baseOffset - 1 });
    }
    batches.push(batch);
    next = batch.nextOffset;
  }
  if (knownEnd > next) gaps.push({ firstOffset: next, lastOffset: knownEnd - 1 });
  return { batches, gaps, endOffset: Math.max(next, knownEnd) };
}

function batchesByPartition({ batches }: LogImage): Map<string, StoredBatchImage[]> {
  const byPartition = new Map<string, StoredBatchImage[]>();
  for (const batch of batches.values()) {
    const { topicId, partition } = partitionOfKey(batch.key);
    const place = `${topicId}-${partition}`;
    const others = byPartition.get(place);
    if (others === undefined) byPartition.set(place, [batch]);
    else others.push(batch);
  }
  for (const list of byPartition.values()) list.sort((a, b) => a.baseOffset - b.baseOffset);
  return byPartition;
}

/** By id, how many partitions there are at least. */
function partitionsOfLostTopics(
  topics: ReadonlyMap<string, TopicRecord>,
  places: readonly string[],
): Map<number, number> {
  const known = new Set([...topics.values()].map(({ id }) => id));
  const unknown = new Map<number, number>();
  for (const place of places) {
    const [id, partition] = place.split('-').map(Number) as [number, number];
    if (!known.has(id)) unknown.set(id, Math.max(unknown.get(id) ?? 0, partition + 1));
  }
  return unknown;
}

function committedByPartition(
  keys: Iterable<string>,
  offsets: ExaminedLog['offsets'],
): Map<string, { readonly group: string; readonly offset: number }[]> {
  const byPartition = new Map<string, { group: string; offset: number }[]>();
  for (const key of keys) {
    const of = committedOffsetOfKey(Buffer.from(key, 'latin1'));
    const committed = offsets.get(key);
    if (of === undefined || committed === undefined) continue;
    const place = `${of.topic}\0${of.partition}`;
    byPartition.set(place, [...(byPartition.get(place) ?? []), { group: of.group, offset: committed.offset }]);
  }
  return byPartition;
}

function filesOf({ damages, damagedBatches }: LogImage, first: Buffer, last: Buffer): string[] {
  const files = new Set<string>();
  for (const [identity, file] of damagedBatches) {
    const key = Buffer.from(identity, 'latin1');
    if (key.compare(first) >= 0 && key.compare(last) <= 0) files.add(file);
  }
  if (files.size > 0) return [...files];
  for (const { file, smallest, largest } of damages) {
    if (smallest === undefined || largest === undefined) continue;
    if (smallest.compare(last) <= 0 && largest.compare(first) >= 0) files.add(file);
  }
  if (files.size > 0) return [...files];
  return [...new Set(damages.filter(({ smallest }) => smallest === undefined).map(({ file }) => file))];
}
