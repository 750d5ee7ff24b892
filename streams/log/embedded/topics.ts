import { type CleanupPolicy, LogError, type TopicConfig } from '../log.js';
import { readBatchHeader } from '../record-batch.js';
import { batchKey, offsetOfBatchKey, partitionKey, TOPIC_KEYS, topicKey, topicOfKey } from './keys.js';
import type { Level, Operation } from './level.js';

/** As in Kafka. */
const TOPIC_NAME = /^[\w.-]{1,249}$/;
const MAX_PARTITIONS = 100_000;

export interface Topic {
  readonly id: number;
  readonly cleanupPolicy: CleanupPolicy;
  readonly retentionMs: number;
  readonly partitions: readonly PartitionState[];
}

/** A topic as it is stored. */
type TopicRecord = Omit<Topic, 'partitions'> & { readonly partitions: number };

/** What is remembered of a partition beside its batches. */
interface PartitionRecord {
  /** Always where a batch begins, or the end. */
  startOffset: number;
  /** Where the last compaction ended, and how many records it kept. */
  compactedTo: number;
  compactedRecords: number;
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
    const { partitions, cleanupPolicy = 'delete', retentionMs = -1 } = config;
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      if (known.partitions.length === partitions) return undefined;
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
    const record: TopicRecord = { id: this.#topics.size, partitions, cleanupPolicy, retentionMs };
    this.#add(topic, record);
    return { type: 'put', key: topicKey(topic), value: Buffer.from(JSON.stringify(record)) };
  }

  async load(level: Level): Promise<void> {
    for await (const [key, value] of level.iterator(TOPIC_KEYS)) {
      this.#add(topicOfKey(key), JSON.parse(value.toString()) as TopicRecord);
    }
    for (const { partitions } of this) {
      for (const state of partitions) await loadPartition(level, state);
    }
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
    }));
    this.#topics.set(topic, { ...record, partitions });
  }
}

/** What is to be written so that the partition's state is there when the log is opened again. */
export function rememberPartition(state: PartitionState): Operation {
  const { topicId, partition, startOffset, compactedTo, compactedRecords } = state;
  const record: PartitionRecord = { startOffset, compactedTo, compactedRecords };
  return { type: 'put', key: partitionKey(topicId, partition), value: Buffer.from(JSON.stringify(record)) };
}

async function loadPartition(level: Level, state: PartitionState): Promise<void> {
  const { topicId, partition } = state;
  const remembered = await level.get(partitionKey(topicId, partition));
  if (remembered !== undefined) Object.assign(state, JSON.parse(remembered.toString()) as PartitionRecord);
  const all = { gte: batchKey(topicId, partition, 0), lte: batchKey(topicId, partition, Number.MAX_SAFE_INTEGER) };
  const [last] = await level.iterator({ ...all, reverse: true, limit: 1 }).all();
  if (last !== undefined) {
    state.lastBatchOffset = offsetOfBatchKey(last[0]);
    state.nextOffset = readBatchHeader(last[1], state.lastBatchOffset).lastOffset + 1;
  }
  state.nextOffset = Math.max(state.nextOffset, state.startOffset);
  state.endOffset = state.nextOffset;
}
