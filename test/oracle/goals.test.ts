import { type Serde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../topology/goals/goal-config.js';
import { goalsTopology } from '../../topology/goals/goals.js';
import { registerSerdes } from '../../topology/serdes.js';
import { accessLog, simulated } from '../reference/events.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { type ReferenceOptions, type ReferenceResult, referenceGoals } from '../reference/goals.js';
import { type GoalRunOptions, MemoryRegistry, partitioned, runGoals } from '../reference/run-goals.js';

/** Runs both and compares. */
async function check(
  events: readonly AccessLog[],
  run: GoalRunOptions,
  reference: ReferenceOptions,
): Promise<Awaited<ReturnType<typeof runGoals>>> {
  const expected = referenceGoals(partitioned(events, run.partitions ?? 1), reference);
  const actual = await runGoals(events, run);
  expectSameGoals(actual, expected);
  // Goals 3 and 4 are sent once a window.
  expect(actual.records[3]).toBe(expected.goal3.size);
  expect(actual.records[4]).toBe(expected.goal4.size);
  return actual;
}

describe('goals 1 to 4 equal a plain computation over all records', () => {
  it('on a real access log, with a grace that keeps every line', async () => {
    const events = await accessLog();
    expect(events).toHaveLength(10_000);
    const { metrics } = await check(events, { config: { grace: '60s' } }, { graceMs: 60_000 });
    expect(metrics.lateRecords).toBe(0);
  });

  it.each([1, 4])('on a real access log out of order, with the default grace and %i partitions', async (partitions) => {
    const { metrics } = await check(await accessLog(), { partitions }, { graceMs: 5000 });
    expect(metrics.lateRecords).toBeGreaterThan(0);
  });

  it.each(['auto', 'topic'] as const)(
    'on 200,000 simulated events in 4 partitions, repartition %s',
    async (repartition) => {
      const events = simulated(200_000, 7, 2000);
      const { metrics, goal1, goal2 } = await check(
        events,
        { partitions: 4, repartition, batchEvents: 20_000 },
        { graceMs: 5000 },
      );
      expect(metrics.lateRecords).toBe(0);
      expect(goal1.size).toBeGreaterThan(0);
      expect(goal2.size).toBeGreaterThan(0);
    },
  );

  it.each([
    { size: 1000, advance: 1000 },
    { size: 7000, advance: 3000 },
    { size: 10_000, advance: 2500 },
    { size: 1001, advance: 1000 },
    { size: 300_000, advance: 45_000 },
    { size: 3_600_000, advance: 600_000 },
  ])('with windows of $size ms that advance by $advance ms', async ({ size, advance }) => {
    const events = simulated(10_000, 11, 8000);
    const windows = { size, advance, threshold: 2 };
    const config: Partial<GoalConfig> = {
      goal1: windows,
      goal2: windows,
      goal3: { size, advance },
      goal4: { size, advance },
    };
    const spec = { sizeMs: size, advanceMs: advance, threshold: 2 };
    const reference = { graceMs: 5000, goal1: spec, goal2: spec, goal3: spec, goal4: spec };
    await check(events, { partitions: 2, config }, reference);
  });

  const event = fc.record({
    server: fc.constant('web'),
    client_ip: fc.constantFrom('1.1.1.1', '2.2.2.2', '3.3.3.3'),
    method: fc.constant('GET'),
    status: fc.constantFrom(200, 404, 500),
    request_time: fc.option(fc.integer({ min: 0, max: 5000 }).map((milliseconds) => milliseconds / 1000)),
    host: fc.constantFrom('a', 'b'),
    country: fc.constantFrom('DE', 'FR'),
    timestamp: fc.integer({ min: 0, max: 60_000 }),
  });

  it.each(['auto', 'topic'] as const)(
    'on any small input, however late its records, repartition %s',
    async (repartition) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { maxLength: 60 }),
          fc.integer({ min: 1, max: 12_000 }),
          fc.integer({ min: 1, max: 100 }),
          fc.integer({ min: 0, max: 10_000 }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 20 }),
          async (events, sizeMs, advancePercent, graceMs, partitions, batchEvents) => {
            const advanceMs = Math.max(Math.ceil(sizeMs / 50), Math.ceil((sizeMs * advancePercent) / 100));
            const spec = { sizeMs, advanceMs, threshold: 1 };
            const windows = { size: sizeMs, advance: advanceMs, threshold: 1 };
            await check(
              events,
              {
                partitions,
                batchEvents,
                repartition,
                commitInterval: 1,
                config: { grace: graceMs, goal1: windows, goal2: windows, goal3: windows, goal4: windows },
              },
              { graceMs, goal1: spec, goal2: spec, goal3: spec, goal4: spec },
            );
          },
        ),
        { numRuns: 150, seed: 20_260_101 },
      );
    },
  );

  it('under TopologyTestDriver, a record at a time', async () => {
    const events = simulated(1500, 13, 8000);
    const serdes = await registerSerdes(new MemoryRegistry(), DEFAULT_GOAL_CONFIG.topics);
    const driver = await TopologyTestDriver.create(goalsTopology(DEFAULT_GOAL_CONFIG, serdes));
    const { topics } = DEFAULT_GOAL_CONFIG;
    for (const value of events) {
      const { timestamp } = value;
      await driver.pipeInput(topics.accessLog, stringSerde, serdes.accessLog, { key: null, value, timestamp });
    }
    await driver.drain();
    const latest = async <V extends ReferenceResult>(topic: string, serde: Serde<V>) => {
      const records = await driver.readOutput(topic, stringSerde, serde);
      return new Map(records.map(({ key, value }) => [key ?? '', value ?? { count: 0 }]));
    };
    const actual = {
      goal1: await latest(topics.goal1, serdes.goal1),
      goal2: await latest(topics.goal2, serdes.goal2),
      goal3: await latest(topics.goal3, serdes.goal3),
      goal4: await latest(topics.goal4, serdes.goal4),
    };
    await driver.close();
    expectSameGoals(actual, referenceGoals([events], { graceMs: 5000 }));
  });

  it('whatever the commit interval', async () => {
    const events = simulated(20_000, 3, 20_000);
    const runs = [];
    for (const commitInterval of [1, 50, 10_000]) {
      runs.push(await check(events, { partitions: 3, commitInterval, batchEvents: 500 }, { graceMs: 5000 }));
    }
    expect(new Set(runs.map(({ metrics }) => metrics.lateRecords)).size).toBe(1);
    expect(DEFAULT_GOAL_CONFIG.grace).toBe('5s');
  });
});
