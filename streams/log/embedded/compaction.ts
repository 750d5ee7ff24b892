import { type BatchCursor, MAX_BATCH_BYTES, RecordBatchBuilder, readBatchHeader } from '../record-batch.js';

/** How many keys are compared at a time; memory is bounded by it. */
const MAX_KEYS = 1_000_000;
/** The offsets that one batch covers must fit in 4 bytes. */
const MAX_OFFSET_SPAN = 2 ** 31;

export interface CompactionTarget {
  batches(from: number, to: number): AsyncIterable<BatchCursor>;
  /** Puts one batch, which may be without records, in the place of those that begin at the offsets; all at once. */
  replace(baseOffsets: readonly number[], batch: Buffer, appendTime: number): Promise<void>;
}

export interface CompactionRange {
  readonly startOffset: number;
  /** What is before it has been compacted already. */
  readonly from: number;
  readonly to: number;
  /** A record with a null value goes when it was appended before this time, in milliseconds. */
  readonly tombstonesBefore: number;
}

export interface CompactionResult {
  /** Less than `to` when there were too many keys for one go. */
  readonly compactedTo: number;
  /** How many records there are before that. */
  readonly records: number;
}

/**
 * Log compaction as in Kafka's LogCleaner: notes the newest offset of each key in the part that is not compacted yet,
 * and rewrites everything before it without the records that are older. Small batches become large ones on the way.
 * Records without a key are kept. So are all offsets, as batches without records if need be: a gap is damage.
 */
export class Compaction {
  readonly #target: CompactionTarget;
  readonly #builder = new RecordBatchBuilder({ sparse: true, initialBytes: 64 * 1024 });
  /** The batches whose records the builder has. */
  #sources: number[] = [];
  #lastOffset = 0;
  #appendTime = 0;
  #dropped = 0;

  constructor(target: CompactionTarget) {
    this.#target = target;
  }

  async run(range: CompactionRange): Promise<CompactionResult> {
    const newest = new Map<string, number>();
    let compactedTo = range.to;
    for await (const cursor of this.#target.batches(range.from, range.to)) {
      if (newest.size >= MAX_KEYS) {
        compactedTo = cursor.baseOffset;
        break;
      }
      while (cursor.next()) if (cursor.keyStart >= 0) newest.set(keyOf(cursor), cursor.offset);
    }
    let records = 0;
    for await (const cursor of this.#target.batches(range.startOffset, compactedTo)) {
      records += await this.#rewrite(cursor, newest, range.tombstonesBefore);
    }
    await this.#flush();
    return { compactedTo, records };
  }

  /** @returns how many records were kept */
  async #rewrite(cursor: BatchCursor, newest: ReadonlyMap<string, number>, tombstonesBefore: number): Promise<number> {
    const { bytes, baseOffset } = cursor;
    if (cursor.gap !== undefined) {
      // What a repair has noted stays to be seen.
      await this.#flush();
      return 0;
    }
    const { appendTime, lastOffset } = readBatchHeader(bytes, baseOffset);
    const builder = this.#builder;
    const tooLarge = builder.sizeBytes + bytes.length > MAX_BATCH_BYTES || builder.isFull;
    if (tooLarge || lastOffset - (this.#sources[0] ?? baseOffset) > MAX_OFFSET_SPAN) await this.#flush();
    this.#sources.push(baseOffset);
    this.#lastOffset = lastOffset;
    this.#appendTime = Math.max(this.#appendTime, appendTime);
    const dropTombstones = appendTime < tombstonesBefore;
    let kept = 0;
    while (cursor.next()) {
      const { keyStart, valueStart, offset, timestamp } = cursor;
      const superseded = keyStart >= 0 && (newest.get(keyOf(cursor)) ?? offset) > offset;
      if (superseded || (keyStart >= 0 && valueStart < 0 && dropTombstones)) {
        this.#dropped++;
        continue;
      }
      kept++;
      const key = keyStart < 0 ? null : bytes.subarray(keyStart, cursor.keyEnd);
      const value = valueStart < 0 ? null : bytes.subarray(valueStart, cursor.valueEnd);
      builder.append(timestamp, key, value, cursor.headers, offset - (this.#sources[0] ?? baseOffset));
    }
    return kept;
  }

  async #flush(): Promise<void> {
    const [first] = this.#sources;
    if (first === undefined) return;
    const sources = this.#sources;
    if (this.#dropped > 0 || sources.length > 1) {
      const batch = Buffer.from(this.#builder.finish(this.#lastOffset - first));
      await this.#target.replace(sources, batch, this.#appendTime);
    }
    this.#builder.reset();
    this.#sources = [];
    this.#appendTime = 0;
    this.#dropped = 0;
  }
}

function keyOf({ bytes, keyStart, keyEnd }: BatchCursor): string {
  return bytes.toString('latin1', keyStart, keyEnd);
}
