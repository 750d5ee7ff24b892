/** A record of a topic, decoded. */
export interface LiveRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Of the event, in milliseconds since the epoch. */
  readonly time: number;
  readonly key: string | null;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Of a topic; a record's value in memory takes a few times what it takes in the topic. */
const MAX_BYTES = 32 * 2 ** 20;
const COMPACT_AFTER = 4_096;

/** The newest records of a topic, in the order in which they came; the oldest go when there are too many, or too large ones. */
export class RecordRing {
  readonly #capacity: number;
  readonly #mostBytes: number;
  #records: LiveRecord[] = [];
  #sizes: number[] = [];
  #oldest = 0;
  #bytes = 0;

  constructor(capacity: number, mostBytes: number = MAX_BYTES) {
    this.#capacity = capacity;
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#records.length - this.#oldest;
  }

  /** @param bytes how large it is in the topic */
  add(record: LiveRecord, bytes: number): void {
    this.#records.push(record);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    while (this.size > this.#capacity || (this.#bytes > this.#mostBytes && this.size > 1)) {
      this.#bytes -= this.#sizes[this.#oldest] ?? 0;
      this.#oldest++;
    }
    if (this.#oldest > COMPACT_AFTER) {
      this.#records = this.#records.slice(this.#oldest);
      this.#sizes = this.#sizes.slice(this.#oldest);
      this.#oldest = 0;
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
