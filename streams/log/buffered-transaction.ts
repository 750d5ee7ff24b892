import {
  type CommitResult,
  type CommittedOffset,
  type GroupOffset,
  type Headers,
  LogError,
  type TopicPartition,
  type Transaction,
} from './log.js';
import { RecordBatchBuilder } from './record-batch.js';

/** What is appended to one partition, in order. */
export interface PartitionBatches extends TopicPartition {
  readonly batches: readonly { readonly bytes: Buffer; readonly count: number }[];
}

/** What a transaction asks of its log. */
export interface TransactionTarget {
  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void;
  /** Applies all of it or nothing, in the order of the calls. */
  commitBatches(appends: readonly PartitionBatches[], offsets: readonly GroupOffset[]): Promise<CommitResult>;
}

interface PendingPartition extends TopicPartition {
  current: RecordBatchBuilder;
  readonly closed: RecordBatchBuilder[];
}

/** Collects a transaction's appends in batches, which its log then gets all at once. */
export class BufferedTransaction implements Transaction {
  readonly #target: TransactionTarget;
  readonly #pending = new Map<string, (PendingPartition | undefined)[]>();
  #offsets: GroupOffset[] = [];
  #closedBytes = 0;
  #ended = false;

  constructor(target: TransactionTarget) {
    this.#target = target;
  }

  get sizeBytes(): number {
    let size = this.#closedBytes;
    for (const partitions of this.#pending.values()) {
      for (const pending of partitions) size += pending?.current.sizeBytes ?? 0;
    }
    return size;
  }

  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: Headers,
  ): void {
    const pending = this.#pending.get(topic)?.[partition] ?? this.#start(topic, partition);
    let builder = pending.current;
    if (builder.isFull) {
      this.#closedBytes += builder.sizeBytes;
      pending.closed.push(builder);
      builder = new RecordBatchBuilder({ initialBytes: builder.sizeBytes });
      pending.current = builder;
    }
    builder.append(timestamp, key, value, headers);
  }

  commitOffset(group: string, topicPartition: TopicPartition, committed: CommittedOffset): void {
    this.#requireOpen();
    this.#target.requirePartition(topicPartition.topic, topicPartition.partition);
    this.#offsets.push({ group, topicPartition, committed });
  }

  async commit(): Promise<CommitResult> {
    this.#requireOpen();
    const appends: PartitionBatches[] = [];
    for (const partitions of this.#pending.values()) {
      for (const pending of partitions) {
        if (pending === undefined) continue;
        const { topic, partition, closed, current } = pending;
        const batches = [...closed, current]
          .filter(({ count }) => count > 0)
          .map((builder) => ({ bytes: builder.finish(), count: builder.count }));
        if (batches.length > 0) appends.push({ topic, partition, batches });
      }
    }
    const offsets = this.#offsets;
    this.#end();
    return this.#target.commitBatches(appends, offsets);
  }

  async abort(): Promise<void> {
    this.#end();
  }

  #start(topic: string, partition: number): PendingPartition {
    this.#requireOpen();
    this.#target.requirePartition(topic, partition);
    const pending: PendingPartition = { topic, partition, current: new RecordBatchBuilder(), closed: [] };
    const partitions = this.#pending.get(topic);
    if (partitions === undefined) {
      const first: PendingPartition[] = [];
      first[partition] = pending;
      this.#pending.set(topic, first);
    } else {
      partitions[partition] = pending;
    }
    return pending;
  }

  #end(): void {
    this.#ended = true;
    this.#pending.clear();
    this.#offsets = [];
    this.#closedBytes = 0;
  }

  #requireOpen(): void {
    if (this.#ended) {
      throw new LogError('LOG_CLOSED', 'the transaction has been committed or aborted; begin a new one');
    }
  }
}
