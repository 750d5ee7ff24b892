import type { Log } from '@millrace/streams';
import type { RecordDecoder } from '../../app/results/record-decoder.js';
import { type LiveRecord, liveRecordOf } from '../live/live-record.js';
import type { Span } from '../live/record-ring.js';
import type { Held, Stored } from './stored-lines.js';

/** Records that are read for a search; of more, the last. */
const MAX_RECORDS = 50_000;
const WITHIN_MS = 5_000;
const POLL_MS = 200;

export interface Unstored {
  readonly records: LiveRecord[];
  /** Whether there are more of them than were read. */
  readonly isLimited: boolean;
}

/**
 * Records of a topic that are not in memory, and not stored yet: where many come at once, what is stored ends before
 * what is in memory begins.
 *
 * @param stored by partition, the offset after the last record that is stored
 */
export async function unstoredLines(
  { decoder, log }: { readonly decoder: RecordDecoder; readonly log: Log },
  held: Held,
  stored: Stored,
  signal: AbortSignal,
): Promise<Unstored> {
  const gaps = await gapsOf(log, held, stored);
  const records: LiveRecord[] = [];
  let left = MAX_RECORDS;
  const deadline = performance.now() + WITHIN_MS;
  for (const gap of gaps) {
    const first = Math.max(gap.first, gap.last + 1 - left);
    left -= gap.last + 1 - first;
    for await (const cursor of cursorsOf(log, held.topic, { ...gap, first }, deadline)) {
      signal.throwIfAborted();
      while (cursor.next() && cursor.offset <= gap.last) {
        const decoded = await decoder.decode(cursor);
        const line = liveRecordOf(held.topic, decoded, decoded.value);
        if (line !== undefined) records.push(line);
      }
    }
    if (first > gap.first || performance.now() > deadline) return { records, isLimited: true };
  }
  return { records, isLimited: false };
}

/** The latest of each partition first. */
async function gapsOf(log: Log, { spans, topic }: Held, stored: Stored): Promise<Span[]> {
  const partitions = (await log.partitions(topic)) ?? 0;
  const gaps: Span[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const at = { topic, partition };
    const own = spans.filter((span) => span.partition === partition).sort((one, other) => other.first - one.first);
    let end = own[0] === undefined ? await log.endOffset(at) : own[0].last + 1;
    const from = stored.get(partition) ?? 0;
    if (end <= from) continue;
    const start = Math.max(from, await log.startOffset(at));
    for (const { first, last } of [...own, { first: start, last: start - 1 }]) {
      const after = Math.max(start, last + 1);
      if (after < end) gaps.push({ partition, first: after, last: end - 1 });
      end = Math.min(end, first);
    }
  }
  return gaps;
}

async function* cursorsOf(log: Log, topic: string, { first, last, partition }: Span, deadline: number) {
  const consumer = log.consumer();
  try {
    consumer.assign({ topic, partition }, first);
    for (let next = first; next <= last && performance.now() <= deadline; ) {
      for (const cursor of await consumer.poll(POLL_MS)) {
        next = cursor.nextOffset;
        yield cursor;
      }
    }
  } finally {
    await consumer.close();
  }
}
