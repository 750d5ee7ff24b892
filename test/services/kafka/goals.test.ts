import { randomUUID } from 'node:crypto';
import { KafkaLog, type KafkaLogOptions } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessLog } from '../../../schemas/records.js';
import { accessLog, simulated } from '../../reference/events.js';
import { expectSameGoals } from '../../reference/expect-goals.js';
import { referenceGoals } from '../../reference/goals.js';
import { apart, partitioned, runGoals } from '../../reference/run-goals.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);
let services: Services;

async function check(events: readonly AccessLog[], partitions: number, settings: Partial<KafkaLogOptions> = {}) {
  const name = `t${randomUUID()}`;
  const log = await KafkaLog.open({ brokers: services.addresses.brokers, ...settings });
  try {
    const actual = await runGoals(events, {
      log,
      partitions,
      config: apart(name),
      applicationId: name,
      batchEvents: 20_000,
      commitInterval: 100,
    });
    const expected = referenceGoals(partitioned(events, partitions), { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3]).toBe(expected.goal3.size);
    expect(actual.records[4]).toBe(expected.goal4.size);
    return actual;
  } finally {
    await log.close();
  }
}

describe.skipIf(reason)('goals 1 to 4 on Kafka equal a plain computation', () => {
  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 60_000);
  afterAll(() => services?.close());

  it('over a real access log', async () => {
    await check(await accessLog(), 4);
  });

  it('over 200,000 simulated events', async () => {
    const { goal1, goal2, metrics } = await check(simulated(200_000, 7, 2000), 4);
    expect(goal1.size).toBeGreaterThan(0);
    expect(goal2.size).toBeGreaterThan(0);
    // Blocks and watermarks instead of records.
    expect(metrics.repartitionRecords).toBeLessThan(20_000);
  });

  it('in a classic group, at least once', async () => {
    await check(await accessLog(), 3, { groupProtocol: 'classic', guarantee: 'at-least-once' });
  });
});
