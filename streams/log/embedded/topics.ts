import type { Level } from '../../leveldb/level.js';
import { type CleanupPolicy, LogError, type TopicConfig } from '../log.js';
import { readBatchHeader } from '../record-batch.js';
import { DamagedRecordsError } from './damaged-records-error.js';
import { batchKey, endKey, offsetOfBatchKey, partitionKey, topicKey } from './keys.js';
import type { Operation } from './level.js';
import type { SmallEntries } from './log-entries.js';
import { putSmallEntry } from './small-entries.js';
import { storedBatch } from './stored-batch.js';

/** As in Kafka. */
const TOPIC_NAME = /^[\w.-]{1,249}$/;
const MAX_PARTITIONS = 100_000;

export interface Topic {
  readonly id: number;
  readonly cleanupPolicy: CleanupPolicy;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly partitions: readonly PartitionState[];
}

/** A topic as it is stored. */
export type TopicRecord = Omit<Topic, 'partitions'> & { readonly partitions: number };

/** What is remembered of a partition beside its batches. */
export interface PartitionRecord {
  /** Always where a batch begins, or the end. */
  startOffset: number;
  /** Where the last compaction ended, and how many records it kept. */
  compactedTo: number;
  compactedRecords: number;
  /** Batches before this offset were written when there were no checksums. */
  uncheckedBefore: number;
}

/** Where a partition ends. */
export interface PartitionEnd {
  endOffset: number;
  /** Where the last batch begins. */
  lastBatchOffset: number;
}

/** One partition, as far as it is in memory. */
export interface PartitionState extends PartitionRecord {
  readonly topic: string;
  readonly topicId: number;
  readonly partition: number;
  /** Where the next append goes. */
  nextOffset: number;
  /** Up to where records are durable, and readable. */
  endOffset: number;
  /** Where the last durable batch begins. */
  lastBatchOffset: number;
}

/** The topics of an embedded log and the state of their partitions. */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #location: string;

  constructor(location: string) {
    this.#location = location;
  }

  get names(): string[] {
    return [...this.#topics.keys()].sort();
  }

  get(topic: string): Topic | undefined {
    return this.#topics.get(topic);
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.#topics.values();
  }

  /** @throws LogError UNKNOWN_TOPIC */
  partition(topic: string, partition: number): PartitionState {
    const partitions = this.#topics.get(topic)?.partitions;
    if (partitions === undefined) {
      throw new LogError('UNKNOWN_TOPIC', `there is no topic "${topic}" in ${this.#location}`);
    }
    const state = partitions[partition];
    if (state !== undefined) return state;
    throw new LogError(
      'UNKNOWN_TOPIC',
      `the topic "${topic}" has partitions 0 to ${partitions.length - 1}, not ${partition}`,
    );
  }

  /**
   * Adds a topic.
   *
   * @returns what is to be written for it; undefined when there is such a topic already
   * @throws LogError PARTITION_COUNT, or UNKNOWN_TOPIC when no topic can have that name
   */
  create(topic: string, config: TopicConfig): Operation | undefined {
    const { partitions, cleanupPolicy = 'delete' } = config;
    const known = this.#topics.get(topic);
    checkRetention(topic, config);
    if (known !== undefined) {
      if (known.partitions.length === partitions) return this.#setRetention(topic, known, config);
      throw new LogError(
        'PARTITION_COUNT',
        `the topic "${topic}" has ${known.partitions.length} partitions, not ${partitions}; ` +
          'the number is fixed when a topic is made: use another data directory, or delete this one',
      );
    }
    if (!TOPIC_NAME.test(topic)) {
      throw new LogError('UNKNOWN_TOPIC', `"${topic}" cannot name a topic: at most 249 letters, digits, ".", "_", "-"`);
    }
    if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
      throw new LogError('PARTITION_COUNT', `the topic "${topic}" cannot have ${partitions} partitions`);
    }
    const id = Math.max(-1, ...[...this].map((made) => made.id)) + 1;
    const { retentionMs = -1, retentionBytes = -1 } = config;
    const record: TopicRecord = { id, partitions, cleanupPolicy, retentionMs, retentionBytes };
    this.#add(topic, record);
    return putSmallEntry(topicKey(topic), record);
  }

  /**
   * Takes over what a log holds.
   *
   * @returns what is to be written, if it is one that was made before there were checksums
   * @throws LogError LOG_CORRUPT when records are missing at the end of a partition, or are damaged there
   */
  async load(level: Level, entries: SmallEntries): Promise<Operation[]> {
    for (const [topic, record] of entries.topics)
      this.#add(topic, { ...record, retentionBytes: record.retentionBytes ?? -1 });
    const upgrades: Operation[] = [];
    for (const [name, topic] of this.#topics) {
      for (const state of topic.partitions) {
        const place = `${state.topicId}-${state.partition}`;
        Object.assign(state, entries.partitions.get(place));
        if (entries.isUnchecked) {
          await findEnd(level, state);
          state.uncheckedBefore = state.endOffset;
          upgrades.push(rememberPartition(state), rememberEnd(state));
        } else {
          Object.assign(state, entries.ends.get(place));
          await checkEnd(level, state, this.#location);
        }
        state.nextOffset = state.endOffset;
      }
      if (entries.isUnchecked) upgrades.push(this.#record(name, topic));
    }
    return upgrades;
  }

  /** What the configuration does not name stays. */
  #setRetention(name: string, topic: Topic, config: TopicConfig): Operation | undefined {
    const { retentionMs = topic.retentionMs, retentionBytes = topic.retentionBytes } = config;
    if (retentionMs === topic.retentionMs && retentionBytes === topic.retentionBytes) return undefined;
    const changed = { ...topic, retentionMs, retentionBytes };
    this.#topics.set(name, changed);
    return this.#record(name, changed);
  }

  #record(name: string, topic: Topic): Operation {
    return putSmallEntry(topicKey(name), { ...topic, partitions: topic.partitions.length });
  }

  #add(topic: string, record: TopicRecord): void {
    const partitions = Array.from({ length: record.partitions }, (_, partition) => ({
      topic,
      topicId: record.id,
      partition,
      startOffset: 0,
      nextOffset: 0,
      endOffset: 0,
      lastBatchOffset: 0,
      compactedTo: 0,
      compactedRecords: 0,
      uncheckedBefore: 0,
    }));
    this.#topics.set(topic, { ...record, partitions });
  }
}

