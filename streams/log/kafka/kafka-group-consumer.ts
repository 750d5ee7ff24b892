import kafka, { type LibrdKafkaError, type TopicPartitionOffset } from '@confluentinc/kafka-javascript';
import type { GroupConsumer, Rebalance, TopicPartition } from '../log.js';
import { KafkaConsumer, type KafkaConsumerOptions } from './kafka-consumer.js';

const { ERRORS } = kafka.CODES;

/**
 * - `consumer`: the broker assigns (KIP-848), and moves only the partitions that have to move.
 * - `classic`: a member assigns, and everything stops for it; for brokers before 4.0.
 *
 * Both by range: the partitions of a number, of all topics, go to one member.
 */
export type GroupProtocol = 'consumer' | 'classic';

/** A member of a consumer group. The application acts on rebalances between two polls, and takes its time. */
export class KafkaGroupConsumer extends KafkaConsumer implements GroupConsumer {
  readonly #topics: readonly string[];
  readonly #protocol: GroupProtocol;
  readonly #rebalances: Rebalance[] = [];
  #removed: TopicPartition[] = [];
  #answerIsDue = false;
  /** What the client has been told of. */
  readonly #held = new Set<string>();

  constructor(
    options: KafkaConsumerOptions,
    { group, protocol, topics }: { group: string; protocol: GroupProtocol; topics: readonly string[] },
  ) {
    super(options, {
      'group.id': group,
      'group.protocol': protocol,
      ...(protocol === 'consumer'
        ? { 'group.remote.assignor': 'range' }
        : { 'partition.assignment.strategy': 'range' }),
      rebalance_cb: (error: LibrdKafkaError, partitions: readonly TopicPartition[]) => {
        this.#rebalance(error, partitions);
      },
    });
    this.#topics = topics;
    this.#protocol = protocol;
  }

  async join(): Promise<void> {
    await this.connect();
    this.client.subscribe([...this.#topics]);
  }

  /** For the producer, which commits offsets in this member's name. */
  get member(): kafka.KafkaConsumer {
    return this.client;
  }

  takeRebalance(): Rebalance | undefined {
    const rebalance = this.#rebalances.shift();
    // The client waits for an answer, also when nothing was assigned; the next poll gives it.
    if (rebalance !== undefined) this.#answerIsDue = true;
    return rebalance;
  }

  unassign(partitions: readonly TopicPartition[]): void {
    this.forget(partitions);
    this.#removed.push(...partitions);
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    if (this.client.isConnected()) {
      // The client does not leave while it waits for an answer; leaving is then a rebalance of its own.
      for (const { kind, partitions } of this.#rebalances.splice(0)) this.#letGo(kind === 'assigned', partitions);
      if (this.#answerIsDue) this.applyAssignments([]);
      this.client.unsubscribe();
    }
    await super.close();
  }

  protected override get changesAreDue(): boolean {
    return this.#answerIsDue || super.changesAreDue;
  }

  protected override get isInterrupted(): boolean {
    return this.#rebalances.length > 0;
  }

  protected override applyAssignments(changed: readonly TopicPartitionOffset[]): void {
    const removed = this.#removed;
    this.#removed = [];
    this.#answerIsDue = false;
    if (this.#protocol === 'classic') {
      if (removed.length > 0 && this.positions().length === 0) this.client.unassign();
      else this.client.assign(this.positions());
      return;
    }
    // What moves to another offset is taken away first, too; once each, for the client ends the process when it is asked
    // twice: a partition that was lost may have come back by now.
    const held = new Map(
      [...removed, ...changed]
        .filter((one) => this.#held.has(idOf(one)))
        .map(({ topic, partition }) => [idOf({ topic, partition }), { topic, partition }]),
    );
    if (held.size > 0) this.client.incrementalUnassign([...held.values()]);
    this.client.incrementalAssign([...changed]);
    for (const one of removed) this.#held.delete(idOf(one));
    for (const one of changed) this.#held.add(idOf(one));
  }

  protected override failed(error: LibrdKafkaError): void {
    switch (error.code) {
      case ERRORS.ERR__MAX_POLL_EXCEEDED:
        // A rebalance follows that says what was lost.
        return;
      case ERRORS.ERR_UNKNOWN_TOPIC_OR_PART:
        super.failed({ ...error, message: `a topic of ${this.#topics.join(', ')} is gone` });
        return;
      default:
        super.failed(error);
    }
  }

  #rebalance(error: LibrdKafkaError, partitions: readonly TopicPartition[]): void {
    const revoked = error.code === ERRORS.ERR__REVOKE_PARTITIONS;
    const assigned = error.code === ERRORS.ERR__ASSIGN_PARTITIONS;
    if (this.closed) {
      if (assigned || revoked) this.#letGo(assigned, partitions);
    } else if (assigned) {
      this.#rebalances.push({ kind: 'assigned', partitions });
    } else if (revoked) {
      this.#rebalances.push({ kind: this.client.assignmentLost() ? 'lost' : 'revoked', partitions });
    } else {
      this.failed(error);
    }
    this.wake();
  }

  /** Answers a rebalance of a consumer that is closed or about to be: it takes nothing and gives everything. */
  #letGo(assigned: boolean, partitions: readonly TopicPartition[]): void {
    const held = partitions.filter((one) => this.#held.has(idOf(one)));
    for (const one of held) this.#held.delete(idOf(one));
    try {
      if (this.#protocol === 'classic') this.client.unassign();
      else if (assigned || held.length === 0) this.client.incrementalAssign([]);
      else this.client.incrementalUnassign(held);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== ERRORS.ERR__STATE) throw error;
      // A client that is closing takes nothing at all, but does not end before it has an answer.
      try {
        this.client.unassign();
      } catch {
        // It has ended.
      }
    }
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
