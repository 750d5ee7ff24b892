import type { TopicPartition } from '../log.js';

/**
 * The keys of the embedded log in LevelDB: `b<topic id><partition><first offset>` a batch (numbers big-endian, so that a
 * partition's batches lie in order); `c` how often something was committed; `e<topic id><partition>` where a partition
 * ends; `o<group>\0<topic>\0<partition>` a committed offset; `s<topic id><partition>` what else is known of a partition;
 * `t<name>` a topic. Behind the batches all is small, and read when the log is opened.
 */

export const SMALL_ENTRIES = { gte: Buffer.from('c'), lt: Buffer.from('u') } as const;
export const COMMIT_KEY = Buffer.from('c');

const BATCH = 0x62;
const END = 0x65;
const PARTITION = 0x73;
const BATCH_KEY_BYTES = 17;
const PARTITION_KEY_BYTES = 9;

/** What an entry is, by its key; undefined when it is nothing of the log's. */
export type KeyKind = 'batch' | 'commit' | 'end' | 'offset' | 'partition' | 'topic';

export function kindOf(key: Buffer): KeyKind | undefined {
  switch (key[0]) {
    case BATCH:
      return key.length === BATCH_KEY_BYTES ? 'batch' : undefined;
    case 0x63:
      return key.length === 1 ? 'commit' : undefined;
    case END:
      return key.length === PARTITION_KEY_BYTES ? 'end' : undefined;
    case 0x6f:
      return 'offset';
    case PARTITION:
      return key.length === PARTITION_KEY_BYTES ? 'partition' : undefined;
    case 0x74:
      return 'topic';
    default:
      return undefined;
  }
}

/** Of the key of a batch, an end, or a partition. */
export function partitionOfKey(key: Buffer): { readonly topicId: number; readonly partition: number } {
  return { topicId: key.readUInt32BE(1), partition: key.readUInt32BE(5) };
}

export function topicKey(topic: string): Buffer {
  return Buffer.from(`t${topic}`);
}

export function topicOfKey(key: Buffer): string {
  return key.toString('utf8', 1);
}

export function batchKey(topicId: number, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(BATCH_KEY_BYTES);
  key[0] = BATCH;
  key.writeUInt32BE(topicId, 1);
  key.writeUInt32BE(partition, 5);
  key.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), 9);
  key.writeUInt32BE(offset % 0x1_0000_0000, 13);
  return key;
}

export function offsetOfBatchKey(key: Buffer): number {
  return key.readUInt32BE(9) * 0x1_0000_0000 + key.readUInt32BE(13);
}

export function partitionKey(topicId: number, partition: number): Buffer {
  return keyOfPartition(PARTITION, topicId, partition);
}

export function endKey(topicId: number, partition: number): Buffer {
  return keyOfPartition(END, topicId, partition);
}

function keyOfPartition(kind: number, topicId: number, partition: number): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_KEY_BYTES);
  key[0] = kind;
  key.writeUInt32BE(topicId, 1);
  key.writeUInt32BE(partition, 5);
  return key;
}

export function committedOffsetKey(group: string, { topic, partition }: TopicPartition): Buffer {
  return Buffer.from(`o${group}\0${topic}\0${partition}`);
}

/** Undefined when the key is not of this form. */
export function committedOffsetOfKey(key: Buffer): ({ readonly group: string } & TopicPartition) | undefined {
  const [group, topic, partition, more] = key.toString('utf8', 1).split('\0');
  if (group === undefined || topic === undefined || partition === undefined || more !== undefined) return undefined;
  return { group, topic, partition: Number(partition) };
}
