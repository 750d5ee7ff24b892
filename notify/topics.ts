import type { Log, LogConsumer, RecordCursor, TopicConfig } from '@millrace/streams';

const DELIVERIES_KEPT_MS = 30 * 86_400_000;

/** What alert delivery keeps in the log; each has one partition. */
export const NOTIFY_TOPICS = {
  /** What decides what is told next, and what is on its way. */
  state: 'notify-state',
  /** What was told, and how it went. */
  deliveries: 'notify-deliveries',
  /** Channels, routes, silences and schedules that were edited. */
  config: 'notify-config',
  /** What people say of incidents. */
  actions: 'incident-actions',
} as const;

const COMPACTED: TopicConfig = { partitions: 1, cleanupPolicy: 'compact' };

export async function makeNotifyTopics(log: Log): Promise<void> {
  const { actions, config, deliveries, state } = NOTIFY_TOPICS;
  for (const topic of [state, config, actions]) await log.ensureTopic(topic, COMPACTED);
  await log.ensureTopic(deliveries, { partitions: 1, retentionMs: DELIVERIES_KEPT_MS });
}

/** A record of a topic of JSON values; null deletes its key. */
export interface JsonRecord {
  readonly key: string;
  readonly value: unknown;
}

/** What is no JSON is passed over: nobody here wrote it. */
export function* jsonRecords(cursor: RecordCursor): Generator<JsonRecord> {
  while (cursor.next()) {
    if (cursor.keyStart < 0) continue;
    const key = cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd);
    if (cursor.valueStart < 0) {
      yield { key, value: null };
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd));
    } catch {
      continue;
    }
    yield { key, value };
  }
}

const POLL_MS = 250;

/** Reads a topic of one partition from its start to its present end. @returns where it ended */
export async function readToEnd(log: Log, topic: string, take: (record: JsonRecord) => void): Promise<number> {
  const at = { topic, partition: 0 };
  const end = await log.endOffset(at, { settled: true });
  let next = await log.startOffset(at);
  const consumer: LogConsumer = log.consumer();
  try {
    consumer.assign(at, next);
    while (next < end) {
      for (const cursor of await consumer.poll(POLL_MS)) {
        for (const record of jsonRecords(cursor)) take(record);
        next = cursor.nextOffset;
      }
    }
  } finally {
    await consumer.close();
  }
  return Math.max(next, end);
}