/** Compaction left gaps when there were no checksums: before the offset there may be some. */
export function gapsBefore({ compactedTo, uncheckedBefore }: PartitionRecord): number {
  return Math.min(compactedTo, uncheckedBefore);
}

function checkRetention(topic: string, { retentionMs = -1, retentionBytes = -1 }: TopicConfig): void {
  for (const [name, value] of Object.entries({ retentionMs, retentionBytes })) {
    if (Number.isSafeInteger(value) && value >= -1) continue;
    throw new LogError(
      'LOG_SETTING',
      `the ${name} of "${topic}" is ${value}; it must be a whole number, or -1 for none`,
    );
  }
}

/** What is to be written so that the partition's state is there when the log is opened again. */
export function rememberPartition(state: PartitionState): Operation {
  const { topicId, partition, startOffset, compactedTo, compactedRecords, uncheckedBefore } = state;
  const record: PartitionRecord = { startOffset, compactedTo, compactedRecords, uncheckedBefore };
  return putSmallEntry(partitionKey(topicId, partition), record);
}

/** What is to be written with an append. */
export function rememberEnd({
  topicId,
  partition,
  endOffset,
  lastBatchOffset,
}: PartitionEnd & { readonly topicId: number; readonly partition: number }): Operation {
  const end: PartitionEnd = { endOffset, lastBatchOffset };
  return putSmallEntry(endKey(topicId, partition), end);
}

async function lastBatch(level: Level, { topicId, partition }: PartitionState): Promise<[Buffer, Buffer] | undefined> {
  const all = { gte: batchKey(topicId, partition, 0), lte: batchKey(topicId, partition, Number.MAX_SAFE_INTEGER) };
  const [last] = await level.iterator({ ...all, reverse: true, limit: 1 }).all();
  return last;
}

/** In a log without checksums the end is where the last batch ends. */
async function findEnd(level: Level, state: PartitionState): Promise<void> {
  const last = await lastBatch(level, state);
  if (last !== undefined) {
    state.lastBatchOffset = offsetOfBatchKey(last[0]);
    state.endOffset = readBatchHeader(last[1], state.lastBatchOffset).lastOffset + 1;
  }
  state.endOffset = Math.max(state.endOffset, state.startOffset);
}

/** @throws LogError LOG_CORRUPT when the last batch is not where and what it should be */
async function checkEnd(level: Level, state: PartitionState, location: string): Promise<void> {
  const { startOffset, endOffset, lastBatchOffset } = state;
  const last = await lastBatch(level, state);
  const foundAt = last === undefined ? -1 : offsetOfBatchKey(last[0]);
  if (startOffset > endOffset || foundAt > Math.max(lastBatchOffset, endOffset - 1)) {
    throw new DamagedRecordsError(
      location,
      state,
      endOffset,
      Math.max(startOffset, foundAt),
      'where it ends is not known',
    );
  }
  // Nothing is left of it.
  if (startOffset === endOffset) return;
  if (last === undefined || foundAt < lastBatchOffset) {
    throw new DamagedRecordsError(location, state, lastBatchOffset, endOffset - 1, 'they are missing');
  }
  const { nextOffset } = storedBatch(state, last[0], last[1], location);
  if (nextOffset !== endOffset)
    throw new DamagedRecordsError(location, state, foundAt, endOffset - 1, 'the last batch is another');
}
