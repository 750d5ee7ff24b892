import { freeOnDisk, type Level, sizeOnDisk } from '../../leveldb/level.js';
import { batchKey } from './keys.js';
import type { PartitionState } from './topics.js';

/**
 * Gives the disk back what has been deleted of partitions: LevelDB by itself lets it lie for long.
 *
 * @param leastBytes what takes less together stays
 * @param isStopped asked before each partition
 */
export async function freeDeleted(
  level: Level,
  states: readonly PartitionState[],
  {
    isStopped = () => false,
    leastBytes = 0,
  }: { readonly isStopped?: () => boolean; readonly leastBytes?: number } = {},
): Promise<void> {
  const deleted = states.map(deletedKeys);
  const sizes = await Promise.all(deleted.map(([from, to]) => sizeOnDisk(level, from, to)));
  if (sizes.reduce((sum, size) => sum + size, 0) < leastBytes) return;
  for (const [index, [from, to]] of deleted.entries()) {
    if (isStopped()) return;
    if (sizes[index] !== 0) await freeOnDisk(level, from, to);
  }
}

/** Between the first key that a partition ever had and its start. */
function deletedKeys({ partition, startOffset, topicId }: PartitionState): readonly [from: Buffer, to: Buffer] {
  return [batchKey(topicId, partition, 0), batchKey(topicId, partition, startOffset)];
}
