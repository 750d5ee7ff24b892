import { randomUUID } from 'node:crypto';
import kafka, { type ProducerGlobalConfig } from '@confluentinc/kafka-javascript';
import { KafkaLog } from '@millrace/streams/kafka';
import { describe, expect, it } from 'vitest';
import { call } from '../../../streams/log/kafka/kafka-call.js';
import { until } from '../../until.js';
import { startServices, whyNoServices } from '../services.js';

const WITHIN_MS = 10_000;
const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('a transaction that another producer leaves open on Kafka', { timeout: 180_000 }, () => {
  it('is told to whoever reads the topic, with the command that ends it, and so is its end', async () => {
    const services = await startServices(['kafka']);
    const { brokers } = services.addresses;
    const said: string[] = [];
    const log = await KafkaLog.open({ brokers, say: (message) => said.push(message) });
    const topic = `t${randomUUID()}`;
    const producer = new kafka.Producer({
      'bootstrap.servers': brokers,
      'transactional.id': topic,
      'transaction.timeout.ms': 300_000,
    } as ProducerGlobalConfig);
    try {
      await log.ensureTopic(topic, { partitions: 1 });
      await call((done) => producer.connect({ timeout: WITHIN_MS }, done));
      await call((done) => producer.initTransactions(WITHIN_MS, done));
      await call((done) => producer.beginTransaction(done));
      producer.produce(topic, 0, Buffer.from('value'));
      await call((done) => producer.flush(WITHIN_MS, done));

      const consumer = log.consumer();
      consumer.assign({ topic, partition: 0 }, 0);
      let records = 0;
      const read = async (pattern: RegExp) => {
        for (const cursor of await consumer.poll(500)) while (cursor.next()) records++;
        return said.some((message) => pattern.test(message)) || undefined;
      };
      await until(() => read(new RegExp(`${topic}-0 cannot be read beyond offset 0: .* abort --topic ${topic} `)), {
        patienceMs: 60_000,
      });
      expect(records).toBe(0);
      await call((done) => producer.commitTransaction(WITHIN_MS, done));
      await until(() => read(new RegExp(`${topic}-0 can be read on`)), { patienceMs: 60_000 });
      await until(async () => ((await read(/$^/)) || records > 0 ? true : undefined), { patienceMs: 60_000 });
      expect(said).toHaveLength(2);
    } finally {
      await call((done) => producer.disconnect(done)).catch(() => {});
      await log.close();
      await services.close();
    }
  });
});
