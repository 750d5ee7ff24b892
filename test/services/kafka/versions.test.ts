import { randomUUID } from 'node:crypto';
import { KafkaLog } from '@millrace/streams/kafka';
import { describe, expect, it } from 'vitest';
import { Brokers, type KafkaVersion } from '../../brokers/brokers.js';
import { simulated } from '../../reference/events.js';
import { expectSameGoals } from '../../reference/expect-goals.js';
import { referenceGoals } from '../../reference/goals.js';
import { apart, partitioned, runGoals } from '../../reference/run-goals.js';

const PARTITIONS = 4;

/** Those whose brokers do not assign partitions themselves. */
const CLASSIC: readonly KafkaVersion[] = ['2.8.2', '3.7.2'];
const VERSIONS = [...CLASSIC, '4.1.2', 'stack', '4.4.0'] as const;

describe.each(VERSIONS)('Kafka %s', async (version: KafkaVersion) => {
  const reason = await Brokers.whyNot(version);

  it.skipIf(reason)(
    'gives the results of a plain computation over 30,000 events, in a group of its own kind',
    async () => {
      const brokers = await Brokers.start({ version });
      const said: string[] = [];
      try {
        const log = await KafkaLog.open({ brokers: brokers.bootstrap, say: (message) => said.push(message) });
        try {
          const name = `t${randomUUID()}`;
          const events = simulated(30_000, 11, 2000);
          const actual = await runGoals(events, {
            log,
            partitions: PARTITIONS,
            config: apart(name),
            applicationId: name,
            batchEvents: 5000,
            commitInterval: 100,
          });
          const expected = referenceGoals(partitioned(events, PARTITIONS), { graceMs: 5000 });
          expectSameGoals(actual, expected);
          expect(actual.records[3]).toBe(expected.goal3.size);
          expect(actual.records[4]).toBe(expected.goal4.size);
        } finally {
          await log.close();
        }
        const fallbacks = said.filter((message) => message.includes('the group is a classic one'));
        expect(fallbacks).toHaveLength(CLASSIC.includes(version) ? 1 : 0);
      } finally {
        await brokers.close();
      }
    },
  );
});

const reason = await Brokers.whyNot('3.7.2');

describe.skipIf(reason)('Kafka 3.7, when it is asked to assign partitions itself', () => {
  it('is told to be too old for that, with the way out', async () => {
    const brokers = await Brokers.start({ version: '3.7.2' });
    const log = await KafkaLog.open({ brokers: brokers.bootstrap, groupProtocol: 'consumer', say: () => {} });
    try {
      await log.ensureTopic('t', { partitions: 1 });
      await expect(log.join('g', ['t'])).rejects.toThrow(/KIP-848.*use the group protocol classic/);
    } finally {
      await log.close();
      await brokers.close();
    }
  });
});
