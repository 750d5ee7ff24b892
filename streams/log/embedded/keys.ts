import type { TopicPartition } from '../log.js';

/**
 * The keys of the embedded log in LevelDB: `t<name>` a topic; `b<topic id><partition><first offset>` a batch (numbers
 * big-endian, so that a partition's batches lie in order); `s<topic id><partition>` what else is known of a partition;
 * `o<group>\0<topic>\0<partition>` a committed offset.
 */

export const TOPIC_KEYS = { gte: Buffer.from('t'), lt: Buffer.from('u') } as const;

export function topicKey(topic: string): Buffer {
  return Buffer.from(`t${topic}`);
}

export function topicOfKey(key: Buffer): string {
  return key.toString('utf8', 1);
}

export function batchKey(topicId: number, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(17);
  key[0] = 0x62;
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
  const key = Buffer.allocUnsafe(9);
  key[0] = 0x73;
  key.writeUInt32BE(topicId, 1);
  key.writeUInt32BE(partition, 5);
  return key;
}

export function committedOffsetKey(group: string, { topic, partition }: TopicPartition): Buffer {
  return Buffer.from(`o${group}\0${topic}\0${partition}`);
}
