import { type Headers, type Log, LogError, type RecordCursor, type TopicPartition } from '@millrace/streams';
import { becomeLeader } from '../../notify/leadership.js';
import { readToEnd } from '../../notify/topics.js';
import { parseRecordId } from '../live/record-ring.js';
import { Problem } from '../problems.js';
import { isInternal, originalOf } from './original.js';
import { REPLAYS_TOPIC, type Replay, replaySchema } from './replays.js';

const WITHIN_MS = 20_000;
const POLL_MS = 500;
/** Of a transaction. */
const MAX_BYTES = 8 * 2 ** 20;
const SENDS_AGAIN = { group: 'millrace-replay', topic: REPLAYS_TOPIC };

/** What became of one of those that were chosen. */
export interface Outcome {
  readonly id: string;
  readonly state: 'replayed' | 'already' | 'refused';
  readonly topic: string | null;
  readonly partition: number | null;
  readonly why: string | null;
}

interface RawRecord {
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

export interface ReplayOptions {
  readonly log: Log;
  /** The only topic that ids may be of. */
  readonly deadLetters: string;
  /** Where nothing may be written to. */
  readonly shut: ReadonlySet<string>;
  readonly by: string;
  readonly signal: AbortSignal;
  /** Told of each when it is in its topic. */
  readonly onReplayed: (replay: Replay) => void;
}

let running: Promise<unknown> = Promise.resolve();

/**
 * Writes dead letters to the topics that they came from, as they were. One process at a time does so, and what it has sent
 * is noted in the same transaction: none is sent twice, whoever asks, and however often.
 *
 * @throws Problem 503 when another process does so, or the log does not answer
 */
export function replay(ids: readonly string[], options: ReplayOptions): Promise<Outcome[]> {
  const turn = running.then(() => replayInTurn(ids, options));
  running = turn.catch(() => {});
  return turn;
}

async function replayInTurn(ids: readonly string[], options: ReplayOptions): Promise<Outcome[]> {
  const { log } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(WITHIN_MS)]);
  await log.ensureTopic(REPLAYS_TOPIC, { partitions: 1, cleanupPolicy: 'compact' });
  const right = await becomeLeader(log, SENDS_AGAIN, signal);
  if (right === undefined) {
    throw new Problem(503, 'replay-busy', 'Another process sends dead letters again now; try later.', {
      retryAfterSeconds: 10,
    });
  }
  try {
    const known = new Map<string, Replay>();
    await readToEnd(log, REPLAYS_TOPIC, ({ key, value }) => {
      const { data } = replaySchema.safeParse(value);
      if (data === undefined) known.delete(key);
      else known.set(key, data);
    });
    const fresh = ids.filter((id) => !known.has(id));
    const records = await rawRecords(fresh, options, signal);
    const outcomes: Outcome[] = [];
    let transaction = right.transaction();
    let waiting: Replay[] = [];
    const commit = async () => {
      await transaction.commit();
      for (const sent of waiting) options.onReplayed(sent);
      waiting = [];
    };
    for (const id of ids) {
      const before = known.get(id);
      if (before !== undefined) {
        const { by, time, topic, partition } = before;
        const why = `${by} has sent it again at ${new Date(time).toISOString()}`;
        outcomes.push({ id, state: 'already', topic, partition, why });
        continue;
      }
      const found = await target(id, records.get(id), options);
      if (typeof found === 'string') {
        outcomes.push({ id, state: 'refused', topic: null, partition: null, why: found });
        continue;
      }
      const { headers, partition, record, topic } = found;
      const noted: Replay = { id, topic, partition, by: options.by, time: Date.now() };
      transaction.append(topic, partition, record.timestamp, record.key, record.value, headers);
      transaction.append(REPLAYS_TOPIC, 0, noted.time, Buffer.from(id), Buffer.from(JSON.stringify(noted)));
      known.set(id, noted);
      outcomes.push({ id, state: 'replayed', topic, partition, why: null });
      waiting.push(noted);
      if (transaction.sizeBytes >= MAX_BYTES) {
        await commit();
        transaction = right.transaction();
      }
    }
    await commit();
    return outcomes;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new Problem(503, 'log-failed', `Not all of them were sent again; ask once more: ${error.message}.`, {
      cause: error,
      retryAfterSeconds: 2,
    });
  } finally {
    await right.release();
  }
}

async function target(id: string, record: RawRecord | undefined, { log, shut }: ReplayOptions) {
  if (record === undefined) return 'it is no longer in the topic of dead letters';
  const original = originalOf(record.headers);
  if (typeof original === 'string') return original;
  const { headers, topic } = original;
  if (shut.has(topic) || isInternal(topic)) return `it came from ${topic}, which is not to be written to from outside`;
  const partitions = await partitionsOf(log, topic);
  if (partitions === undefined) return `the topic ${topic} is no longer there`;
  return { id, topic, record, headers, partition: original.partition % partitions };
}

async function partitionsOf(log: Log, topic: string): Promise<number | undefined> {
  try {
    return await log.partitions(topic);
  } catch (error) {
    // It is no name of a topic.
    if (error instanceof LogError) return undefined;
    throw error;
  }
}

/** The records of ids, as far as they are there, with copies of their bytes. */
async function rawRecords(
  ids: readonly string[],
  { deadLetters, log }: ReplayOptions,
  signal: AbortSignal,
): Promise<Map<string, RawRecord>> {
  const wanted = new Map<number, number[]>();
  for (const id of ids) {
    const at = parseRecordId(id);
    if (at?.topic === deadLetters) wanted.set(at.partition, [...(wanted.get(at.partition) ?? []), at.offset]);
  }
  const records = new Map<string, RawRecord>();
  const partitions = (await log.partitions(deadLetters)) ?? 0;
  for (const [partition, offsets] of wanted) {
    if (partition >= partitions) continue;
    const at = { topic: deadLetters, partition };
    for (const [offset, record] of await recordsAt(log, at, offsets, signal)) {
      records.set(`${deadLetters}/${partition}/${offset}`, record);
    }
  }
  return records;
}

async function recordsAt(
  log: Log,
  at: TopicPartition,
  offsets: readonly number[],
  signal: AbortSignal,
): Promise<Map<number, RawRecord>> {
  const found = new Map<number, RawRecord>();
  const [start, end] = await Promise.all([log.startOffset(at), log.endOffset(at)]);
  const left = [...new Set(offsets)].filter((offset) => offset >= start && offset < end).sort((a, b) => a - b);
  const consumer = log.consumer();
  try {
    for (let next = left[0]; next !== undefined; next = left[0]) {
      consumer.assign(at, next);
      let read = next;
      while (read <= next) {
        if (signal.aborted)
          throw new Problem(503, 'log-slow', 'The log does not answer; try again.', { retryAfterSeconds: 5 });
        for (const cursor of await consumer.poll(POLL_MS)) {
          const wanted = new Set(left);
          while (cursor.next()) if (wanted.has(cursor.offset)) found.set(cursor.offset, copyOf(cursor));
          read = cursor.nextOffset;
        }
      }
      while (left[0] !== undefined && left[0] < read) left.shift();
    }
  } finally {
    await consumer.close();
  }
  return found;
}

function copyOf(cursor: RecordCursor): RawRecord {
  const { headers, keyBytes, keyEnd, keyStart, timestamp, valueBytes, valueEnd, valueStart } = cursor;
  return {
    timestamp,
    key: keyStart < 0 ? null : Buffer.from(keyBytes.subarray(keyStart, keyEnd)),
    value: valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd)),
    headers: headers.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
  };
}
