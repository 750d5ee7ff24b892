import type { Level } from '../../leveldb/level.js';
import { type CommittedOffset, LogError } from '../log.js';
import { COMMIT_KEY, kindOf, partitionOfKey, SMALL_ENTRIES, topicOfKey } from './keys.js';
import { isUncheckedEntry, readSmallEntry } from './small-entries.js';
import type { PartitionEnd, PartitionRecord, TopicRecord } from './topics.js';

/** All that a log holds but its batches. */
export interface SmallEntries {
  /** True when they were written before there were checksums. */
  readonly isUnchecked: boolean;
  /** How often something was committed. */
  readonly commits: number;
  readonly topics: ReadonlyMap<string, TopicRecord>;
  /** By `<topic id>-<partition>`, as are the ends. */
  readonly partitions: ReadonlyMap<string, PartitionRecord>;
  readonly ends: ReadonlyMap<string, PartitionEnd>;
  /** By key, as latin1 text. */
  readonly offsets: Map<string, CommittedOffset>;
}

/** Collects entries, in any order; of a key the last one counts. */
export class SmallEntryCollector {
  #commits: number | undefined;
  #checked = 0;
  #unchecked = 0;
  readonly topics = new Map<string, TopicRecord>();
  readonly partitions = new Map<string, PartitionRecord>();
  readonly ends = new Map<string, PartitionEnd>();
  readonly offsets = new Map<string, CommittedOffset>();

  /** @returns false when it is not what was written under the key */
  add(key: Buffer, bytes: Buffer): boolean {
    const kind = kindOf(key);
    const value = readSmallEntry(key, bytes);
    if (value === undefined || kind === undefined || kind === 'batch') return false;
    if (isUncheckedEntry(bytes)) this.#unchecked++;
    else this.#checked++;
    switch (kind) {
      case 'commit':
        this.#commits = (value as CommitRecord).commits;
        return true;
      case 'topic':
        this.topics.set(topicOfKey(key), value as TopicRecord);
        return true;
      case 'offset':
        this.offsets.set(key.toString('latin1'), value as CommittedOffset);
        return true;
      case 'partition':
        this.partitions.set(placeOfKey(key), value as PartitionRecord);
        return true;
      case 'end':
        this.ends.set(placeOfKey(key), value as PartitionEnd);
        return true;
    }
  }

  /** True when something was written before there were checksums, and nothing after. */
  get isUnchecked(): boolean {
    return this.#unchecked > 0 && this.#checked === 0;
  }

  get commits(): number {
    return this.#commits ?? 0;
  }

  /** @returns undefined when what was added is of no one log */
  all(): SmallEntries | undefined {
    const { topics, partitions, ends, offsets } = this;
    const isUnchecked = this.#unchecked > 0;
    // A log is rewritten in one go when it gets checksums.
    if (isUnchecked && this.#checked > 0) return undefined;
    if (!isUnchecked && this.#checked > 0 && this.#commits === undefined) return undefined;
    return { isUnchecked, commits: this.#commits ?? 0, topics, partitions, ends, offsets };
  }
}

export interface CommitRecord {
  readonly commits: number;
}

/** @throws LogError LOG_CORRUPT when one of them is not what was written */
export async function readSmallEntries(level: Level, location: string): Promise<SmallEntries> {
  const collector = new SmallEntryCollector();
  for await (const [key, bytes] of level.iterator(SMALL_ENTRIES)) {
    if (collector.add(key, bytes)) continue;
    throw new LogError(
      'LOG_CORRUPT',
      `the log in ${location} is damaged: ${nameOfEntry(key)} cannot be read; \`millrace log verify\` says what is lost`,
    );
  }
  const entries = collector.all();
  if (entries !== undefined) return entries;
  throw new LogError(
    'LOG_CORRUPT',
    `the log in ${location} is damaged: what is known of its topics does not fit together; ` +
      '`millrace log verify` says what is lost',
  );
}

/** For messages. */
export function nameOfEntry(key: Buffer): string {
  const kind = kindOf(key);
  if (key.equals(COMMIT_KEY)) return 'the number of commits';
  if (kind === 'topic') return `the topic "${topicOfKey(key)}"`;
  if (kind === 'offset') return `a committed offset (${key.toString('utf8', 1).replaceAll('\0', ', ')})`;
  if (kind === 'partition' || kind === 'end') return `where partition ${placeOfKey(key)} begins or ends`;
  return 'an entry that is no entry of a log';
}

function placeOfKey(key: Buffer): string {
  const { topicId, partition } = partitionOfKey(key);
  return `${topicId}-${partition}`;
}
