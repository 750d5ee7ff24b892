import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, readRecords } from '../../unit/streams/log/log-contract.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);
/** After as long the log gives up waiting for the client to leave. */
const GIVES_UP_MS = 5000;

describe.skipIf(reason)('a member of a group', () => {
  let services: Services;

  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 60_000);
  afterAll(() => services?.close());

  it('leaves at once, also while partitions are on their way to it', async () => {
    const topic = `leaving-${randomUUID()}`;
    const { brokers } = services.addresses;
    const admin = await KafkaLog.open({ brokers });
    await admin.ensureTopic(topic, { partitions: 4 });
    const took: number[] = [];
    for (let stayMs = 0; stayMs < 600; stayMs += 20) {
      const log = await KafkaLog.open({ brokers });
      const member = await log.join('leaving', [topic]);
      // It fetches, so that its client answers nothing by itself.
      const polled = member.poll(stayMs);
      await delay(stayMs);
      const startedAt = performance.now();
      await log.close();
      took.push(performance.now() - startedAt);
      await polled;
    }
    await admin.close();
    expect(Math.max(...took)).toBeLessThan(GIVES_UP_MS);
  });

  it('leaves at once when it has read nothing of what it was given', async () => {
    const topic = `unread-${randomUUID()}`;
    const log = await KafkaLog.open({ brokers: services.addresses.brokers });
    await log.ensureTopic(topic, { partitions: 4 });
    const member = await log.join(`unread-${randomUUID()}`, [topic]);
    while (member.takeRebalance()?.kind !== 'assigned') await member.poll(100);
    const startedAt = performance.now();
    await log.close();
    expect(performance.now() - startedAt).toBeLessThan(GIVES_UP_MS);
  });

  it('takes back between two polls what it has given up', async () => {
    const topic = `taken-back-${randomUUID()}`;
    const log = await KafkaLog.open({ brokers: services.addresses.brokers });
    await log.ensureTopic(topic, { partitions: 1 });
    const topicPartition = { topic, partition: 0 };
    await append(log, topic, 0, ['a', 'b']);
    const member = await log.join(`taken-back-${randomUUID()}`, [topic]);
    while (member.takeRebalance()?.kind !== 'assigned') await member.poll(100);
    member.assign(topicPartition, 0);
    expect((await readRecords(member, 2)).map(({ value }) => value)).toEqual(['a', 'b']);
    member.unassign([topicPartition]);
    member.assign(topicPartition, 1);
    expect((await readRecords(member, 1)).map(({ value }) => value)).toEqual(['b']);
    await log.close();
  });
});
