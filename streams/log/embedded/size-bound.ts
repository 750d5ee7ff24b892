import { freeOnDisk, type Level, sizeOnDisk } from '../../leveldb/level.js';
import { type BatchCursor, readBatchHeader } from '../record-batch.js';
import { freeDeleted } from './deleted-records.js';
import { batchKey } from './keys.js';
import type { PartitionState, Topic, Topics } from './topics.js';

/** Once the bound is passed, so much of it is kept: what is deleted is deleted, and said, once in a while. */
const KEPT_SHARE = 0.9;
/** How many bytes of batches are passed before it is asked what they have on disk. */
const STEP_BYTES = 4 * 1024 * 1024;

export interface SizeBoundOptions {
  readonly maxBytes: number;
  /** Up to where a partition's records have been processed by all who process them. */
  readonly processedTo: (state: PartitionState) => number;
  /** Deletes a partition's batches before one, and says so. */
  readonly expire: (state: PartitionState, before: Position) => Promise<void>;
  readonly batches: (state: PartitionState, from: number, to: number) => AsyncGenerator<BatchCursor>;
}

/** Where a partition is to begin. */
export interface Position {
  readonly offset: number;
  /** When the newest batch before it was appended. */
  readonly newestAppendTime: number;
}

/** The next batch of a partition that may go. */
interface Candidate {
  readonly state: PartitionState;
  readonly processedTo: number;
  readonly batches: AsyncGenerator<BatchCursor>;
  appendTime: number;
  bytes: number;
  next: Position;
  /** Before it everything is to go. */
  cut: Position | undefined;
}

/** Keeps what a log has on disk below a bound: the oldest batches go, of whatever topic, when they have been processed. */
export class SizeBound {
  readonly #level: Level;
  readonly #topics: Topics;
  readonly #options: SizeBoundOptions;

  constructor(level: Level, topics: Topics, options: SizeBoundOptions) {
    this.#level = level;
    this.#topics = topics;
    this.#options = options;
  }

  /** @returns whether more is there than should be, and cannot go */
  async apply(): Promise<boolean> {
    const { expire, maxBytes } = this.#options;
    const states = [...this.#topics].filter(mayGo).flatMap(({ partitions }) => partitions);
    if ((await this.#total(states)) <= maxBytes) return false;
    // What went by age is still on the disk until somebody asks for it.
    await freeDeleted(this.#level, states);
    const total = await this.#total(states);
    if (total <= maxBytes) return false;
    const tooMany = total - maxBytes * KEPT_SHARE;
    const candidates = await this.#oldest(states, tooMany);
    let freed = 0;
    for (const { cut, state } of candidates) {
      if (cut === undefined) continue;
      freed += await this.#sizeOf(state, cut.offset);
      await expire(state, cut);
      await freeOnDisk(this.#level, keyOf(state, 0), keyOf(state, cut.offset));
    }
    return total - freed > maxBytes;
  }

  /** Goes through the partitions together, in the order of their batches' times, until enough can go. */
  async #oldest(states: readonly PartitionState[], tooMany: number): Promise<readonly Candidate[]> {
    const { batches, processedTo } = this.#options;
    const all: Candidate[] = [];
    let open: Candidate[] = [];
    for (const state of states) {
      const processed = processedTo(state);
      const to = Math.min(processed, state.endOffset);
      const none: Position = { offset: state.startOffset, newestAppendTime: Number.NEGATIVE_INFINITY };
      open.push({
        ...{ state, processedTo: processed, batches: batches(state, state.startOffset, to) },
        ...{ appendTime: 0, bytes: 0, next: none, cut: undefined },
      });
    }
    all.push(...open);
    const isThere = await Promise.all(open.map(advance));
    open = open.filter((_, index) => isThere[index]);
    let passed = 0;
    while (open.length > 0) {
      const oldest = open.reduce((first, each) => (each.appendTime < first.appendTime ? each : first));
      oldest.cut = oldest.next;
      passed += oldest.bytes;
      if (passed >= STEP_BYTES) {
        passed = 0;
        const sizes = await Promise.all(all.map(({ cut, state }) => (cut ? this.#sizeOf(state, cut.offset) : 0)));
        if (sizes.reduce((sum, size) => sum + size, 0) >= tooMany) break;
      }
      if (!(await advance(oldest))) open = open.filter((each) => each !== oldest);
    }
    await Promise.all(all.map((each) => each.batches.return(undefined)));
    return all;
  }

  async #total(states: readonly PartitionState[]): Promise<number> {
    const sizes = await Promise.all(states.map((state) => this.#sizeOf(state, state.endOffset)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  #sizeOf(state: PartitionState, to: number): Promise<number> {
    return sizeOnDisk(this.#level, keyOf(state, 0), keyOf(state, to));
  }
}

/** A topic that keeps its records for ever, as changelogs do, is state: who writes it says what is not needed any more. */
function mayGo({ cleanupPolicy, retentionBytes, retentionMs }: Topic): boolean {
  return cleanupPolicy === 'delete' && (retentionMs >= 0 || retentionBytes >= 0);
}

function keyOf({ partition, topicId }: PartitionState, offset: number): Buffer {
  return batchKey(topicId, partition, offset);
}

/** Goes to the next batch that may go as a whole; false when there is none. */
async function advance(candidate: Candidate): Promise<boolean> {
  const { done, value } = await candidate.batches.next();
  if (done === true) return false;
  const { appendTime, lastOffset } = readBatchHeader(value.bytes, value.baseOffset);
  if (lastOffset >= candidate.processedTo) return false;
  candidate.appendTime = appendTime;
  candidate.bytes = value.bytes.length;
  const newestAppendTime = Math.max(candidate.next.newestAppendTime, appendTime);
  candidate.next = { offset: lastOffset + 1, newestAppendTime };
  return true;
}
