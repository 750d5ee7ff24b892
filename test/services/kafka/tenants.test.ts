import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TenantLog } from '../../../app/log/tenant-log.js';
import { append, describeLogContract, readRecords } from '../../unit/streams/log/log-contract.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('tenants of one broker', () => {
  let services: Services;
  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 120_000);
  afterAll(() => services?.close());

  const openAll = () => KafkaLog.open({ brokers: services.addresses.brokers });

  describeLogContract("a tenant's part of a Kafka log", async () => {
    const log = new TenantLog(await openAll(), 'contract.');
    return { log, close: () => log.close() };
  });

  it('see their own topics and records alone, and share out none of their partitions', async () => {
    const all = await openAll();
    const [acme, beta] = [new TenantLog(await openAll(), 'acme.'), new TenantLog(await openAll(), 'beta.')];
    for (const [log, value] of [
      [acme, 'of acme'],
      [beta, 'of beta'],
    ] as const) {
      await log.ensureTopic('logs', { partitions: 1 });
      await append(log, 'logs', 0, [value]);
    }
    for (const [log, value] of [
      [acme, 'of acme'],
      [beta, 'of beta'],
    ] as const) {
      expect(await log.topics()).toEqual(['logs']);
      // Of one group, each of them would have waited for the other.
      const member = await log.join?.('readers', ['logs']);
      let assigned = false;
      for (const deadline = Date.now() + 60_000; !assigned && Date.now() < deadline; ) {
        await member?.poll(100);
        const rebalance = member?.takeRebalance();
        if (rebalance === undefined) continue;
        expect(rebalance).toEqual({ kind: 'assigned', partitions: [{ topic: 'logs', partition: 0 }] });
        assigned = true;
      }
      expect(assigned).toBe(true);
      await member?.close();
      const consumer = log.consumer();
      consumer.assign({ topic: 'logs', partition: 0 }, 0);
      expect((await readRecords(consumer, 1)).map((record) => record.value)).toEqual([value]);
      await consumer.close();
    }
    expect(await all.topics()).toEqual(expect.arrayContaining(['acme.logs', 'beta.logs']));
    expect(await acme.partitions('beta.logs')).toBeUndefined();
    for (const log of [all, acme, beta]) await log.close();
  }, 120_000);
});
