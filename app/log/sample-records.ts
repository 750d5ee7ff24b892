import type { Log, LogConsumer } from '@millrace/streams';

/** A record as it was written. */
export interface SampledRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer | null;
}

export interface Sample {
  /** Partition by partition, in the order of their offsets. */
  readonly records: readonly SampledRecord[];
  /** The topic has more records. */
  readonly isPart: boolean;
}

export interface SampleOptions {
  /** The first records of each partition, or the last ones. */
  readonly from: 'start' | 'end';
  /** How many records, of all partitions together; fewer where they are large. */
  readonly most: number;
  readonly signal: AbortSignal;
}

const MAX_BYTES = 64 * 1024 * 1024;
const POLL_MS = 100;
/** Where offsets without records are among the last ones, so many times as many are looked through next. */
const WIDER = 4;

interface Range {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

interface Bound {
  readonly records: number;
  readonly bytes: number;
}

/** Reads some of a topic's records, of each partition its share. @throws LogError */
export async function sampleRecords(log: Log, topic: string, options: SampleOptions): Promise<Sample> {
  const { from, most, signal } = options;
  const ranges = await rangesOf(log, topic);
  const consumer = log.consumer();
  const records: SampledRecord[] = [];
  let isPart = false;
  try {
    for (const [range, share] of sharesOf(ranges, most)) {
      const bound = { records: share, bytes: Math.ceil((MAX_BYTES * share) / most) };
      const reader = new PartitionReader(consumer, topic, range, signal);
      const sample = await (from === 'start' ? reader.first(bound) : reader.last(bound));
      records.push(...sample.records);
      isPart ||= sample.isPart;
    }
  } finally {
    await consumer.close();
  }
  return { records, isPart };
}

async function rangesOf(log: Log, topic: string): Promise<Range[]> {
  const partitions = (await log.partitions(topic)) ?? 0;
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => ({
      partition,
      start: await log.startOffset({ topic, partition }),
      end: await log.endOffset({ topic, partition }),
    })),
  );
}

/** What small partitions do not need, large ones have. */
function sharesOf(ranges: readonly Range[], most: number): (readonly [range: Range, share: number])[] {
  const filled = ranges.filter(({ end, start }) => end > start);
  const shares = new Map<Range, number>();
  let left = most;
  for (const [index, range] of filled.toSorted((a, b) => a.end - a.start - (b.end - b.start)).entries()) {
    const share = Math.min(range.end - range.start, Math.ceil(left / (filled.length - index)));
    shares.set(range, share);
    left -= share;
  }
  return filled.map((range) => [range, shares.get(range) ?? 0]);
}

class PartitionReader {
  readonly #consumer: LogConsumer;
  readonly #topic: string;
  readonly #range: Range;
  readonly #signal: AbortSignal;

  constructor(consumer: LogConsumer, topic: string, range: Range, signal: AbortSignal) {
    this.#consumer = consumer;
    this.#topic = topic;
    this.#range = range;
    this.#signal = signal;
  }

  async first(bound: Bound): Promise<Sample> {
    const records: SampledRecord[] = [];
    let bytes = 0;
    for await (const record of this.#records(this.#range.start)) {
      if (records.length >= bound.records || bytes >= bound.bytes) return { records, isPart: true };
      records.push(record);
      bytes += record.value?.length ?? 0;
    }
    return { records, isPart: false };
  }

  async last(bound: Bound): Promise<Sample> {
    const { end, start } = this.#range;
    for (let span = bound.records; ; span *= WIDER) {
      const from = Math.max(start, end - span);
      const records: SampledRecord[] = [];
      let bytes = 0;
      let dropped = 0;
      for await (const record of this.#records(from)) {
        records.push(record);
        bytes += record.value?.length ?? 0;
        while (records.length > bound.records || (bytes > bound.bytes && records.length > 1)) {
          bytes -= records.shift()?.value?.length ?? 0;
          dropped++;
        }
      }
      const isFull = records.length >= bound.records || dropped > 0;
      if (isFull || from === start || this.#signal.aborted) return { records, isPart: from > start || dropped > 0 };
    }
  }

  /** Up to the end that it had at first. */
  async *#records(from: number): AsyncGenerator<SampledRecord> {
    const { end, partition } = this.#range;
    const topic = this.#topic;
    this.#consumer.assign({ topic, partition }, from);
    this.#consumer.resume({ topic, partition });
    try {
      for (let next = from; next < end && !this.#signal.aborted; ) {
        for (const cursor of await this.#consumer.poll(POLL_MS)) {
          if (cursor.partition !== partition) continue;
          while (cursor.next() && cursor.offset < end) {
            const { offset, valueBytes, valueEnd, valueStart } = cursor;
            const value = valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd));
            yield { partition, offset, value };
          }
          next = cursor.nextOffset;
        }
      }
    } finally {
      this.#consumer.pause({ topic, partition });
    }
  }
}
