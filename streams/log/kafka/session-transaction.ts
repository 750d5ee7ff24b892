import { BufferedTransaction, type PartitionBatches } from '../buffered-transaction.js';
import type { CommitResult, GroupOffset } from '../log.js';

/** What a transaction with a session asks of its log. */
export interface SessionTarget {
  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void;
  /** @param session the one that must go on, if any */
  commitBatches(
    appends: readonly PartitionBatches[],
    offsets: readonly GroupOffset[],
    session: number | undefined,
  ): Promise<CommitResult>;
}

/** A transaction that is committed in one session of its writer, or not at all. */
export class SessionTransaction extends BufferedTransaction {
  readonly #required: { session: number | undefined };

  constructor(target: SessionTarget) {
    const required: { session: number | undefined } = { session: undefined };
    super({
      requirePartition: (topic, partition) => target.requirePartition(topic, partition),
      commitBatches: (appends, offsets) => target.commitBatches(appends, offsets, required.session),
    });
    this.#required = required;
  }

  requireSession(session: number): void {
    this.#required.session = session;
  }
}
