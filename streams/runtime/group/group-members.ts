import { randomUUID } from 'node:crypto';
import { type Log, LogError, type RecordCursor, type TopicPartition } from '../../log/log.js';

/** Others that are not heard while this member hears itself so often are gone. */
const MISSED_ANNOUNCEMENTS = 3;

/** A member of the group that shares out an application's partitions. */
export interface GroupMember {
  /** Names its state directory. */
  readonly processId: string;
  readonly isSelf: boolean;
}

/** Where an instance of an application answers others; Kafka Streams' `application.server`. */
export interface HostInfo {
  readonly host: string;
  readonly port: number;
}

/** Numbers of partitions, by what they are of. */
export type Partitions = Readonly<Record<string, readonly number[]>>;

/** What a member does. */
export interface MemberWork {
  /** By topic, what its tasks read. */
  readonly inputs: Partitions;
  /** By store, those of its tasks. */
  readonly active: Partitions;
  /** By store, those that it keeps up to date for others. */
  readonly standby: Partitions;
}

/** A member, with what it was last heard to do. */
export interface WorkingMember extends MemberWork {
  readonly isSelf: boolean;
  readonly host: HostInfo | undefined;
  /** Whether it has the partition, and has taken it after any other that says so. */
  owns(store: string, partition: number): boolean;
}

export interface GroupMembersOptions {
  readonly log: Log;
  /** Of one partition, for the announcements. */
  readonly topic: string;
  readonly processId: string;
  readonly host?: HostInfo | undefined;
  /** The first of the partitions that this member has; undefined when it has none. */
  readonly firstPartition: () => number | undefined;
  readonly work?: () => MemberWork;
}

/** What a member tells of itself. Members of an earlier version do not say what they do. */
interface Announcement extends Partial<MemberWork> {
  readonly processId: string;
  readonly transactionalId: string | undefined;
  readonly firstPartition: number | undefined;
  readonly host?: HostInfo | undefined;
  /** It comes between those that come once a second. */
  readonly isExtra?: boolean;
}

interface Heard extends Announcement {
  missed: number;
  /** By store and partition of its tasks, when it was first heard to have it: the number of the announcement. */
  readonly since: ReadonlyMap<string, number>;
}

const NO_WORK: MemberWork = { inputs: {}, active: {}, standby: {} };

/**
 * The group's members, as they announce themselves in a topic: the client does not say safely what the broker
 * knows of a group (docs/kafka.md). What they have been given tells in which order they are given partitions, and what
 * each of them can be asked.
 */
export class GroupMembers {
  readonly topicPartition: TopicPartition;
  readonly #options: GroupMembersOptions;
  readonly #id = randomUUID();
  readonly #heard = new Map<string, Heard>();
  /** The transactional ids of members that have gone without a word. */
  #lost = new Set<string>();
  #heardSelf = 0;
  #heardAll = 0;
  #hasNewcomers = false;

  constructor(options: GroupMembersOptions) {
    this.#options = options;
    this.topicPartition = { topic: options.topic, partition: 0 };
  }

  /**
   * Tells the others that this member is there, and what it does.
   *
   * @param options.isExtra between the announcements that are made at equal times: what others are missed by
   * @throws LogError
   */
  async announce({ isExtra = false }: { readonly isExtra?: boolean } = {}): Promise<void> {
    const { firstPartition, host, log, processId, work } = this.#options;
    const { transactionalId } = log;
    const announcement: Announcement = {
      ...{ processId, transactionalId, firstPartition: firstPartition(), host },
      ...(isExtra && { isExtra }),
      ...work?.(),
    };
    await this.#append(Buffer.from(JSON.stringify(announcement)));
  }

  /** Tells the others that this member goes. @throws LogError */
  leave(): Promise<void> {
    return this.#append(null);
  }

