import kafka, { KafkaJS, type LibrdKafkaError, type Producer } from '@confluentinc/kafka-javascript';
import type { TopicPartition } from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);

const RECORDS = 2000;
/** The broker takes records of the past and the future, and keeps them. */
const ANY_TIME = { 'retention.ms': '-1', 'message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER) };
const DAY_MS = 86_400_000;

function call(invoke: (done: (error: LibrdKafkaError | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    invoke((error) => (error ? reject(new Error(error.message)) : resolve()));
  });
}

/** Apart by more than 32 bits of milliseconds, back and forth. */
const timeOf = (index: number) => 1_700_000_000_000 + (index % 2 === 0 ? 1 : -1) * index * DAY_MS;

describe.skipIf(reason)('records of other producers', () => {
  let services: Services;
  let log: KafkaLog;

  beforeAll(async () => {
    services = await startServices(['kafka']);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
  }, 60_000);
  afterAll(async () => {
    await log?.close();
    await services?.close();
  }, 30_000);

  async function withProducer(settings: Record<string, unknown>, work: (producer: Producer) => Promise<void>) {
    const producer = new kafka.Producer({ 'bootstrap.servers': services.addresses.brokers, ...settings });
    await call((done) => producer.connect({}, done));
    try {
      await work(producer);
    } finally {
      await call((done) => producer.disconnect(done));
    }
  }

  async function createTopic(topic: string, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const configEntries = Object.entries({ ...ANY_TIME, ...config }).map(([name, value]) => ({ name, value }));
    const brokers = [services.addresses.brokers];
    const admin = new KafkaJS.Kafka({ kafkaJS: { brokers, logLevel: KafkaJS.logLevel.NOTHING } }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
    await admin.disconnect();
  }

  async function read(topic: string, from = 0): Promise<{ value: string; timestamp: number; offset: number }[]> {
    const topicPartition: TopicPartition = { topic, partition: 0 };
    await log.topics();
    const end = await log.endOffset(topicPartition, { settled: true });
    const consumer = log.consumer();
    consumer.assign(topicPartition, from);
    const records: { value: string; timestamp: number; offset: number }[] = [];
    for (let at = from; at < end; ) {
      for (const cursor of await consumer.poll(1000)) {
        while (cursor.next()) {
          const { offset, timestamp, valueBytes, valueEnd, valueStart } = cursor;
          records.push({ offset, timestamp, value: valueBytes.toString('utf8', valueStart, valueEnd) });
        }
        at = cursor.nextOffset;
      }
    }
    await consumer.close();
    return records;
  }

  const written = (name: string) =>
    Array.from({ length: RECORDS }, (_, index) => ({
      offset: index,
      timestamp: timeOf(index),
      value: `${name} ${index}`,
    }));

  function produceAll(producer: Producer, topic: string): void {
    for (const { timestamp, value } of written(topic)) producer.produce(topic, 0, Buffer.from(value), null, timestamp);
  }

  it.each(['gzip', 'snappy', 'lz4'])('are read when the producer has compressed them with %s', async (codec) => {
    const topic = `produced-with-${codec}`;
    await createTopic(topic);
    await withProducer({ 'compression.codec': codec, 'linger.ms': 20 }, async (producer) => {
      produceAll(producer, topic);
      await call((done) => producer.flush(10_000, done));
    });
    expect(await read(topic)).toEqual(written(topic));
    expect(await read(topic, RECORDS / 2 + 1)).toEqual(written(topic).slice(RECORDS / 2 + 1));
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('are read when the broker has compressed them with %s', async (codec) => {
    const topic = `stored-with-${codec}`;
    await createTopic(topic, { 'compression.type': codec });
    await withProducer({ 'linger.ms': 20 }, async (producer) => {
      produceAll(producer, topic);
      await call((done) => producer.flush(10_000, done));
    });
    expect(await read(topic)).toEqual(written(topic));
  });

  it('are not read when their transaction was aborted', async () => {
    const topic = 'with-aborted-transactions';
    await createTopic(topic);
    await withProducer({ 'transactional.id': 'aborts' }, async (producer) => {
      await call((done) => producer.initTransactions(10_000, done));
      for (const outcome of ['commit', 'abort', 'abort', 'commit', 'abort', 'commit'] as const) {
        await call((done) => producer.beginTransaction(done));
        for (const value of ['one', 'two']) producer.produce(topic, 0, Buffer.from(`${outcome} ${value}`));
        await call((done) => producer.flush(10_000, done));
        await call((done) =>
          outcome === 'commit' ? producer.commitTransaction(10_000, done) : producer.abortTransaction(10_000, done),
        );
      }
    });
    const committed = ['commit one', 'commit two'];
    expect((await read(topic)).map(({ value }) => value)).toEqual([...committed, ...committed, ...committed]);
    expect((await read(topic, 4)).map(({ value }) => value)).toEqual([...committed, ...committed]);
  });
});
