import { deepEqual, equal, notEqual, ok, rejects, throws } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Log, type LogConsumer, LogError, type TopicPartition } from '../log/log.js';
import { append, readRecords } from './log-records.js';

/** One thing that a log must do. */
export interface LogCase {
  /** A sentence, without its subject: the log. */
  readonly name: string;
  /** Makes topics of its own, so that cases can share a log. @throws AssertionError when the log does not do it */
  run(log: Log): Promise<void>;
}

/**
 * What the engine relies on, whatever the log is: an adapter that passes every case is one. It belongs to no test runner.
 * Offsets may have gaps (Kafka's transactions take some for themselves), so that nothing here counts by them.
 *
 * @example
 * for (const { name, run } of logContract()) test(name, () => run(log));
 */
export function logContract(): readonly LogCase[] {
  return Object.entries(CASES).map(([name, run]) => ({ name, run }));
}

async function newTopic(log: Log, partitions = 1): Promise<string> {
  const topic = `contract-${randomUUID()}`;
  await log.ensureTopic(topic, { partitions });
  return topic;
}

function readFrom(log: Log, topicPartition: TopicPartition, offset: number): LogConsumer {
  const consumer = log.consumer();
  consumer.assign(topicPartition, offset);
  return consumer;
}

const CASES: Readonly<Record<string, (log: Log) => Promise<void>>> = {
  'knows the topics that were made and their numbers of partitions': async (log) => {
    const topic = await newTopic(log, 3);
    await log.ensureTopic(topic, { partitions: 3 });
    ok((await log.topics()).includes(topic));
    equal(await log.partitions(topic), 3);
    equal(await log.partitions(`${topic}-not`), undefined);
  },

  'knows no topic that every object has, such as "constructor", until it is made': async (log) => {
    for (const topic of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      equal(await log.partitions(topic), undefined);
      const transaction = log.transaction();
      throws(() => transaction.append(topic, 0, 1, null, Buffer.from('x')), /there is no topic/);
      await transaction.abort();
    }
  },

  'refuses a topic that exists with another number of partitions': async (log) => {
    const topic = await newTopic(log, 2);
    await rejects(log.ensureTopic(topic, { partitions: 3 }), { code: 'PARTITION_COUNT' });
  },

  'refuses to append to a topic or partition that does not exist': async (log) => {
    const topic = await newTopic(log, 2);
    const transaction = log.transaction();
    throws(() => transaction.append(`${topic}-not`, 0, 1, null, null), { code: 'UNKNOWN_TOPIC' });
    throws(() => transaction.append(topic, 2, 1, null, null), { code: 'UNKNOWN_TOPIC' });
    await transaction.abort();
  },

  'commits one of two transactions that expect the same end, and writes nothing of the other, or cannot compare':
    async (log) => {
      const topic = await newTopic(log);
      const other = await newTopic(log);
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

      equal(first.status, 'fulfilled');
      equal(second.status, 'rejected');
      ok(second.reason instanceof LogError && second.reason.code === 'END_MOVED');
      equal(await log.endOffset(topicPartition), end + 1);
      equal(await log.endOffset({ topic: other, partition: 0 }), 1);
      const third = log.transaction();
      third.expectEnd?.(topicPartition, end + 1);
      third.append(topic, 0, 1, null, Buffer.from('again'));
      equal((await third.commit()).endOffset(topic, 0), end + 2);
    },

  'commits nothing that requires a session in which it was shut out, and goes on in the next, or has no sessions':
    async (log) => {
      const { sessions, transactionalId } = log;
      if (sessions === undefined || transactionalId === undefined) return;
      const topic = await newTopic(log);
      const appended = (value: string, session: number) => {
        const transaction = log.transaction();
        transaction.append(topic, 0, 1, null, Buffer.from(value));
        transaction.requireSession?.(session);
        return transaction.commit();
      };
      const first = await sessions.current();
      await appended('before', first);
      equal(await sessions.current(), first);
      await sessions.shutOut(transactionalId);

      await rejects(appended('shut out', first), { code: 'TRANSACTION_ABORTED' });
      const second = await sessions.current();
      notEqual(second, first);
      await rejects(appended('still', first), { code: 'TRANSACTION_ABORTED' });
      await appended('after', second);

      const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 2);
      deepEqual(
        records.map(({ value }) => value),
        ['before', 'after'],
      );
    },

  'appends what is told beside the work, or has no transaction wait for another': async (log) => {
    const topic = await newTopic(log);
    const notice = log.notice?.();
    if (notice === undefined) return;
    const open = log.transaction();
    open.append(topic, 0, 1, null, Buffer.from('open'));
    notice.append(topic, 0, 2, Buffer.from('who'), Buffer.from('told'));

    const end = (await notice.commit()).endOffset(topic, 0);
    await open.abort();

    equal(end, await log.endOffset({ topic, partition: 0 }));
    const [record] = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 1);
    deepEqual([record?.key, record?.value], ['who', 'told']);
  },

  'gives records back as they were appended, in order': async (log) => {
    const topic = await newTopic(log);
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

    const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 4);
    deepEqual(
      records.map(({ offset, ...record }) => record),
      [
        { partition: 0, timestamp: 1_700_000_000_123, key: 'key', value: 'value', headers },
        { partition: 0, timestamp: 1_600_000_000_000, key: null, value: 'no key', headers: [] },
        { partition: 0, timestamp: 1_700_000_000_125, key: 'no value', value: null, headers: [] },
        { partition: 0, timestamp: 1, key: '', value: '', headers: [] },
      ],
    );
    const offsets = records.map(({ offset }) => offset);
    deepEqual(
      offsets,
      [...new Set(offsets)].sort((a, b) => a - b),
    );
  },

  'copies bytes when they are appended': async (log) => {
    const topic = await newTopic(log);
    const reused = Buffer.from('first');
    const transaction = log.transaction();
    transaction.append(topic, 0, 1, reused, reused);
    reused.write('other');
    transaction.append(topic, 0, 1, reused, reused);
    await transaction.commit();
    const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 2);
    deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        ['first', 'first'],
        ['other', 'other'],
      ],
    );
  },

  'shows nothing of a transaction before its commit, and all of it after': async (log) => {
    const topic = await newTopic(log, 2);
    const transaction = log.transaction();
    transaction.append(topic, 0, 1, null, Buffer.from('a'));
    transaction.append(topic, 1, 1, null, Buffer.from('b'));
    ok(transaction.sizeBytes > 0);
    const consumer = readFrom(log, { topic, partition: 0 }, 0);
    consumer.assign({ topic, partition: 1 }, 0);
    deepEqual(await consumer.poll(0), []);

    const result = await transaction.commit();
    const records = await readRecords(consumer, 2);
    deepEqual(records.map(({ value }) => value).sort(), ['a', 'b']);
    for (const partition of [0, 1]) {
      const last = records.find((record) => record.partition === partition);
      ok((result.endOffset(topic, partition) ?? Number.NaN) > (last?.offset ?? Number.POSITIVE_INFINITY));
      ok((result.endOffset(topic, partition) ?? Number.NaN) <= (await log.endOffset({ topic, partition })));
    }
  },

  'leaves no trace of an aborted transaction': async (log) => {
    const topic = await newTopic(log);
    const aborted = log.transaction();
    aborted.append(topic, 0, 1, null, Buffer.from('aborted'));
    aborted.commitOffset(`${topic}-group`, { topic, partition: 0 }, { offset: 1, metadata: '' });
    await aborted.abort();
    await append(log, topic, 0, ['kept']);
    const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 1);
    deepEqual(
      records.map(({ value }) => value),
      ['kept'],
    );
    equal(await log.committed(`${topic}-group`, { topic, partition: 0 }), undefined);
  },

  'says where the transaction ended, only of partitions that it appended to': async (log) => {
    const topic = await newTopic(log, 2);
    const transaction = log.transaction();
    transaction.append(topic, 1, 1, null, Buffer.from('x'));
    const result = await transaction.commit();
    equal(result.endOffset(topic, 0), undefined);
    ok((result.endOffset(topic, 1) ?? Number.NaN) >= 1);
  },

  'commits offsets with their metadata, for each group and partition apart': async (log) => {
    const topic = await newTopic(log, 2);
    const first = { topic, partition: 0 };
    const group = `${topic}-group`;
    equal(await log.committed(group, first), undefined);

    const transaction = log.transaction();
    transaction.append(topic, 0, 1, null, Buffer.from('x'));
    transaction.commitOffset(group, first, { offset: 1, metadata: '{"streamTime":5} é' });
    await transaction.commit();
    deepEqual(await log.committed(group, first), { offset: 1, metadata: '{"streamTime":5} é' });
    equal(await log.committed(group, { topic, partition: 1 }), undefined);
    equal(await log.committed(`${group}-other`, first), undefined);
  },

  'commits offsets of a transaction that appends nothing': async (log) => {
    const topic = await newTopic(log);
    const transaction = log.transaction();
    transaction.commitOffset(`${topic}-group`, { topic, partition: 0 }, { offset: 7, metadata: '' });
    await transaction.commit();
    equal((await log.committed(`${topic}-group`, { topic, partition: 0 }))?.offset, 7);
  },

  'applies transactions in the order in which they were committed': async (log) => {
    const topic = await newTopic(log);
    const commits = Array.from({ length: 20 }, (_, i) => append(log, topic, 0, [String(i)]));
    const ends = await Promise.all(commits);
    const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 20);
    deepEqual(
      records.map(({ value }) => Number(value)),
      Array.from({ length: 20 }, (_, i) => i),
    );
    deepEqual(
      ends,
      [...ends].sort((a, b) => a - b),
    );
  },

  'reads from any offset, also from the middle of what was appended at once': async (log) => {
    const topic = await newTopic(log);
    await append(log, topic, 0, ['0', '1', '2', '3', '4']);
    const all = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 5);
    for (const { offset, value } of all) {
      const rest = await readRecords(readFrom(log, { topic, partition: 0 }, offset), 5 - Number(value));
      deepEqual(
        rest.map((record) => record.value),
        ['0', '1', '2', '3', '4'].slice(Number(value)),
      );
    }
  },

  'goes on where it stopped, and elsewhere when it is assigned again': async (log) => {
    const topic = await newTopic(log);
    const consumer = readFrom(log, { topic, partition: 0 }, 0);
    await append(log, topic, 0, ['a']);
    const [first] = await readRecords(consumer, 1);
    await append(log, topic, 0, ['b']);
    deepEqual(
      (await readRecords(consumer, 1)).map(({ value }) => value),
      ['b'],
    );
    consumer.assign({ topic, partition: 0 }, first?.offset ?? -1);
    deepEqual(
      (await readRecords(consumer, 2)).map(({ value }) => value),
      ['a', 'b'],
    );
  },

  'gives one batch of each assigned partition at most in one poll': async (log) => {
    const topic = await newTopic(log, 3);
    for (let round = 0; round < 3; round++) {
      for (let partition = 0; partition < 3; partition++) await append(log, topic, partition, [`${round}`]);
    }
    const consumer = log.consumer();
    for (let partition = 0; partition < 3; partition++) consumer.assign({ topic, partition }, 0);
    let batches = 0;
    const deadline = performance.now() + 10_000;
    while (batches < 9 && performance.now() < deadline) {
      const cursors = await consumer.poll(1_000);
      equal(new Set(cursors.map(({ partition }) => partition)).size, cursors.length);
      for (const cursor of cursors) while (cursor.next()) batches++;
    }
    equal(batches, 9);
  },

  'waits for records, and answers as soon as there are some': async (log) => {
    const topic = await newTopic(log);
    const consumer = readFrom(log, { topic, partition: 0 }, 0);
    const startedAt = performance.now();
    const polled = consumer.poll(30_000);
    await append(log, topic, 0, ['x']);
    equal((await polled).length, 1);
    ok(performance.now() - startedAt < 15_000);
  },

  'is not woken by records of partitions that are not assigned': async (log) => {
    const topic = await newTopic(log, 2);
    const consumer = readFrom(log, { topic, partition: 0 }, 0);
    const polled = consumer.poll(30_000);
    await append(log, topic, 1, ['other']);
    await append(log, topic, 0, ['mine']);
    const cursors = await polled;
    deepEqual(
      cursors.map(({ partition }) => partition),
      [0],
    );
  },

  'answers with nothing when there is nothing within the time': async (log) => {
    const topic = await newTopic(log);
    deepEqual(await readFrom(log, { topic, partition: 0 }, 0).poll(20), []);
  },

  'ends a poll that waits when its consumer is closed': async (log) => {
    const topic = await newTopic(log);
    const consumer = readFrom(log, { topic, partition: 0 }, 0);
    const polled = consumer.poll(30_000);
    await consumer.close();
    deepEqual(await polled, []);
  },

  'continues at the start when the records at its position were deleted': async (log) => {
    const topic = await newTopic(log);
    for (const value of ['0', '1', '2', '3']) await append(log, topic, 0, [value]);
    const all = await readRecords(readFrom(log, { topic, partition: 0 }, 0), 4);
    await log.deleteRecords({ topic, partition: 0 }, all[2]?.offset ?? -1);

    const start = await log.startOffset({ topic, partition: 0 });
    ok(start > (all[0]?.offset ?? -1));
    ok(start <= (all[2]?.offset ?? -1));
    const kept = all.filter(({ offset }) => offset >= start).map(({ value }) => value);
    const read = await readRecords(readFrom(log, { topic, partition: 0 }, 0), kept.length);
    deepEqual(
      read.map(({ value }) => value),
      kept,
    );
  },

  'keeps the end offset when all records are deleted': async (log) => {
    const topic = await newTopic(log);
    await append(log, topic, 0, ['a', 'b']);
    const end = await log.endOffset({ topic, partition: 0 });
    await log.deleteRecords({ topic, partition: 0 }, end);
    equal(await log.endOffset({ topic, partition: 0 }), end);
    equal(await log.startOffset({ topic, partition: 0 }), end);
    ok((await append(log, topic, 0, ['c'])) > end);
    deepEqual(
      (await readRecords(readFrom(log, { topic, partition: 0 }, 0), 1)).map(({ value }) => value),
      ['c'],
    );
  },

  'takes a transaction of many records and many bytes whole': async (log) => {
    const topic = await newTopic(log);
    const transaction = log.transaction();
    const count = 50_000;
    const padding = Buffer.alloc(100, 0x2e);
    for (let i = 0; i < count; i++) transaction.append(topic, 0, i + 1, Buffer.from(String(i)), padding);
    transaction.append(topic, 0, count + 1, Buffer.from(String(count)), Buffer.alloc(3 * 1024 * 1024));
    await transaction.commit();
    const records = await readRecords(readFrom(log, { topic, partition: 0 }, 0), count + 1);
    equal(records.length, count + 1);
    equal(
      records.every(({ key, timestamp }, i) => key === String(i) && timestamp === i + 1),
      true,
    );
    equal(records.at(-1)?.value?.length, 3 * 1024 * 1024);
  },
};
