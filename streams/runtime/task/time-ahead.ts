import type { Headers, RecordCursor } from '../../log/log.js';
import { TimestampError } from '../../topology/timestamp.js';

/** How many records after one that is far ahead are asked whether it is. */
const WITNESSES = 8;

/** Keeps records whose times are far ahead of all around them from making everything else late. */
export class TimeAhead {
  /** Times up to this one are not ahead of the wall clock. */
  #limit = Number.NEGATIVE_INFINITY;

  /** @param maxAheadMs may be Infinity */
  constructor(
    readonly maxAheadMs: number,
    readonly now: () => number,
  ) {}

  /** Whether the partition's next records are to be asked. @throws TimestampError TIME_AHEAD of the wall clock */
  isDoubtful(timestamp: number, partitionTime: number): boolean {
    if (timestamp > this.#limit) {
      this.#limit = this.now() + this.maxAheadMs;
      if (timestamp > this.#limit) throw ahead(timestamp, 'of the clock', this.maxAheadMs);
    }
    return timestamp > partitionTime + this.maxAheadMs;
  }

  /** The last time that is not doubtful, at this time of the partition or a later one, as far as the clock was read. */
  believedUntil(partitionTime: number): number {
    return Math.min(this.#limit, partitionTime + this.maxAheadMs);
  }

  /**
   * A record that is ahead of its partition is believed when it is not ahead of most of what follows it as well: then time
   * has passed, as over a weekend.
   *
   * @throws TimestampError TIME_AHEAD
   */
  judge(timestamp: number, following: readonly number[]): void {
    const behind = following.filter((time) => time < timestamp - this.maxAheadMs).length;
    if (behind > following.length / 2) throw ahead(timestamp, 'of the records around it', this.maxAheadMs);
  }
}

function ahead(timestamp: number, of: string, maxAheadMs: number): TimestampError {
  return new TimestampError(
    'TIME_AHEAD',
    `its time, ${new Date(timestamp).toISOString()}, is more than ${maxAheadMs / 1000} s ahead ${of} (maxTimeAhead)`,
  );
}

/** A copy of a cursor's record, and a cursor of that one. */
class HeldRecord implements RecordCursor {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly keyBytes: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly headers: Headers;
  nextOffset: number;
  #isRead = false;

  constructor(cursor: RecordCursor) {
    const { keyEnd, keyStart, valueEnd, valueStart } = cursor;
    this.topic = cursor.topic;
    this.partition = cursor.partition;
    this.offset = cursor.offset;
    this.timestamp = cursor.timestamp;
    this.headers = cursor.headers;
    this.keyBytes = Buffer.from(cursor.keyBytes.subarray(Math.max(0, keyStart), Math.max(0, keyEnd)));
    this.keyStart = Math.min(0, keyStart);
    this.keyEnd = this.keyBytes.length;
    this.valueBytes = Buffer.from(cursor.valueBytes.subarray(Math.max(0, valueStart), Math.max(0, valueEnd)));
    this.valueStart = Math.min(0, valueStart);
    this.valueEnd = this.valueBytes.length;
    this.nextOffset = cursor instanceof HeldRecord ? cursor.nextOffset : cursor.offset + 1;
  }

  next(): boolean {
    const isFirst = !this.#isRead;
    this.#isRead = true;
    return isFirst;
  }
}

/**
 * Looks at the records after the one that the first cursor stands at. Afterwards the first cursor is before it, and all are
 * still to be read.
 *
 * @param timeOf a record's time; undefined when it has none
 * @returns the times of those that follow, and whether that is as many as are asked for
 */
export function lookAhead(
  cursors: RecordCursor[],
  timeOf: (cursor: RecordCursor) => number | undefined,
): { readonly following: readonly number[]; readonly isFull: boolean } {
  const following: number[] = [];
  const held: HeldRecord[] = [];
  try {
    for (let cursor = cursors[0]; cursor !== undefined && following.length < WITNESSES; cursor = cursors[0]) {
      if (held.length > 0 && !cursor.next()) {
        // Behind its last record there may be what is no record.
        const last = held.at(-1);
        if (last !== undefined) last.nextOffset = Math.max(last.nextOffset, cursor.nextOffset);
        cursors.shift();
        continue;
      }
      held.push(new HeldRecord(cursor));
      if (held.length === 1) continue;
      const time = timeOf(cursor);
      if (time !== undefined) following.push(time);
    }
  } finally {
    cursors.unshift(...held);
  }
  return { following, isFull: following.length >= WITNESSES };
}
