/**
 * The log port: what the engine asks of a log. Two adapters stand behind it, an embedded log in
 * LevelDB and Kafka; the words are Kafka's.
 */

import { MillraceError } from '../errors.js';

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
 * Why records are not there that a reader has come to: they were deleted, by retention or on demand, before it did; or they
 * were lost with a damaged file, as a repair has noted.
 */
export type Gap = 'deleted' | 'lost';

/**
 * A forward cursor over the records of one fetched batch.
 *
 * It is one object that moves, not one object a record: the current record's key is the range `[keyStart, keyEnd)` of
 * `keyBytes`, its value the range `[valueStart, valueEnd)` of `valueBytes` (often the same buffer), and a start of -1
 * stands for null. They are valid until the next call of `next()`.
 */
export interface RecordCursor {
  readonly topic: string;
  readonly partition: number;
  /** The offset after this batch: where the next read goes on. */
  readonly nextOffset: number;
  /** Set where the batch is empty and stands for records, from `offset + 1` on, that are gone; a log may not know. */
  readonly gap?: Gap | undefined;
  /** Moves to the next record; false at the end. Call it before the first record, too. */
  next(): boolean;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly keyBytes: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly headers: Headers;
}

/** How long a compacted topic keeps, at least, a record that deletes its key, for readers that fell behind. */
export const DELETE_RETENTION_MS = 86_400_000;

export type CleanupPolicy = 'delete' | 'compact';

export interface TopicConfig {
  readonly partitions: number;
  /** Default `delete`. */
  readonly cleanupPolicy?: CleanupPolicy;
  /** How long records are kept after they were appended, in milliseconds; -1 (the default) is for ever. */
  readonly retentionMs?: number;
  /** How many bytes a partition keeps, at least; -1 (the default) is all. Retention may change each time a topic is ensured. */
  readonly retentionBytes?: number;
}

/** A position that a consumer group has committed, with an opaque text of the application's beside it. */
export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

/** A position that a transaction commits for a group. */
export interface GroupOffset {
  readonly group: string;
  readonly topicPartition: TopicPartition;
  readonly committed: CommittedOffset;
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
  /**
   * Lets the commit fail, and write nothing, unless the partition ends at the offset when this transaction's turn has
   * come: nobody else has appended to it. Missing where a log cannot tell.
   */
  expectEnd?(topicPartition: TopicPartition, offset: number): void;
  /**
   * Lets the commit fail with TRANSACTION_ABORTED, and write nothing, unless the session goes on (`Log.sessions`): it is
   * not sent again by itself. Missing where there are none.
   */
  requireSession?(session: number): void;
  /** Bytes buffered so far; a caller bounds its memory by it. */
  readonly sizeBytes: number;
  /**
   * Resolves, when all of it is durable, to a view of where each partition's appends ended.
   *
   * @throws LogError TRANSACTION_ABORTED when nothing of it is in the log, or, where it commits offsets, nobody can tell:
   *   what was processed for it is to be processed again, from the committed offsets
   * @throws LogError END_MOVED when a partition does not end where it was expected to; nothing is written
   */
  commit(): Promise<CommitResult>;
  /** Drops what was buffered. */
  abort(): Promise<void>;
}

export interface CommitResult {
  /**
   * An offset after what the transaction appended to the partition and before what came next; undefined when nothing
   * was appended there.
   */
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
   * with an empty list after `maxWaitMs`. A batch may be empty: it tells that its partition was read up to `nextOffset`.
   */
  poll(maxWaitMs: number): Promise<RecordCursor[]>;
  close(): Promise<void>;
}

/** What a group asks of a member. */
export interface Rebalance {
  /**
   * - `assigned`: the partitions are this member's now; it is to `assign` them.
   * - `revoked`: they go to another member as soon as this one has committed its work and called `unassign`.
   * - `lost`: another member may have them already; nothing can be committed. This member is to `unassign` them.
   */
  readonly kind: 'assigned' | 'revoked' | 'lost';
  readonly partitions: readonly TopicPartition[];
}

