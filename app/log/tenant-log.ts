import type {
  CommittedOffset,
  GroupConsumer,
  Log,
  LogConsumer,
  Rebalance,
  RecordCursor,
  TopicConfig,
  TopicPartition,
  Transaction,
  WriteSessions,
} from '@millrace/streams';

/**
 * The part of a log that is a tenant's: topics and groups whose names begin with the prefix. Whoever has it speaks of them
 * without the prefix, and can name no others. Ids of transactions stay what they are: members tell them to each other.
 */
export class TenantLog implements Log {
  readonly singleOwner: boolean;
  readonly transactionalId?: string;
  readonly sessions?: WriteSessions;
  notice?: () => Transaction;
  join?: (group: string, topics: readonly string[]) => Promise<GroupConsumer>;
  claim?: (group: string) => Promise<() => Promise<void>>;
  endTransactions?: (transactionalId: string) => Promise<void>;
  readonly #log: Log;
  readonly #names: PrefixedNames;

  constructor(log: Log, prefix: string) {
    const names = new PrefixedNames(prefix);
    this.#log = log;
    this.#names = names;
    this.singleOwner = log.singleOwner;
    if (log.transactionalId !== undefined) this.transactionalId = log.transactionalId;
    if (log.sessions !== undefined) this.sessions = log.sessions;
    // What a log has not, its user must not find here.
    if (log.notice !== undefined) {
      const notice = log.notice.bind(log);
      this.notice = () => tenantTransaction(notice(), names);
    }
    if (log.join !== undefined) {
      const join = log.join.bind(log);
      this.join = async (group, topics) =>
        new TenantGroupConsumer(
          await join(
            names.full(group),
            topics.map((topic) => names.full(topic)),
          ),
          names,
        );
    }
    if (log.claim !== undefined) {
      const claim = log.claim.bind(log);
      this.claim = (group) => claim(names.full(group));
    }
    if (log.endTransactions !== undefined) this.endTransactions = log.endTransactions.bind(log);
  }

  ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    return this.#log.ensureTopic(this.#names.full(topic), config);
  }

  async topics(): Promise<string[]> {
    return (await this.#log.topics())
      .filter((topic) => this.#names.has(topic))
      .map((topic) => this.#names.short(topic));
  }

  partitions(topic: string): Promise<number | undefined> {
    return this.#log.partitions(this.#names.full(topic));
  }

  startOffset(topicPartition: TopicPartition): Promise<number> {
    return this.#log.startOffset(this.#names.place(topicPartition));
  }

  endOffset(topicPartition: TopicPartition, options?: { readonly settled?: boolean }): Promise<number> {
    return this.#log.endOffset(this.#names.place(topicPartition), options);
  }

  committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    return this.#log.committed(this.#names.full(group), this.#names.place(topicPartition));
  }

  transaction(): Transaction {
    return tenantTransaction(this.#log.transaction(), this.#names);
  }

  consumer(): LogConsumer {
    return new TenantConsumer(this.#log.consumer(), this.#names);
  }

  deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#log.deleteRecords(this.#names.place(topicPartition), beforeOffset);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/** Names as the tenant knows them, and as the log does. */
class PrefixedNames {
  readonly #prefix: string;
  /** Each append asks: a name is put together once. */
  readonly #full = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  full(name: string): string {
    let full = this.#full.get(name);
    if (full === undefined) {
      full = this.#prefix + name;
      this.#full.set(name, full);
    }
    return full;
  }

  has(full: string): boolean {
    return full.startsWith(this.#prefix);
  }

  short(full: string): string {
    return full.slice(this.#prefix.length);
  }

  place({ partition, topic }: TopicPartition): TopicPartition {
    return { topic: this.full(topic), partition };
  }
}

function tenantTransaction(transaction: Transaction, names: PrefixedNames): Transaction {
  const { expectEnd, requireSession } = transaction;
  return {
    append: (topic, partition, timestamp, key, value, headers) =>
      transaction.append(names.full(topic), partition, timestamp, key, value, headers),
    commitOffset: (group, topicPartition, committed) =>
      transaction.commitOffset(names.full(group), names.place(topicPartition), committed),
    ...(expectEnd !== undefined && {
      expectEnd: (topicPartition: TopicPartition, offset: number) =>
        expectEnd.call(transaction, names.place(topicPartition), offset),
    }),
    ...(requireSession !== undefined && { requireSession: requireSession.bind(transaction) }),
    get sizeBytes() {
      return transaction.sizeBytes;
    },
    commit: async () => {
      const result = await transaction.commit();
      return { endOffset: (topic, partition) => result.endOffset(names.full(topic), partition) };
    },
    abort: () => transaction.abort(),
  };
}

class TenantConsumer<Inner extends LogConsumer = LogConsumer> implements LogConsumer {
  protected readonly inner: Inner;
  protected readonly names: PrefixedNames;

  constructor(inner: Inner, names: PrefixedNames) {
    this.inner = inner;
    this.names = names;
  }

  assign(topicPartition: TopicPartition, offset: number): void {
    this.inner.assign(this.names.place(topicPartition), offset);
  }

  pause(topicPartition: TopicPartition): void {
    this.inner.pause(this.names.place(topicPartition));
  }

  resume(topicPartition: TopicPartition): void {
    this.inner.resume(this.names.place(topicPartition));
  }

  async poll(maxWaitMs: number): Promise<RecordCursor[]> {
    const cursors = await this.inner.poll(maxWaitMs);
    return cursors.map((cursor) => new TenantCursor(cursor, this.names.short(cursor.topic)));
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

class TenantGroupConsumer extends TenantConsumer<GroupConsumer> implements GroupConsumer {
  takeRebalance(): Rebalance | undefined {
    const rebalance = this.inner.takeRebalance();
    if (rebalance === undefined) return undefined;
    const partitions = rebalance.partitions.map(({ partition, topic }) => ({
      topic: this.names.short(topic),
      partition,
    }));
    return { kind: rebalance.kind, partitions };
  }

  unassign(partitions: readonly TopicPartition[]): void {
    this.inner.unassign(partitions.map((place) => this.names.place(place)));
  }
}

/** The records are the log's; the topic has the tenant's name. */
class TenantCursor implements RecordCursor {
  readonly #cursor: RecordCursor;
  readonly topic: string;

  constructor(cursor: RecordCursor, topic: string) {
    this.#cursor = cursor;
    this.topic = topic;
  }

  get partition() {
    return this.#cursor.partition;
  }
  get nextOffset() {
    return this.#cursor.nextOffset;
  }
  get gap() {
    return this.#cursor.gap;
  }
  next() {
    return this.#cursor.next();
  }
  get offset() {
    return this.#cursor.offset;
  }
  get timestamp() {
    return this.#cursor.timestamp;
  }
  get keyBytes() {
    return this.#cursor.keyBytes;
  }
  get keyStart() {
    return this.#cursor.keyStart;
  }
  get keyEnd() {
    return this.#cursor.keyEnd;
  }
  get valueBytes() {
    return this.#cursor.valueBytes;
  }
  get valueStart() {
    return this.#cursor.valueStart;
  }
  get valueEnd() {
    return this.#cursor.valueEnd;
  }
  get headers() {
    return this.#cursor.headers;
  }
}
