import { afterEach, beforeEach, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import type { LogConsumer } from '../../../../../streams/log/log.js';
import { GroupMembers, type HostInfo, type MemberWork } from '../../../../../streams/runtime/group/group-members.js';

/** A member that does something only when it is told to. */
class Member {
  work: MemberWork = { inputs: {}, active: {}, standby: {} };
  readonly members: GroupMembers;
  readonly #consumer: LogConsumer;

  constructor(readonly host: HostInfo) {
    this.members = new GroupMembers({
      log,
      topic: 'members',
      processId: host.host,
      host,
      firstPartition: () => undefined,
      work: () => this.work,
    });
    this.#consumer = log.consumer();
    this.#consumer.assign(this.members.topicPartition, 0);
  }

  has(...partitions: number[]): void {
    this.work = { inputs: { in: partitions }, active: { counts: partitions }, standby: {} };
  }

  async hear(): Promise<void> {
    for (let batches = await this.#consumer.poll(0); batches.length > 0; batches = await this.#consumer.poll(0)) {
      for (const cursor of batches) this.members.hear(cursor);
    }
  }

  /** The host of the member that has the partition, as far as this one knows. */
  ownerOf(partition: number): string | undefined {
    return this.members.working.find((one) => one.owns('counts', partition))?.host?.host;
  }
}

let log: EmbeddedLog;
let a: Member;
let b: Member;
beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  await log.ensureTopic('members', { partitions: 1 });
  [a, b] = [new Member({ host: 'a', port: 1 }), new Member({ host: 'b', port: 2 })];
});
afterEach(() => log.close());

async function hearAll(): Promise<void> {
  for (const member of [a, b]) await member.hear();
}

it('members tell where they can be asked, and for what', async () => {
  a.has(0, 2);
  b.work = { inputs: { in: [1] }, active: { counts: [1] }, standby: { counts: [0] } };
  for (const member of [a, b]) await member.members.announce();
  await hearAll();
  const told = b.members.working.map(({ owns: _owns, ...one }) => one);
  expect(told).toEqual([
    {
      isSelf: true,
      host: { host: 'b', port: 2 },
      inputs: { in: [1] },
      active: { counts: [1] },
      standby: { counts: [0] },
    },
    { isSelf: false, host: { host: 'a', port: 1 }, inputs: { in: [0, 2] }, active: { counts: [0, 2] }, standby: {} },
  ]);
  expect([0, 1, 2, 3].map((partition) => a.ownerOf(partition))).toEqual(['a', 'b', 'a', undefined]);
});

it('a partition is of the member that took it last, also while the one before still says that it has it', async () => {
  a.has(0);
  await a.members.announce();
  await hearAll();
  b.has(0);
  // Nobody but itself knows yet.
  expect([a.ownerOf(0), b.ownerOf(0)]).toEqual(['a', 'b']);
  await b.members.announce({ isExtra: true });
  await a.members.announce();
  await hearAll();
  expect([a.ownerOf(0), b.ownerOf(0)]).toEqual(['b', 'b']);
  // It comes back.
  b.has();
  await b.members.announce({ isExtra: true });
  await hearAll();
  expect([a.ownerOf(0), b.ownerOf(0)]).toEqual(['a', 'a']);
});

it('a member that is not heard while another hears itself four times is gone; one that leaves is gone at once', async () => {
  a.has(0);
  await a.members.announce();
  for (let round = 0; round < 3; round++) await b.members.announce();
  await hearAll();
  expect(b.ownerOf(0)).toBe('a');
  await b.members.announce();
  await hearAll();
  expect(b.ownerOf(0)).toBeUndefined();
  await a.members.announce();
  await hearAll();
  expect(b.ownerOf(0)).toBe('a');
  await a.members.leave();
  await hearAll();
  expect(b.ownerOf(0)).toBeUndefined();
});

it('announcements between those of each second do not make others count as gone', async () => {
  a.has(0);
  await a.members.announce();
  for (let round = 0; round < 20; round++) await b.members.announce({ isExtra: true });
  await hearAll();
  expect(b.ownerOf(0)).toBe('a');
});

it('a member that comes is told of once, and an earlier version that does not say what it does has nothing', async () => {
  await hearAll();
  expect(b.members.takeNewcomers()).toBe(false);
  const earlier = log.transaction();
  const value = { processId: 'earlier', firstPartition: 0 };
  earlier.append('members', 0, 1, Buffer.from('id'), Buffer.from(JSON.stringify(value)));
  await earlier.commit();
  await b.members.announce();
  await hearAll();
  expect([b.members.takeNewcomers(), b.members.takeNewcomers()]).toEqual([true, false]);
  expect(b.members.working[1]).toMatchObject({ host: undefined, inputs: {}, active: {}, standby: {} });
});
