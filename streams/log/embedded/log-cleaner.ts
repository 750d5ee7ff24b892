import { type Level, sizeOnDisk } from '../../leveldb/level.js';
import { DELETE_RETENTION_MS } from '../log.js';
import { type BatchCursor, readBatchHeader, sealBatch } from '../record-batch.js';
import { Compaction } from './compaction.js';
import { freeDeleted } from './deleted-records.js';
import { batchKey, offsetOfBatchKey } from './keys.js';
import type { Operation, OrderedWriter } from './level.js';
import { readError, writeError } from './level-errors.js';
import { type Position, SizeBound, type SizeBoundOptions } from './size-bound.js';
import { storedBatch } from './stored-batch.js';
import { type PartitionState, rememberPartition, type Topic, type Topics } from './topics.js';

/** A compacted partition is rewritten when it has grown by this many records beyond twice what was kept. */
const COMPACTION_SLACK = 100_000;
/** And when so many bytes on disk are not compacted, unless it is told otherwise. */
const MAX_UNCOMPACTED_BYTES = 256 * 1024 * 1024;
/** What is deleted goes from the disk when it takes so many bytes. */
const DELETED_BYTES = 64 * 1024 * 1024;

/** What retention has deleted of a partition. */
export interface RetentionDeletion {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly reason: 'age' | 'size';
  /** When the newest of it was appended, in milliseconds since the epoch. */
  readonly newestAppendTime: number;
}

/** Takes out of a log what nobody needs any more: deleted records, expired ones, superseded ones. */
export class LogCleaner {
  readonly #level: Level;
  readonly #writer: OrderedWriter;
  readonly #topics: Topics;
  readonly #location: string;
  readonly #onRetention: (deletion: RetentionDeletion) => void;
  /** Deleting and compacting rewrite the same batches: one at a time for each partition. */
  readonly #rewrites = new WorkByPartition();
  /** Also one at a time: a second compaction would put batches back that the first has merged. */
  readonly #compactions = new WorkByPartition();
  /** How many bytes there are between two offsets. */
  readonly #sizes = new Map<PartitionState, { readonly from: number; readonly to: number; readonly bytes: number }>();
  readonly #bound: SizeBound | undefined;
  readonly #maxUncompactedBytes: number;
  #isFullTold = false;
  #stopped = false;

