import { randomUUID } from 'node:crypto';
import kafka from '@confluentinc/kafka-javascript';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRecords } from '../../unit/streams/log/log-contract.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('a client that does not come back from a call', () => {
  let services: Services;

  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 60_000);
  afterAll(() => services?.close());
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function hangOnce(): void {
    vi.spyOn(kafka.Producer.prototype, 'sendOffsetsToTransaction').mockImplementationOnce((() => {}) as never);
  }

  async function open(): Promise<{ readonly log: KafkaLog; readonly topic: string; readonly group: string }> {
    const log = await KafkaLog.open({ brokers: services.addresses.brokers, say: () => {} });
    const [topic, group] = [`unanswered-${randomUUID()}`, `group-${randomUUID()}`];
    await log.ensureTopic(topic, { partitions: 1 });
    return { log, topic, group };
  }

  function staged(log: KafkaLog, topic: string, group: string, value: string, offset: number) {
    const transaction = log.transaction();
    transaction.append(topic, 0, 1, null, Buffer.from(value));
    transaction.commitOffset(group, { topic, partition: 0 }, { offset, metadata: '' });
    return transaction;
  }

  it('is given up: the transaction counts as aborted, the next producer of its name shuts it out, and goes on', async () => {
    const { group, log, topic } = await open();
    await staged(log, topic, group, 'a', 1).commit();
    hangOnce();
    await expect(staged(log, topic, group, 'lost', 2).commit()).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
    await staged(log, topic, group, 'b', 3).commit();
    const consumer = log.consumer();
    consumer.assign({ topic, partition: 0 }, 0);
    expect((await readRecords(consumer, 2)).map(({ value }) => value)).toEqual(['a', 'b']);
    expect(await log.committed(group, { topic, partition: 0 })).toEqual({ offset: 3, metadata: '' });
    await log.close();
  });

  it('does not hold up who closes', async () => {
    const { group, log, topic } = await open();
    await staged(log, topic, group, 'a', 1).commit();
    hangOnce();
    const committing = expect(staged(log, topic, group, 'lost', 2).commit()).rejects.toMatchObject({
      code: 'LOG_CLOSED',
    });
    await vi.waitUntil(
      () => vi.mocked(kafka.Producer.prototype.sendOffsetsToTransaction).mock.calls.length > 0,
      20_000,
    );
    const startedAt = performance.now();
    await log.close();
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await committing;
  });

  it('as an admin client is replaced, and the new one asked', { timeout: 90_000 }, async () => {
    const { create } = kafka.AdminClient;
    const made = vi.spyOn(kafka.AdminClient, 'create').mockImplementationOnce((...args) => {
      return Object.assign(create(...args), { createTopic: () => {} });
    });
    const { log, topic } = await open();
    expect(made).toHaveBeenCalledTimes(2);
    expect(await log.partitions(topic)).toBe(1);
    await log.close();
  });
});
