/**
 * The log port: what the engine asks of a log. Two adapters stand behind it, an embedded log in
 * LevelDB and Kafka; the words are Kafka's.
 */

/** Record headers in append order; a name may occur more than once. */
export type Headers = readonly Header[];

export interface Header {
  readonly key: string;
  readonly value: Buffer;
}

export const NO_HEADERS: Headers = Object.freeze([]);

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * A forward cursor over the records of one fetched batch.
 *
 * It is one object that moves, not one object a record: the bytes of the current record are the ranges
 * `[keyStart, keyEnd)` and `[valueStart, valueEnd)` of `bytes`, and a start of -1 stands for null. They are
 * valid until the next call of `next()`.
 */
export interface RecordCursor {
  readonly topic: string;
  readonly partition: number;
  /** The offset after this batch: where the next read goes on. */
  readonly nextOffset: number;
  /** Moves to the next record; false at the end. Call it before the first record, too. */
  next(): boolean;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly bytes: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly headers: Headers;
}

export type CleanupPolicy = 'delete' | 'compact';

export interface TopicConfig {
  readonly partitions: number;
  /** Default `delete`. */
  readonly cleanupPolicy?: CleanupPolicy;
  /** How long records are kept after they were appended, in milliseconds; -1 (the default) is for ever. */
  readonly retentionMs?: number;
}

/** A position that a consumer group has committed, with an opaque text of the application's beside it. */
export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

/**
 * Appends and offset commits that take effect together or not at all. Appends are synchronous and only buffer;
 * `commit` is the one place that does I/O.
 */
export interface Transaction {
  /** Bytes are copied: the caller may reuse its buffers. The topic must exist. */
  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: Headers,
  ): void;
  commitOffset(group: string, topicPartition: TopicPartition, committed: CommittedOffset): void;
  /** Bytes buffered so far; a caller bounds its memory by it. */
  readonly sizeBytes: number;
  /** Resolves, when all of it is durable, to a view of where each partition's appends ended. */
  commit(): Promise<CommitResult>;
  /** Drops what was buffered. */
  abort(): Promise<void>;
}

export interface CommitResult {
  /** The partition's end offset right after this transaction; undefined when nothing was appended there. */
  endOffset(topic: string, partition: number): number | undefined;
}

/** Reads assigned partitions, in order within each. */
export interface LogConsumer {
  /** Adds a partition, read from `offset`; one that is assigned already moves there. */
  assign(topicPartition: TopicPartition, offset: number): void;
  /** Polls pass the partition over until `resume`; it stays where it is. */
  pause(topicPartition: TopicPartition): void;
  resume(topicPartition: TopicPartition): void;
  /**
   * At most one batch a partition. Resolves at once when there are records, else as soon as some are appended, else
   * with an empty list after `maxWaitMs`.
   */
  poll(maxWaitMs: number): Promise<RecordCursor[]>;
  close(): Promise<void>;
}

export interface Log {
  /**
   * True when this process alone owns every partition and one transaction covers every task in it. The engine may
   * then hand records from task to task inside a transaction and leave repartition topics empty.
   */
  readonly singleOwner: boolean;
  /** Creates the topic if it does not exist. @throws LogError when it exists with another number of partitions */
  ensureTopic(topic: string, config: TopicConfig): Promise<void>;
  topics(): Promise<string[]>;
  /** The number of partitions; undefined when there is no such topic. */
  partitions(topic: string): Promise<number | undefined>;
  startOffset(topicPartition: TopicPartition): Promise<number>;
  endOffset(topicPartition: TopicPartition): Promise<number>;
  committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined>;
  transaction(): Transaction;
  consumer(): LogConsumer;
  /** Deletes the records before the offset, or more coarsely, some of them (Kafka's DeleteRecords). */
  deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void>;
  close(): Promise<void>;
}

/** A failure of the log that a user can act upon; `code` is stable, the message says what to do. */
export class LogError extends Error {
  constructor(
    readonly code:
      | 'LOG_LOCKED'
      | 'LOG_CORRUPT'
      | 'LOG_FULL'
      | 'LOG_CLOSED'
      | 'LOG_IO'
      | 'PARTITION_COUNT'
      | 'UNKNOWN_TOPIC',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LogError';
  }
}
