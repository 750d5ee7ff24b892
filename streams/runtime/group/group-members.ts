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

export interface GroupMembersOptions {
  readonly log: Log;
  /** Of one partition, for the announcements. */
  readonly topic: string;
  readonly processId: string;
  /** The first of the partitions that this member has; undefined when it has none. */
  readonly firstPartition: () => number | undefined;
}

/** What a member tells of itself. */
interface Announcement {
  readonly processId: string;
  readonly transactionalId: string | undefined;
  readonly firstPartition: number | undefined;
}

/**
 * The group's members, as they announce themselves in a topic: the client does not say safely what the broker
 * knows of a group (docs/kafka.md). What they have been given tells in which order they are given partitions.
 */
export class GroupMembers {
  readonly topicPartition: TopicPartition;
  readonly #options: GroupMembersOptions;
  readonly #id = randomUUID();
  readonly #heard = new Map<string, Announcement & { missed: number }>();
  /** The transactional ids of members that have gone without a word. */
  #lost = new Set<string>();
  #heardSelf = 0;

  constructor(options: GroupMembersOptions) {
    this.#options = options;
    this.topicPartition = { topic: options.topic, partition: 0 };
  }

  /** Tells the others that this member is there. @throws LogError */
  async announce(): Promise<void> {
    const { firstPartition, log, processId } = this.#options;
    const { transactionalId } = log;
    const announcement: Announcement = { processId, transactionalId, firstPartition: firstPartition() };
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
      this.#heard.set(id, { ...announcement, missed: 0 });
      if (id === this.#id) this.#countMissed();
    }
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

  /** Ends what members that have gone without a word have left open: it holds back those who get their tasks. */
  async endLostTransactions(): Promise<void> {
    const lost = this.#lost;
    this.#lost = new Set();
    // One that was started again has ended it itself.
    for (const { transactionalId } of this.#heard.values()) lost.delete(transactionalId ?? '');
    for (const transactionalId of lost) await this.#options.log.endTransactions?.(transactionalId);
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
    const transaction = log.transaction();
    transaction.append(topic, 0, Date.now(), Buffer.from(this.#id), value);
    try {
      await transaction.commit();
    } catch (error) {
      // What cannot be said now is said the next time.
      if (!(error instanceof LogError) || error.code !== 'TRANSACTION_ABORTED') throw error;
    }
  }
}

function order({ firstPartition }: Announcement): number {
  return firstPartition ?? Number.MAX_SAFE_INTEGER;
}
