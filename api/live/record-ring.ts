import type { LiveRecord } from './live-record.js';

/** Of a topic; a record's value in memory takes a few times what it takes in the topic. */
const MAX_BYTES = 32 * 2 ** 20;
const COMPACT_AFTER = 4_096;

/** Offsets of a partition, both included. */
export interface Span {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The newest records of a topic, in the order in which they came; the oldest go when there are too many, or too large ones. */
export class RecordRing {
  readonly #capacity: number;
  readonly #mostBytes: number;
  #records: LiveRecord[] = [];
  #sizes: number[] = [];
  #oldest = 0;
  #bytes = 0;
  /** By partition, in the order of offsets. */
  readonly #spans = new Map<number, { readonly partition: number; first: number; last: number }[]>();
  #isWhole: boolean | undefined;
  #latestGone = Number.NEGATIVE_INFINITY;

  constructor(capacity: number, mostBytes: number = MAX_BYTES) {
    this.#capacity = capacity;
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#records.length - this.#oldest;
  }

  /** Of each partition the records that are in memory, all of a span; what lies between was passed over. */
  get spans(): Span[] {
    return [...this.#spans.values()].flatMap((spans) =>
      spans.filter(({ first, last }) => first <= last).map((span) => ({ ...span })),
    );
  }

  /**
   * Time of the newest record that is not in memory any more; infinite where some were never there, so that nobody knows
   * when they were.
   */
  get latestGone(): number {
    return this.#isWhole === true ? this.#latestGone : Number.POSITIVE_INFINITY;
  }

  /** A partition is read from this offset on: what came before is not in memory, or ends there. */
  begin(partition: number, offset: number): void {
    const before = this.#spans.get(partition);
    this.#isWhole = this.#isWhole !== false && offset === 0 && before === undefined;
    const spans = (before ?? []).filter(({ first, last }) => first <= last);
    spans.push({ partition, first: offset, last: offset - 1 });
    this.#spans.set(partition, spans);
  }

  /** @param bytes how large it is in the topic */
  add(record: LiveRecord, bytes: number): void {
    if (!this.#spans.has(record.partition)) this.begin(record.partition, record.offset);
    const newest = this.#spans.get(record.partition)?.at(-1);
    if (newest !== undefined) newest.last = record.offset;
    this.#records.push(record);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    while (this.size > this.#capacity || (this.#bytes > this.#mostBytes && this.size > 1)) {
      this.#bytes -= this.#sizes[this.#oldest] ?? 0;
      const gone = this.#records[this.#oldest++];
      if (gone !== undefined) this.#leave(gone);
    }
    if (this.#oldest > COMPACT_AFTER) {
      this.#records = this.#records.slice(this.#oldest);
      this.#sizes = this.#sizes.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  #leave({ offset, partition, time }: LiveRecord): void {
    if (time > this.#latestGone) this.#latestGone = time;
    const spans = this.#spans.get(partition) ?? [];
    for (let [eldest] = spans; eldest !== undefined; [eldest] = spans) {
      if (offset <= eldest.last) eldest.first = offset + 1;
      // The last one says where the next record follows.
      if (eldest.first <= eldest.last || spans.length === 1) return;
      spans.shift();
    }
  }

  /** The newest first. */
  *newest(): Generator<LiveRecord> {
    // What comes meanwhile is not seen, and what goes does no harm.
    const records = this.#records;
    const oldest = this.#oldest;
    for (let index = records.length - 1; index >= oldest; index--) yield records[index] as LiveRecord;
  }

  /** Those that the predicate holds for, the newest first. */
  select(keeps: (record: LiveRecord) => boolean): LiveRecord[] {
    const kept: LiveRecord[] = [];
    for (let index = this.#records.length - 1; index >= this.#oldest; index--) {
      const record = this.#records[index] as LiveRecord;
      if (keeps(record)) kept.push(record);
    }
    return kept;
  }
}

/** Names a record in all topics. */
export function recordId({ offset, partition, topic }: Pick<LiveRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}/${partition}/${offset}`;
}

/** @returns undefined for what is no record's name */
export function parseRecordId(
  id: string,
): { readonly topic: string; readonly partition: number; readonly offset: number } | undefined {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d{1,6})\/(\d{1,16})$/.exec(id) ?? [];
  if (topic === undefined) return undefined;
  return { topic, partition: Number(partition), offset: Number(offset) };
}
