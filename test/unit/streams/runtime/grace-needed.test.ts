import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberSerde, StreamsBuilder, stringSerde, TimeWindows } from '../../../../streams/index.js';
import { TopologyTestDriver } from '../../../../streams/testing/topology-test-driver.js';

const START = 1_700_000_000_000;

/** What was late, and the grace period that it is told to need, of records of these times in one partition. */
async function run(
  repartition: 'auto' | 'topic',
  times: readonly number[],
  grace: number,
  advance: number,
  atOnce: boolean,
) {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { key: stringSerde, value: stringSerde })
    .groupBy((_key, value) => value, { key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace('20s', grace).advanceBy(advance))
    .count({ name: 'counts' })
    .toStream()
    .map(({ key, window }, count): [string, number] => [`${key}@${window.start}`, count])
    .to('out', { key: stringSerde, value: numberSerde });
  const driver = await TopologyTestDriver.create(builder.build(), { repartition, lateTopic: 'late' });
  const records = times.map((time) => ({ key: 'k', value: 'v', timestamp: START + time }));
  if (atOnce) await driver.pipeInputs('in', stringSerde, stringSerde, records);
  else for (const record of records) await driver.pipeInput('in', stringSerde, stringSerde, record);
  const told = await driver.readOutput('late', stringSerde, stringSerde);
  const advice = told.map(({ headers }) =>
    Number(headers.find(({ key }) => key === 'grace-needed-ms')?.value.toString()),
  );
  const { late, lateRecords } = driver.metrics;
  await driver.close();
  expect(told).toHaveLength(lateRecords);
  expect(Math.max(0, ...advice)).toBe(late['counts']?.graceNeededMs ?? 0);
  return { late: lateRecords, needed: Math.max(0, ...advice) };
}

describe.each(['auto', 'topic'] as const)(
  'the grace period that late records are told to need, repartition %s',
  (repartition) => {
    it('is the least with which none is late, whatever the order of records', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(120_000), { minLength: 2, maxLength: 25 }),
          fc.constantFrom(1000, 7000, 20_000),
          fc.boolean(),
          async (times, advance, atOnce) => {
            const { late, needed } = await run(repartition, times, 0, advance, atOnce);
            fc.pre(late > 0);
            expect((await run(repartition, times, needed, advance, atOnce)).late).toBe(0);
            expect((await run(repartition, times, needed - 1, advance, atOnce)).late).toBeGreaterThan(0);
          },
        ),
        { numRuns: 25, seed: 3 },
      );
    }, 60_000);

    it('is what two senders need that each write every 15 s what they have gathered', async () => {
      const gathered = (from: number) => Array.from({ length: 15 }, (_, i) => from + i * 1000);
      const bursts: number[] = [];
      for (let at = 0; at < 60_000; at += 15_000) bursts.push(...gathered(at), ...gathered(at - 7500));
      const times = bursts.map((time) => time + 15_000);
      const { late, needed } = await run(repartition, times, 0, 1000, false);
      expect(late).toBeGreaterThan(20);
      expect(needed).toBeLessThanOrEqual(22_500);
      expect((await run(repartition, times, needed, 1000, false)).late).toBe(0);
    });
  },
);
