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

/** The newest records of a topic, in the order in which they came; the oldest goes when there are too many. */
export class RecordRing {
  readonly #capacity: number;
  #records: LiveRecord[] = [];
  /** Where the oldest is, once the ring is full. */
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#records.length;
  }

  add(record: LiveRecord): void {
    if (this.#records.length < this.#capacity) {
      this.#records.push(record);
      return;
    }
    this.#records[this.#oldest] = record;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** The newest first. */
  *newest(): Generator<LiveRecord> {
    const { length } = this.#records;
    for (let back = 1; back <= length; back++) {
      const record = this.#records[(this.#oldest + length - back) % length];
      if (record !== undefined) yield record;
    }
  }

  /** The newest first, as far as the predicate holds for them. */
  select(keeps: (record: LiveRecord) => boolean): LiveRecord[] {
    const kept: LiveRecord[] = [];
    const { length } = this.#records;
    for (let back = 1; back <= length; back++) {
      const record = this.#records[(this.#oldest + length - back) % length] as LiveRecord;
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
