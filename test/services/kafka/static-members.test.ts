import { randomUUID } from 'node:crypto';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GroupProtocol } from '../../../streams/log/kafka/kafka-group-consumer.js';
import type { GroupConsumer } from '../../../streams/log/log.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);
const PARTITIONS = 4;
/** Longer than heartbeats are apart: whoever leaves is missed by then. */
const QUIET_POLLS = 60;

let services: Services;
let group: string;
let topic: string;
let said: string[];
const members = new Set<Member>();

/** A member of the group that takes what it is given, and reads nothing. */
class Member {
  readonly partitions = new Set<number>();
  rebalances = 0;

  private constructor(
    readonly log: KafkaLog,
    readonly consumer: GroupConsumer,
  ) {}

  static async join(groupInstanceId: string, groupProtocol: GroupProtocol = 'consumer'): Promise<Member> {
    const log = await KafkaLog.open({
      ...{ brokers: services.addresses.brokers, groupInstanceId, groupProtocol },
      say: (message) => said.push(message),
    });
    await log.ensureTopic(topic, { partitions: PARTITIONS });
    const member = new Member(log, await log.join(group, [topic]));
    members.add(member);
    return member;
  }

  async poll(): Promise<void> {
    await this.consumer.poll(50);
    for (let rebalance = this.consumer.takeRebalance(); rebalance; rebalance = this.consumer.takeRebalance()) {
      if (rebalance.partitions.length > 0) this.rebalances++;
      for (const topicPartition of rebalance.partitions) {
        if (rebalance.kind === 'assigned') {
          this.partitions.add(topicPartition.partition);
          this.consumer.assign(topicPartition, 0);
        } else this.partitions.delete(topicPartition.partition);
      }
      if (rebalance.kind !== 'assigned') this.consumer.unassign(rebalance.partitions);
    }
  }

  async close(): Promise<void> {
    members.delete(this);
    await this.log.close();
  }
}

async function untilAll(done: () => boolean, ...polled: readonly Member[]): Promise<void> {
  await until(async () => {
    await Promise.all(polled.map((member) => member.poll()));
    return done();
  });
}

beforeAll(async () => {
  if (!reason) services = await startServices(['kafka']);
});
afterAll(() => services?.close());
beforeEach(() => {
  [group, topic, said] = [`group-${randomUUID()}`, `topic-${randomUUID()}`, []];
});
afterEach(async () => {
  for (const member of members) await member.close();
});

describe.skipIf(reason)('a member of a group with a name of its own', () => {
  const back =
    'does not leave when it is closed, and has its partitions again when it comes back; the others keep theirs';
  it.each(['consumer', 'classic'] as const)(`${back}: %s`, async (protocol) => {
    const [restarted, other] = [await Member.join('pod-0', protocol), await Member.join('pod-1', protocol)];
    await untilAll(() => restarted.partitions.size === 2 && other.partitions.size === 2, restarted, other);
    const [before, kept] = [[...restarted.partitions], [...other.partitions]];
    const { rebalances } = other;
    await restarted.close();
    for (let poll = 0; poll < QUIET_POLLS; poll++) await other.poll();
    const again = await Member.join('pod-0', protocol);
    await untilAll(() => again.partitions.size === 2, again, other);
    for (let poll = 0; poll < QUIET_POLLS; poll++) await Promise.all([again.poll(), other.poll()]);
    expect([...again.partitions].sort()).toEqual(before.sort());
    expect([...other.partitions]).toEqual(kept);
    expect(other.rebalances).toBe(rebalances);
    expect(said).toEqual([]);
  });

  it('waits for its name while another has it, says so once, and takes the partitions over', async () => {
    const first = await Member.join('pod-0');
    await untilAll(() => first.partitions.size === PARTITIONS, first);
    const second = await Member.join('pod-0');
    await untilAll(() => said.length > 0, first, second);
    for (let poll = 0; poll < QUIET_POLLS; poll++) await Promise.all([first.poll(), second.poll()]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/does not admit this process to the group ".*" as "pod-0"/);
    expect(second.partitions.size).toBe(0);
    expect(first.partitions.size).toBe(PARTITIONS);
    await first.close();
    await untilAll(() => second.partitions.size === PARTITIONS, second);
  });

  it('takes its name over at once in the classic protocol, and whoever had it ends with an error that names it', async () => {
    const first = await Member.join('pod-0', 'classic');
    await untilAll(() => first.partitions.size === PARTITIONS, first);
    const second = await Member.join('pod-0', 'classic');
    let failure: Error | undefined;
    await until(async () => {
      await second.poll();
      await first.poll().catch((error: Error) => {
        failure = error;
      });
      return failure !== undefined && second.partitions.size === PARTITIONS;
    });
    expect(failure?.message).toMatch(/another process may have joined the group ".*" as "pod-0"/);
  });
});
