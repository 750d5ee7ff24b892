import { randomUUID } from 'node:crypto';
import kafka, { type LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { append, readRecords } from '../../unit/streams/log/log-contract.js';
import { type Services, startServices, whyNoServices } from '../services.js';

type Done = (error: LibrdKafkaError | null) => void;

const reason = await whyNoServices(['kafka']);
const fenced = Object.assign(new Error('fenced'), {
  code: kafka.CODES.ERRORS.ERR__FENCED,
}) as unknown as LibrdKafkaError;

describe.skipIf(reason)('a commit of which no answer comes', () => {
  let services: Services;
  let log: KafkaLog;
  const { commitTransaction } = kafka.Producer.prototype;

  beforeAll(async () => {
    services = await startServices(['kafka']);
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
  }, 60_000);
  afterAll(async () => {
    await log?.close();
    await services?.close();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function valuesAfter(values: readonly string[]): Promise<(string | null)[]> {
    const topic = `outcome-${randomUUID()}`;
    await log.ensureTopic(topic, { partitions: 1 });
    await append(log, topic, 0, values);
    await append(log, topic, 0, ['after']);
    const consumer = log.consumer();
    consumer.assign({ topic, partition: 0 }, 0);
    const records = await readRecords(consumer, values.length + 1);
    // Ends of the partition come as empty batches.
    expect((await consumer.poll(500)).filter((cursor) => cursor.next())).toEqual([]);
    await consumer.close();
    return records.map(({ value }) => value);
  }

  it('is not made again when it was made', async () => {
    vi.spyOn(kafka.Producer.prototype, 'commitTransaction').mockImplementationOnce(function (
      this: kafka.Producer,
      timeoutMs: number,
      done: Done,
    ) {
      return commitTransaction.call(this, timeoutMs, () => done(fenced));
    } as never);
    expect(await valuesAfter(['a', 'b'])).toEqual(['a', 'b', 'after']);
  });

  it('is made again when it was not made', async () => {
    vi.spyOn(kafka.Producer.prototype, 'commitTransaction').mockImplementationOnce(((_timeoutMs: number, done: Done) =>
      done(fenced)) as never);
    expect(await valuesAfter(['a', 'b'])).toEqual(['a', 'b', 'after']);
  });
});
