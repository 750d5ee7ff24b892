import { BatchCursor, isSealed } from '../record-batch.js';
import { DamagedRecordsError } from './damaged-records-error.js';
import { offsetOfBatchKey } from './keys.js';
import type { PartitionState } from './topics.js';

/** A batch as LevelDB gave it. @throws LogError LOG_CORRUPT when it is not what was written */
export function storedBatch(
  state: Pick<PartitionState, 'topic' | 'partition' | 'uncheckedBefore'>,
  key: Buffer,
  bytes: Buffer,
  location: string,
): BatchCursor {
  const offset = offsetOfBatchKey(key);
  const isUnchecked = bytes[0] === 1 && offset < state.uncheckedBefore;
  if (!isUnchecked && !isSealed(bytes, key)) {
    throw new DamagedRecordsError(location, state, offset, undefined, 'the checksum of the batch is wrong');
  }
  return new BatchCursor(state.topic, state.partition, bytes, offset);
}