  /** Takes what was read of the topic. */
  hear(cursor: RecordCursor): void {
    while (cursor.next()) {
      const { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart } = cursor;
      const id = keyBytes.toString('utf8', keyStart, keyEnd);
      if (valueStart < 0) {
        this.#heard.delete(id);
        continue;
      }
      const announcement = JSON.parse(valueBytes.toString('utf8', valueStart, valueEnd)) as Announcement;
      const before = this.#heard.get(id);
      this.#heard.set(id, { ...announcement, missed: 0, since: this.#since(announcement, before) });
      if (id !== this.#id) this.#hasNewcomers ||= before === undefined;
      else if (announcement.isExtra !== true) this.#countMissed();
    }
  }

  /** Whether there are members that have come since this was last asked: they have not heard those that were there. */
  takeNewcomers(): boolean {
    const hasNewcomers = this.#hasNewcomers;
    this.#hasNewcomers = false;
    return hasNewcomers;
  }

  /**
   * The members in the order in which they are given partitions, those without any last. Empty until this member has
   * been there for long enough to have heard all.
   */
  get all(): readonly GroupMember[] {
    if (this.#heardSelf < MISSED_ANNOUNCEMENTS) return [];
    return [...this.#heard]
      .sort(([, a], [, b]) => order(a) - order(b))
      .map(([id, { processId }]) => ({ processId, isSelf: id === this.#id }));
  }

  /** All that were heard, and this one with what it does now, which comes first. */
  get working(): readonly WorkingMember[] {
    const { host, work } = this.#options;
    const self = { ...NO_WORK, ...work?.() };
    const others = [...this.#heard].filter(([id]) => id !== this.#id);
    /** Of one's own, what was not heard yet is the newest. */
    const sinceOf = (id: string, key: string) =>
      this.#heard.get(id)?.since.get(key) ?? (id === this.#id ? Number.POSITIVE_INFINITY : -1);
    const claims = [{ id: this.#id, active: self.active }, ...others.map(([id, { active = {} }]) => ({ id, active }))];
    const owns = (member: string, store: string, partition: number) => {
      const key = claimOf(store, partition);
      const claiming = claims.filter(({ active }) => hasPartition(active, store, partition));
      const newest = claiming.sort((a, b) => sinceOf(b.id, key) - sinceOf(a.id, key))[0];
      return newest?.id === member;
    };
    return [
      { ...self, host, isSelf: true, owns: (store, partition) => owns(this.#id, store, partition) },
      ...others.map(
        ([id, { active = {}, host, inputs = {}, standby = {} }]): WorkingMember => ({
          ...{ active, host, inputs, standby, isSelf: false },
          owns: (store, partition) => owns(id, store, partition),
        }),
      ),
    ];
  }

  /** Ends what members that have gone without a word have left open: it holds back those who get their tasks. */
  async endLostTransactions(): Promise<void> {
    const lost = this.#lost;
    this.#lost = new Set();
    // One that was started again has ended it itself.
    for (const { transactionalId } of this.#heard.values()) lost.delete(transactionalId ?? '');
    for (const transactionalId of lost) await this.#options.log.endTransactions?.(transactionalId);
  }

  #since({ active = {} }: Announcement, before: Heard | undefined): Map<string, number> {
    this.#heardAll++;
    const since = new Map<string, number>();
    for (const [store, partitions] of Object.entries(active)) {
      for (const partition of partitions) {
        const key = claimOf(store, partition);
        since.set(key, before?.since.get(key) ?? this.#heardAll);
      }
    }
    return since;
  }

  /** By what this member says itself, and not by a clock: when the brokers are away nobody is heard. */
  #countMissed(): void {
    this.#heardSelf++;
    for (const [id, member] of this.#heard) {
      if (id === this.#id || ++member.missed <= MISSED_ANNOUNCEMENTS) continue;
      this.#heard.delete(id);
      if (member.transactionalId !== undefined) this.#lost.add(member.transactionalId);
    }
  }

  async #append(value: Buffer | null): Promise<void> {
    const { log, topic } = this.#options;
    const transaction = log.notice?.() ?? log.transaction();
    transaction.append(topic, 0, Date.now(), Buffer.from(this.#id), value);
    try {
      await transaction.commit();
    } catch (error) {
      // What cannot be said now is said the next time.
      if (!(error instanceof LogError) || error.code !== 'TRANSACTION_ABORTED') throw error;
    }
  }
}

export function hasPartition(partitions: Partitions, of: string, partition: number): boolean {
  return Object.hasOwn(partitions, of) && partitions[of]?.includes(partition) === true;
}

function order({ firstPartition }: Announcement): number {
  return firstPartition ?? Number.MAX_SAFE_INTEGER;
}

function claimOf(store: string, partition: number): string {
  return `${partition} ${store}`;
}