  /**
   * @param bound of all topics with a retention; undefined: none
   * @param maxUncompactedBytes of a partition, on disk
   */
  constructor(
    level: Level,
    writer: OrderedWriter,
    topics: Topics,
    location: string,
    onRetention: (deletion: RetentionDeletion) => void,
    bound?: Pick<SizeBoundOptions, 'maxBytes' | 'processedTo'>,
    maxUncompactedBytes = MAX_UNCOMPACTED_BYTES,
  ) {
    if (bound !== undefined) {
      this.#bound = new SizeBound(level, topics, {
        ...bound,
        batches: (state, from, to) => this.#batches(state, from, to),
        expire: (state, before) => this.#deleteBefore(state, before, 'size'),
      });
    }
    this.#onRetention = onRetention;
    this.#level = level;
    this.#writer = writer;
    this.#topics = topics;
    this.#location = location;
    this.#maxUncompactedBytes = maxUncompactedBytes;
  }

  /** What is being done ends soon, and leaves the log in order. */
  stop(): void {
    this.#stopped = true;
  }

  /** Applies retention and compaction as of the given time. */
  async clean(now: number): Promise<void> {
    for (const topic of this.#topics) {
      const { cleanupPolicy, partitions, retentionBytes, retentionMs } = topic;
      for (const state of partitions) {
        if (this.#stopped) return;
        if (cleanupPolicy === 'compact') {
          if (await this.#isToCompact(state)) await this.compact(state, now);
        } else if (retentionMs >= 0 || retentionBytes >= 0) {
          await this.#expire(state, topic, now);
        }
      }
    }
    const states = [...this.#topics].flatMap(({ partitions }) => partitions);
    await freeDeleted(this.#level, states, { leastBytes: DELETED_BYTES, isStopped: () => this.#stopped });
    if (this.#stopped || this.#bound === undefined) return;
    const isFull = await this.#bound.apply();
    if (isFull && !this.#isFullTold && !this.#stopped) {
      process.emitWarning(
        `the log in ${this.#location} is larger than its bound; what is in it has not been processed yet, and is kept until it is`,
      );
    }
    this.#isFullTold = isFull;
  }

  /** Deletes whole batches: the one that holds the offset stays, and the start offset is where it begins. */
  async deleteRecords(state: PartitionState, beforeOffset: number): Promise<void> {
    if (!(Math.min(beforeOffset, state.endOffset) > state.startOffset)) return;
    await this.#rewrites.run(state, async () => {
      const { topicId, partition } = state;
      const before = Math.min(beforeOffset, state.endOffset);
      const start = before === state.endOffset ? before : await this.#baseOffsetAt(state, before);
      if (start <= state.startOffset) return;
      state.startOffset = start;
      await this.#writer.write([rememberPartition(state)]);
      try {
        await this.#level.clear({ gte: batchKey(topicId, partition, 0), lt: batchKey(topicId, partition, start) });
      } catch (error) {
        throw writeError(error, this.#location);
      }
    });
  }

  /** Keeps, of the records before the partition's last batch, the newest of each key. */
  compact(state: PartitionState, now: number): Promise<void> {
    return this.#compactions.run(state, async () => {
      const compaction = new Compaction({
        batches: (from, to) => this.#batches(state, from, to),
        replace: (baseOffsets, batch, appendTime) => this.#replace(state, baseOffsets, batch, appendTime),
      });
      // The last batch stays as it is: the end offset is read from it when the log is opened.
      const to = Math.max(state.startOffset, state.lastBatchOffset);
      let from = Math.min(Math.max(state.startOffset, state.compactedTo), to);
      do {
        const range = { startOffset: state.startOffset, from, to, tombstonesBefore: now - DELETE_RETENTION_MS };
        const done = await compaction.run(range);
        if (this.#stopped) return;
        from = done.compactedTo;
        state.compactedTo = done.compactedTo;
        state.compactedRecords = done.records;
      } while (from < to);
      await this.#writer.write([rememberPartition(state)]);
    });
  }

  /** The last batch, which is never compacted, is left out. */
  async #isToCompact(state: PartitionState): Promise<boolean> {
    const { compactedRecords, compactedTo, endOffset, lastBatchOffset, partition, startOffset, topicId } = state;
    const from = Math.max(compactedTo, startOffset);
    if (endOffset - from > 2 * compactedRecords + COMPACTION_SLACK) return true;
    if (lastBatchOffset <= from) return false;
    const [first, last] = [from, lastBatchOffset].map((offset) => batchKey(topicId, partition, offset));
    return (await sizeOnDisk(this.#level, first as Buffer, last as Buffer)) > this.#maxUncompactedBytes;
  }

  async #expire(state: PartitionState, { retentionBytes, retentionMs }: Topic, now: number): Promise<void> {
    const { endOffset, startOffset } = state;
    let tooMany = retentionBytes < 0 ? 0 : (await this.#sizeOf(state)) - retentionBytes;
    let keepFrom = endOffset;
    let newestAppendTime = Number.NEGATIVE_INFINITY;
    let bySize = false;
    let deletedBytes = 0;
    for await (const { bytes, baseOffset } of this.#batches(state, startOffset, endOffset)) {
      const { appendTime } = readBatchHeader(bytes, baseOffset);
      const isOld = retentionMs >= 0 && appendTime < now - retentionMs;
      const isTooMuch = retentionBytes >= 0 && tooMany >= bytes.length;
      if (!isOld && !isTooMuch) {
        keepFrom = baseOffset;
        break;
      }
      bySize ||= !isOld;
      tooMany -= bytes.length;
      deletedBytes += bytes.length;
      newestAppendTime = Math.max(newestAppendTime, appendTime);
    }
    if (this.#stopped || keepFrom <= startOffset) return;
    await this.deleteRecords(state, keepFrom);
    const size = this.#sizes.get(state);
    if (size?.from === startOffset && state.startOffset === keepFrom) {
      this.#sizes.set(state, { ...size, from: keepFrom, bytes: size.bytes - deletedBytes });
    }
    this.#tell(state, startOffset, newestAppendTime, bySize ? 'size' : 'age');
  }

  async #deleteBefore(state: PartitionState, before: Position, reason: RetentionDeletion['reason']): Promise<void> {
    const { startOffset } = state;
    if (this.#stopped || before.offset <= startOffset) return;
    await this.deleteRecords(state, before.offset);
    this.#tell(state, startOffset, before.newestAppendTime, reason);
  }

  #tell(
    { partition, startOffset, topic }: PartitionState,
    firstOffset: number,
    newestAppendTime: number,
    reason: RetentionDeletion['reason'],
  ): void {
    this.#onRetention({ topic, partition, firstOffset, lastOffset: startOffset - 1, reason, newestAppendTime });
  }

  /** Of all batches; counted once, and then as they come and go. */
  async #sizeOf(state: PartitionState): Promise<number> {
    const { endOffset, startOffset } = state;
    let known = this.#sizes.get(state) ?? { from: startOffset, to: startOffset, bytes: 0 };
    if (known.from !== startOffset) known = { from: startOffset, to: startOffset, bytes: 0 };
    let { bytes } = known;
    for await (const batch of this.#batches(state, known.to, endOffset)) bytes += batch.bytes.length;
    this.#sizes.set(state, { from: startOffset, to: endOffset, bytes });
    return bytes;
  }

  #replace(state: PartitionState, baseOffsets: readonly number[], batch: Buffer, appendTime: number): Promise<void> {
    const { topicId, partition } = state;
    return this.#rewrites.run(state, async () => {
      const [first] = baseOffsets;
      // Deleted in the meantime.
      if (first === undefined || first < state.startOffset || this.#stopped) return;
      const operations: Operation[] = baseOffsets.map((offset) => ({
        type: 'del',
        key: batchKey(topicId, partition, offset),
      }));
      const key = batchKey(topicId, partition, first);
      sealBatch(batch, key, appendTime);
      operations.push({ type: 'put', key, value: batch });
      await this.#writer.write(operations);
    });
  }

  /** Where the batch with the offset begins, or the offset when there is none with it. */
  async #baseOffsetAt({ topicId, partition, startOffset }: PartitionState, offset: number): Promise<number> {
    const range = { gte: batchKey(topicId, partition, startOffset), lte: batchKey(topicId, partition, offset) };
    const [holding] = await this.#level.iterator({ ...range, reverse: true, limit: 1 }).all();
    if (holding === undefined) return offset;
    const baseOffset = offsetOfBatchKey(holding[0]);
    return readBatchHeader(holding[1], baseOffset).lastOffset >= offset ? baseOffset : offset;
  }

  async *#batches(state: PartitionState, from: number, to: number): AsyncGenerator<BatchCursor> {
    const { topicId, partition } = state;
    const range = { gte: batchKey(topicId, partition, from), lt: batchKey(topicId, partition, to) };
    try {
      for await (const [key, bytes] of this.#level.iterator(range)) {
        if (this.#stopped) return;
        yield storedBatch(state, key, bytes, this.#location);
      }
    } catch (error) {
      throw readError(error, this.#location);
    }
  }
}

/** Does for each partition one thing after the other. */
class WorkByPartition {
  readonly #last = new Map<PartitionState, Promise<unknown>>();

  run<T>(state: PartitionState, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(state) ?? Promise.resolve()).then(work);
    this.#last.set(
      state,
      result.catch(() => {}),
    );
    return result;
  }
}
