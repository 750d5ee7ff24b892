import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Headers, Log, LogConsumer, TopicPartition } from '../../../../streams/log/log.js';

export interface LogUnderTest {
  readonly log: Log;
  /** Ends the log, and what was made for it. */
  close(): Promise<void>;
}

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

export async function append(log: Log, topic: string, partition: number, values: readonly string[]): Promise<number> {
  const transaction = log.transaction();
  for (const value of values) transaction.append(topic, partition, 1, null, Buffer.from(value));
  const end = (await transaction.commit()).endOffset(topic, partition);
  if (end === undefined) throw new Error(`nothing was appended to ${topic}`);
  return end;
}

/**
 * What the engine relies on, whatever the log is. Offsets may have gaps (Kafka's transactions take some for
 * themselves), so that nothing here counts by them.
 */
export function describeLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the log's contract`, () => {
    let underTest: LogUnderTest;
    let log: Log;
    const newTopic = async (partitions = 1): Promise<string> => {
      const topic = `contract-${randomUUID()}`;
      await log.ensureTopic(topic, { partitions });
      return topic;
    };
    const readFrom = (topicPartition: TopicPartition, offset: number): LogConsumer => {
      const consumer = log.consumer();
      consumer.assign(topicPartition, offset);
      return consumer;
    };

    beforeAll(async () => {
      underTest = await open();
      log = underTest.log;
    });
    afterAll(() => underTest.close());

    it('knows the topics that were made and their numbers of partitions', async () => {
      const topic = await newTopic(3);
      await log.ensureTopic(topic, { partitions: 3 });
      expect(await log.topics()).toContain(topic);
      expect(await log.partitions(topic)).toBe(3);
      expect(await log.partitions(`${topic}-not`)).toBeUndefined();
    });

    it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
      'knows no topic "%s", which every object has, until it is made',
      async (topic) => {
        expect(await log.partitions(topic)).toBeUndefined();
        const transaction = log.transaction();
        expect(() => transaction.append(topic, 0, 1, null, Buffer.from('x'))).toThrow(/there is no topic/);
        await transaction.abort();
      },
    );

    it('refuses a topic that exists with another number of partitions', async () => {
      const topic = await newTopic(2);
      await expect(log.ensureTopic(topic, { partitions: 3 })).rejects.toMatchObject({ code: 'PARTITION_COUNT' });
    });

    it('refuses to append to a topic or partition that does not exist', async () => {
      const topic = await newTopic(2);
      const transaction = log.transaction();
      expect(() => transaction.append(`${topic}-not`, 0, 1, null, null)).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_TOPIC' }),
      );
      expect(() => transaction.append(topic, 2, 1, null, null)).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_TOPIC' }),
      );
      await transaction.abort();
    });

    it('commits one of two transactions that expect the same end, and writes nothing of the other, or cannot compare', async () => {
      const topic = await newTopic();
      const other = await newTopic();
      const topicPartition = { topic, partition: 0 };
      const end = await append(log, topic, 0, ['before']);
      const [one, two] = [log.transaction(), log.transaction()];
      if (one.expectEnd === undefined || two.expectEnd === undefined) return;
      for (const transaction of [one, two]) {
        transaction.append(other, 0, 1, null, Buffer.from('beside'));
        transaction.append(topic, 0, 1, null, Buffer.from('after'));
        transaction.commitOffset('contract', { topic: other, partition: 0 }, { offset: end, metadata: '' });
      }
      one.expectEnd(topicPartition, end);
      two.expectEnd(topicPartition, end);

      const [first, second] = await Promise.allSettled([one.commit(), two.commit()]);

      expect(first.status).toBe('fulfilled');
      expect(second).toMatchObject({ status: 'rejected', reason: { name: 'LogError', code: 'END_MOVED' } });
      expect(await log.endOffset(topicPartition)).toBe(end + 1);
      expect(await log.endOffset({ topic: other, partition: 0 })).toBe(1);
      const third = log.transaction();
      third.expectEnd?.(topicPartition, end + 1);
      third.append(topic, 0, 1, null, Buffer.from('again'));
      expect((await third.commit()).endOffset(topic, 0)).toBe(end + 2);
    });

    it('commits nothing that requires a session in which it was shut out, and goes on in the next, or has no sessions', async () => {
      const { sessions, transactionalId } = log;
      if (sessions === undefined || transactionalId === undefined) return;
      const topic = await newTopic();
      const appended = (value: string, session: number) => {
        const transaction = log.transaction();
        transaction.append(topic, 0, 1, null, Buffer.from(value));
        transaction.requireSession?.(session);
        return transaction.commit();
      };
      const first = await sessions.current();
      await appended('before', first);
      expect(await sessions.current()).toBe(first);
      await sessions.shutOut(transactionalId);

      await expect(appended('shut out', first)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
      const second = await sessions.current();
      expect(second).not.toBe(first);
      await expect(appended('still', first)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
      await appended('after', second);

      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), 2);
      expect(records.map(({ value }) => value)).toEqual(['before', 'after']);
    });

    it('gives records back as they were appended, in order', async () => {
      const topic = await newTopic();
      const headers = [
        { key: 'a', value: Buffer.from('1') },
        { key: 'a', value: Buffer.alloc(0) },
        { key: 'größe', value: Buffer.from([0, 255]) },
      ];
      const transaction = log.transaction();
      transaction.append(topic, 0, 1_700_000_000_123, Buffer.from('key'), Buffer.from('value'), headers);
      transaction.append(topic, 0, 1_600_000_000_000, null, Buffer.from('no key'));
      transaction.append(topic, 0, 1_700_000_000_125, Buffer.from('no value'), null);
      transaction.append(topic, 0, 1, Buffer.alloc(0), Buffer.alloc(0));
      await transaction.commit();

      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), 4);
      expect(records.map(({ offset, ...record }) => record)).toEqual([
        { partition: 0, timestamp: 1_700_000_000_123, key: 'key', value: 'value', headers },
        { partition: 0, timestamp: 1_600_000_000_000, key: null, value: 'no key', headers: [] },
        { partition: 0, timestamp: 1_700_000_000_125, key: 'no value', value: null, headers: [] },
        { partition: 0, timestamp: 1, key: '', value: '', headers: [] },
      ]);
      const offsets = records.map(({ offset }) => offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    });

    it('copies bytes when they are appended', async () => {
      const topic = await newTopic();
      const reused = Buffer.from('first');
      const transaction = log.transaction();
      transaction.append(topic, 0, 1, reused, reused);
      reused.write('other');
      transaction.append(topic, 0, 1, reused, reused);
      await transaction.commit();
      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), 2);
      expect(records.map(({ key, value }) => [key, value])).toEqual([
        ['first', 'first'],
        ['other', 'other'],
      ]);
    });

    it('shows nothing of a transaction before its commit, and all of it after', async () => {
      const topic = await newTopic(2);
      const transaction = log.transaction();
      transaction.append(topic, 0, 1, null, Buffer.from('a'));
      transaction.append(topic, 1, 1, null, Buffer.from('b'));
      expect(transaction.sizeBytes).toBeGreaterThan(0);
      const consumer = readFrom({ topic, partition: 0 }, 0);
      consumer.assign({ topic, partition: 1 }, 0);
      expect(await consumer.poll(0)).toEqual([]);

      const result = await transaction.commit();
      const records = await readRecords(consumer, 2);
      expect(records.map(({ value }) => value).sort()).toEqual(['a', 'b']);
      for (const partition of [0, 1]) {
        const last = records.find((record) => record.partition === partition);
        expect(result.endOffset(topic, partition)).toBeGreaterThan(last?.offset ?? Number.POSITIVE_INFINITY);
        expect(result.endOffset(topic, partition)).toBeLessThanOrEqual(await log.endOffset({ topic, partition }));
      }
    });

    it('leaves no trace of an aborted transaction', async () => {
      const topic = await newTopic();
      const aborted = log.transaction();
      aborted.append(topic, 0, 1, null, Buffer.from('aborted'));
      aborted.commitOffset(`${topic}-group`, { topic, partition: 0 }, { offset: 1, metadata: '' });
      await aborted.abort();
      await append(log, topic, 0, ['kept']);
      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), 1);
      expect(records.map(({ value }) => value)).toEqual(['kept']);
      expect(await log.committed(`${topic}-group`, { topic, partition: 0 })).toBeUndefined();
    });

    it('says where the transaction ended, only of partitions that it appended to', async () => {
      const topic = await newTopic(2);
      const transaction = log.transaction();
      transaction.append(topic, 1, 1, null, Buffer.from('x'));
      const result = await transaction.commit();
      expect(result.endOffset(topic, 0)).toBeUndefined();
      expect(result.endOffset(topic, 1)).toBeGreaterThanOrEqual(1);
    });

    it('commits offsets with their metadata, for each group and partition apart', async () => {
      const topic = await newTopic(2);
      const first = { topic, partition: 0 };
      const group = `${topic}-group`;
      expect(await log.committed(group, first)).toBeUndefined();

      const transaction = log.transaction();
      transaction.append(topic, 0, 1, null, Buffer.from('x'));
      transaction.commitOffset(group, first, { offset: 1, metadata: '{"streamTime":5} é' });
      await transaction.commit();
      expect(await log.committed(group, first)).toEqual({ offset: 1, metadata: '{"streamTime":5} é' });
      expect(await log.committed(group, { topic, partition: 1 })).toBeUndefined();
      expect(await log.committed(`${group}-other`, first)).toBeUndefined();
    });

    it('commits offsets of a transaction that appends nothing', async () => {
      const topic = await newTopic();
      const transaction = log.transaction();
      transaction.commitOffset(`${topic}-group`, { topic, partition: 0 }, { offset: 7, metadata: '' });
      await transaction.commit();
      expect((await log.committed(`${topic}-group`, { topic, partition: 0 }))?.offset).toBe(7);
    });

    it('applies transactions in the order in which they were committed', async () => {
      const topic = await newTopic();
      const commits = Array.from({ length: 20 }, (_, i) => append(log, topic, 0, [String(i)]));
      const ends = await Promise.all(commits);
      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), 20);
      expect(records.map(({ value }) => Number(value))).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
    });

    it('reads from any offset, also from the middle of what was appended at once', async () => {
      const topic = await newTopic();
      await append(log, topic, 0, ['0', '1', '2', '3', '4']);
      const all = await readRecords(readFrom({ topic, partition: 0 }, 0), 5);
      for (const { offset, value } of all) {
        const rest = await readRecords(readFrom({ topic, partition: 0 }, offset), 5 - Number(value));
        expect(rest.map((record) => record.value)).toEqual(['0', '1', '2', '3', '4'].slice(Number(value)));
      }
    });

    it('goes on where it stopped, and elsewhere when it is assigned again', async () => {
      const topic = await newTopic();
      const consumer = readFrom({ topic, partition: 0 }, 0);
      await append(log, topic, 0, ['a']);
      const [first] = await readRecords(consumer, 1);
      await append(log, topic, 0, ['b']);
      expect((await readRecords(consumer, 1)).map(({ value }) => value)).toEqual(['b']);
      consumer.assign({ topic, partition: 0 }, first?.offset ?? -1);
      expect((await readRecords(consumer, 2)).map(({ value }) => value)).toEqual(['a', 'b']);
    });

    it('gives one batch of each assigned partition at most in one poll', async () => {
      const topic = await newTopic(3);
      for (let round = 0; round < 3; round++) {
        for (let partition = 0; partition < 3; partition++) await append(log, topic, partition, [`${round}`]);
      }
      const consumer = log.consumer();
      for (let partition = 0; partition < 3; partition++) consumer.assign({ topic, partition }, 0);
      let batches = 0;
      const deadline = performance.now() + 10_000;
      while (batches < 9 && performance.now() < deadline) {
        const cursors = await consumer.poll(1_000);
        expect(new Set(cursors.map(({ partition }) => partition)).size).toBe(cursors.length);
        for (const cursor of cursors) while (cursor.next()) batches++;
      }
      expect(batches).toBe(9);
    });

    it('waits for records, and answers as soon as there are some', async () => {
      const topic = await newTopic();
      const consumer = readFrom({ topic, partition: 0 }, 0);
      const startedAt = performance.now();
      const polled = consumer.poll(30_000);
      await append(log, topic, 0, ['x']);
      expect(await polled).toHaveLength(1);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
    });

    it('is not woken by records of partitions that are not assigned', async () => {
      const topic = await newTopic(2);
      const consumer = readFrom({ topic, partition: 0 }, 0);
      const polled = consumer.poll(30_000);
      await append(log, topic, 1, ['other']);
      await append(log, topic, 0, ['mine']);
      const cursors = await polled;
      expect(cursors.map(({ partition }) => partition)).toEqual([0]);
    });

    it('answers with nothing when there is nothing within the time', async () => {
      const topic = await newTopic();
      expect(await readFrom({ topic, partition: 0 }, 0).poll(20)).toEqual([]);
    });

    it('ends a poll that waits when its consumer is closed', async () => {
      const topic = await newTopic();
      const consumer = readFrom({ topic, partition: 0 }, 0);
      const polled = consumer.poll(30_000);
      await consumer.close();
      expect(await polled).toEqual([]);
    });

    it('continues at the start when the records at its position were deleted', async () => {
      const topic = await newTopic();
      for (const value of ['0', '1', '2', '3']) await append(log, topic, 0, [value]);
      const all = await readRecords(readFrom({ topic, partition: 0 }, 0), 4);
      await log.deleteRecords({ topic, partition: 0 }, all[2]?.offset ?? -1);

      const start = await log.startOffset({ topic, partition: 0 });
      expect(start).toBeGreaterThan(all[0]?.offset ?? -1);
      expect(start).toBeLessThanOrEqual(all[2]?.offset ?? -1);
      const kept = all.filter(({ offset }) => offset >= start).map(({ value }) => value);
      const read = await readRecords(readFrom({ topic, partition: 0 }, 0), kept.length);
      expect(read.map(({ value }) => value)).toEqual(kept);
    });

    it('keeps the end offset when all records are deleted', async () => {
      const topic = await newTopic();
      await append(log, topic, 0, ['a', 'b']);
      const end = await log.endOffset({ topic, partition: 0 });
      await log.deleteRecords({ topic, partition: 0 }, end);
      expect(await log.endOffset({ topic, partition: 0 })).toBe(end);
      expect(await log.startOffset({ topic, partition: 0 })).toBe(end);
      expect(await append(log, topic, 0, ['c'])).toBeGreaterThan(end);
      expect((await readRecords(readFrom({ topic, partition: 0 }, 0), 1)).map(({ value }) => value)).toEqual(['c']);
    });

    it('takes a transaction of many records and many bytes whole', async () => {
      const topic = await newTopic();
      const transaction = log.transaction();
      const count = 50_000;
      const padding = Buffer.alloc(100, 0x2e);
      for (let i = 0; i < count; i++) transaction.append(topic, 0, i + 1, Buffer.from(String(i)), padding);
      transaction.append(topic, 0, count + 1, Buffer.from(String(count)), Buffer.alloc(3 * 1024 * 1024));
      await transaction.commit();
      const records = await readRecords(readFrom({ topic, partition: 0 }, 0), count + 1);
      expect(records).toHaveLength(count + 1);
      expect(records.every(({ key, timestamp }, i) => key === String(i) && timestamp === i + 1)).toBe(true);
      expect(records.at(-1)?.value).toHaveLength(3 * 1024 * 1024);
    });
  });
}
