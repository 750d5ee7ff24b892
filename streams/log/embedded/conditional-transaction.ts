import { BufferedTransaction, type PartitionBatches } from '../buffered-transaction.js';
import type { CommitResult, GroupOffset, TopicPartition } from '../log.js';

/** Where a partition has to end for a transaction to be committed. */
export interface ExpectedEnd {
  readonly topicPartition: TopicPartition;
  readonly offset: number;
}

/** What a transaction with conditions asks of its log. */
export interface ConditionalTarget {
  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void;
  /** Compares and applies in one step. @throws LogError END_MOVED */
  commitBatches(
    appends: readonly PartitionBatches[],
    offsets: readonly GroupOffset[],
    expected: readonly ExpectedEnd[],
  ): Promise<CommitResult>;
}

/** A transaction of a log in which one process puts all commits in order: it can compare before it appends. */
export class ConditionalTransaction extends BufferedTransaction {
  readonly #target: ConditionalTarget;
  readonly #expected: ExpectedEnd[];

  constructor(target: ConditionalTarget) {
    const expected: ExpectedEnd[] = [];
    super({
      requirePartition: (topic, partition) => target.requirePartition(topic, partition),
      commitBatches: (appends, offsets) => target.commitBatches(appends, offsets, expected),
    });
    this.#target = target;
    this.#expected = expected;
  }

  expectEnd(topicPartition: TopicPartition, offset: number): void {
    this.#target.requirePartition(topicPartition.topic, topicPartition.partition);
    this.#expected.push({ topicPartition, offset });
  }
}