/** Reads the partitions that a consumer group gives to this process. */
export interface GroupConsumer extends LogConsumer {
  /** The oldest change that was not taken yet; changes come with polls. */
  takeRebalance(): Rebalance | undefined;
  unassign(partitions: readonly TopicPartition[]): void;
}

/**
 * A writer has a session, which ends when another writer takes over or the log has to begin anew. The writer first begins a
 * session, then looks up whether it may write; each transaction requires that session.
 */
export interface WriteSessions {
  /** The session that goes on, or a new one. */
  current(): Promise<number>;
  /** Ends the sessions that a log has begun until now. Nothing of theirs is open any more, or will be committed. */
  shutOut(transactionalId: string): Promise<void>;
}

export interface Log {
  /**
   * True when this process alone owns every partition and one transaction covers every task in it. The engine may
   * then hand records from task to task inside a transaction and leave repartition topics empty.
   */
  readonly singleOwner: boolean;
  /** Names what this log has open to `endTransactions`; missing where transactions end with their process. */
  readonly transactionalId?: string;
  /** Lets writers shut each other out; missing where transactions compare ends (`expectEnd`), or where there are none. */
  readonly sessions?: WriteSessions;
  /** Creates the topic if it does not exist. @throws LogError when it exists with another number of partitions */
  ensureTopic(topic: string, config: TopicConfig): Promise<void>;
  topics(): Promise<string[]>;
  /** The number of partitions; undefined when there is no such topic. */
  partitions(topic: string): Promise<number | undefined>;
  startOffset(topicPartition: TopicPartition): Promise<number>;
  /**
   * The offset after the last committed record; those that this log has committed are among them.
   *
   * @param options.settled waits until no transaction is open in the partition
   */
  endOffset(topicPartition: TopicPartition, options?: { readonly settled?: boolean }): Promise<number>;
  committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined>;
  transaction(): Transaction;
  /**
   * For what is told beside the work, such as that a process is there: no commit waits for it. It commits no offsets, and
   * after a failure its records may be there twice. Missing where one transaction waits for no other.
   */
  notice?(): Transaction;
  consumer(): LogConsumer;
  /**
   * Joins the group that shares the partitions of these topics: the partitions of a number, of topics with
   * equally many, go to one member. Missing where one process has them all. Only the member's transactions may commit its offsets.
   */
  join?(group: string, topics: readonly string[]): Promise<GroupConsumer>;
  /**
   * Keeps other instances of the application out, in this process and in others. Missing where a group shares out the work.
   *
   * @returns a function that releases the claim; the end of the process releases it, too
   * @throws LogError GROUP_IN_USE when there is one
   */
  claim?(group: string): Promise<() => Promise<void>>;
  /**
   * Ends what a process that is gone has left open, so that nobody has to wait until it has timed out. Should the process
   * be there after all, its transaction is aborted, and it goes on with the next.
   */
  endTransactions?(transactionalId: string): Promise<void>;
  /** Deletes the records before the offset, or more coarsely, some of them (Kafka's DeleteRecords). */
  deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void>;
  close(): Promise<void>;
}

/** A failure of the log that a user can act upon; `code` is stable, the message says what to do. */
export class LogError extends MillraceError<
  | 'LOG_LOCKED'
  | 'LOG_CORRUPT'
  | 'LOG_FULL'
  | 'LOG_READ_ONLY'
  | 'LOG_CLOSED'
  | 'LOG_IO'
  | 'LOG_REFUSED'
  | 'LOG_SETTING'
  | 'GROUP_IN_USE'
  | 'END_MOVED'
  | 'OFFSET_OUT_OF_RANGE'
  | 'PARTITION_COUNT'
  | 'TRANSACTION_ABORTED'
  | 'UNKNOWN_TOPIC'
> {}
