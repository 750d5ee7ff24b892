import type { Headers, Log, LogConsumer } from '../log/log.js';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Headers;
}

/** Polls until there are so many records, or for ten seconds. */
export async function readRecords(consumer: LogConsumer, count: number): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const deadline = performance.now() + 10_000;
  while (records.length < count && performance.now() < deadline) {
    for (const cursor of await consumer.poll(1_000)) {
      while (cursor.next()) {
        const { partition, offset, timestamp, keyBytes, valueBytes, keyStart, keyEnd, valueStart, valueEnd, headers } =
          cursor;
        const key = keyStart < 0 ? null : keyBytes.toString('utf8', keyStart, keyEnd);
        const value = valueStart < 0 ? null : valueBytes.toString('utf8', valueStart, valueEnd);
        records.push({ partition, offset, timestamp, key, value, headers });
      }
    }
  }
  return records;
}

/** Appends records that have no keys, in one transaction. @returns where the partition ends behind them */
export async function append(log: Log, topic: string, partition: number, values: readonly string[]): Promise<number> {
  const transaction = log.transaction();
  for (const value of values) transaction.append(topic, partition, 1, null, Buffer.from(value));
  const end = (await transaction.commit()).endOffset(topic, partition);
  if (end === undefined) throw new Error(`nothing was appended to ${topic}`);
  return end;
}
