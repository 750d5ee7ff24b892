import { mkdir } from 'node:fs/promises';
import type { AbstractLevel } from 'abstract-level';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { BufferedTransaction, type GroupOffset, type PartitionBatches } from '../buffered-transaction.js';
import {
  type CleanupPolicy,
  type CommitResult,
  type CommittedOffset,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
} from '../log.js';
import { BatchCursor, readBatchHeader, stampAppendTime } from '../record-batch.js';
import { Compaction } from './compaction.js';
import { EmbeddedConsumer } from './embedded-consumer.js';
import {
  batchKey,
  committedOffsetKey,
  offsetOfBatchKey,
  partitionKey,
  TOPIC_KEYS,
  topicKey,
  topicOfKey,
} from './keys.js';
import { closedError, openError, readError, writeError } from './level-errors.js';
import { LogServer } from './log-server.js';

/** What the log asks of LevelDB, on disk or in memory. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

const MAINTENANCE_INTERVAL_MS = 60_000;
/** A compacted partition is rewritten when it has grown by this many records beyond twice what was kept. */
const COMPACTION_SLACK = 100_000;
/** Kafka's `delete.retention.ms`: how long a reader that fell behind can still learn that a key was deleted. */
const TOMBSTONE_RETENTION_MS = 24 * 60 * 60 * 1000;
/** As in Kafka. */
const TOPIC_NAME = /^[\w.-]{1,249}$/;

interface Topic {
  readonly id: number;
  readonly partitions: number;
  readonly cleanupPolicy: CleanupPolicy;
  readonly retentionMs: number;
}

/** What is remembered of a partition beside its batches. */
interface PartitionRecord {
  /** Always where a batch begins, or the end. */
  startOffset: number;
  /** Where the last compaction ended, and how many records it kept. */
  compactedTo: number;
  compactedRecords: number;
}

interface Partition extends PartitionRecord {
  readonly topic: string;
  readonly topicId: number;
  readonly partition: number;
  /** Where the next append goes. */
  nextOffset: number;
  /** Up to where records are durable, and readable. */
  endOffset: number;
  /** Where the last durable batch begins. */
  lastBatchOffset: number;
  /** Deleting and compacting rewrite the same batches: one at a time. */
  rewriting: Promise<unknown>;
  compacting: Promise<unknown>;
}

export interface EmbeddedLogOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Whether a commit waits for the disk; without it a crash of the machine can lose the last commits. Default true. */
  readonly fsync?: boolean;
  /** Whether other processes of this machine may read and write the log through this one. Default false. */
  readonly serve?: boolean;
}

interface Settings {
  readonly fsync: boolean;
  readonly inMemory: boolean;
  /** Where the log is, for messages. */
  readonly location: string;
}

/**
 * A durable log in LevelDB, in this process. One entry holds one appended batch; a transaction is one atomic write.
 *
 * @example
 * const log = await EmbeddedLog.open({ directory: 'data/log' });
 * await log.ensureTopic('words', { partitions: 4 });
 * const transaction = log.transaction();
 * transaction.append('words', 0, Date.now(), null, Buffer.from('hello'));
 * await transaction.commit();
 */
export class EmbeddedLog implements Log {
  readonly singleOwner = true;
  readonly location: string;
  readonly #level: Level;
  readonly #fsync: boolean;
  readonly #inMemory: boolean;
  readonly #topics = new Map<string, Topic>();
  readonly #partitions = new Map<string, Partition[]>();
  readonly #waiting = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #maintenance: Promise<void> = Promise.resolve();
  #server: LogServer | undefined;
  #appends = 0;
  #writes: Promise<unknown> = Promise.resolve();
  #failure: LogError | undefined;
  #closed: Promise<void> | undefined;

  private constructor(level: Level, { fsync, inMemory, location }: Settings) {
    this.#level = level;
    this.#fsync = fsync;
    this.#inMemory = inMemory;
    this.location = location;
    this.#timer = setInterval(() => this.#maintainInBackground(), MAINTENANCE_INTERVAL_MS);
    this.#timer.unref();
  }

  /**
   * Opens the directory.
   *
   * @throws LogError LOG_LOCKED when it is open already, here or in another process; LOG_CORRUPT; LOG_IO
   */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { directory, fsync = true, serve = false } = options;
    try {
      await mkdir(directory, { recursive: true });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LogError('LOG_IO', `cannot create the directory ${directory}: ${reason}`, { cause });
    }
    const level = new ClassicLevel<Buffer, Buffer>(directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      writeBufferSize: 32 * 1024 * 1024,
      maxFileSize: 16 * 1024 * 1024,
    }) as unknown as Level;
    const log = await EmbeddedLog.over(level, { fsync, inMemory: false, location: directory });
    if (serve) {
      try {
        log.#server = await LogServer.listen(log, directory);
      } catch (error) {
        await log.close();
        throw error;
      }
    }
    return log;
  }

  /** A log that is gone with the process. */
  static inMemory(): Promise<EmbeddedLog> {
    const level = new MemoryLevel<Buffer, Buffer>({
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      storeEncoding: 'buffer',
    }) as unknown as Level;
    return EmbeddedLog.over(level, { fsync: false, inMemory: true, location: 'memory' });
  }

  /** @internal A log over any LevelDB with keys and values in buffers. */
  static async over(level: Level, settings: Settings): Promise<EmbeddedLog> {
    try {
      await level.open();
    } catch (error) {
      throw openError(error, settings.location);
    }
    const log = new EmbeddedLog(level, settings);
    try {
      await log.#load();
    } catch (error) {
      await log.close();
      throw openError(error, settings.location);
    }
    log.#maintainInBackground();
    return log;
  }

  async ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    this.requireOpen();
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      if (known.partitions !== config.partitions) {
        throw new LogError(
          'PARTITION_COUNT',
          `the topic "${topic}" has ${known.partitions} partitions, not ${config.partitions}; ` +
            'the number is fixed when a topic is made: use another data directory, or delete this one',
        );
      }
      // Whoever made it may still be at it.
      await this.#settled();
      return;
    }
    if (!TOPIC_NAME.test(topic)) {
      throw new LogError('UNKNOWN_TOPIC', `"${topic}" cannot name a topic: at most 249 letters, digits, ".", "_", "-"`);
    }
    if (!Number.isSafeInteger(config.partitions) || config.partitions < 1 || config.partitions > 100_000) {
      throw new LogError('PARTITION_COUNT', `the topic "${topic}" cannot have ${config.partitions} partitions`);
    }
    const created: Topic = {
      id: this.#topics.size,
      partitions: config.partitions,
      cleanupPolicy: config.cleanupPolicy ?? 'delete',
      retentionMs: config.retentionMs ?? -1,
    };
    this.#addTopic(topic, created);
    await this.#write([{ type: 'put', key: topicKey(topic), value: Buffer.from(JSON.stringify(created)) }]);
    this.#server?.topicsChanged();
  }

  async topics(): Promise<string[]> {
    this.requireOpen();
    return [...this.#topics.keys()].sort();
  }

  async partitions(topic: string): Promise<number | undefined> {
    this.requireOpen();
    return this.#topics.get(topic)?.partitions;
  }

  async startOffset({ topic, partition }: TopicPartition): Promise<number> {
    this.requireOpen();
    return this.#partition(topic, partition).startOffset;
  }

  async endOffset(topicPartition: TopicPartition): Promise<number> {
    this.requireOpen();
    return this.readableTo(topicPartition);
  }

  /** As `endOffset`, at once. */
  readableTo({ topic, partition }: TopicPartition): number {
    return this.#partition(topic, partition).endOffset;
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    this.requireOpen();
    const value = await this.#read(() => this.#level.get(committedOffsetKey(group, topicPartition)));
    return value && (JSON.parse(value.toString()) as CommittedOffset);
  }

  transaction(): Transaction {
    return new BufferedTransaction(this);
  }

  consumer(): LogConsumer {
    return new EmbeddedConsumer(this);
  }

  /** @throws LogError LOG_CLOSED */
  requireOpen(): void {
    if (this.#closed !== undefined) throw closedError(this.location);
  }

  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void {
    this.#partition(topic, partition);
  }

  /**
   * Appends batches of records and commits offsets, in one atomic write. Offsets are given out at once, so that commits
   * take effect in the order of the calls; readers see the records when they are durable.
   */
  async commitBatches(appends: readonly PartitionBatches[], offsets: readonly GroupOffset[]): Promise<CommitResult> {
    this.#requireWritable();
    const now = Date.now();
    const operations: Operation[] = [];
    const ends: { readonly state: Partition; readonly lastBatchOffset: number; readonly endOffset: number }[] = [];
    for (const { topic, partition } of appends) this.#partition(topic, partition);
    for (const { topic, partition, batches } of appends) {
      const state = this.#partition(topic, partition);
      let lastBatchOffset = state.nextOffset;
      for (const { bytes, count } of batches) {
        lastBatchOffset = state.nextOffset;
        stampAppendTime(bytes, now);
        // In memory what is stored stays as it is, and a builder's buffer may have room to spare: not for ever.
        const value = this.#inMemory ? Buffer.from(bytes) : bytes;
        operations.push({ type: 'put', key: batchKey(state.topicId, partition, lastBatchOffset), value });
        state.nextOffset += count;
      }
      ends.push({ state, lastBatchOffset, endOffset: state.nextOffset });
    }
    for (const { group, topicPartition, committed } of offsets) {
      const value = Buffer.from(JSON.stringify(committed));
      operations.push({ type: 'put', key: committedOffsetKey(group, topicPartition), value });
    }
    await this.#write(operations);
    for (const { state, lastBatchOffset, endOffset } of ends) {
      state.endOffset = endOffset;
      state.lastBatchOffset = lastBatchOffset;
    }
    if (ends.length > 0) {
      this.#appends++;
      this.#wakeReaders();
    }
    return {
      endOffset: (topic, partition) =>
        ends.find(({ state }) => state.topic === topic && state.partition === partition)?.endOffset,
    };
  }

  /** The batch that begins at the offset; undefined when none does. */
  batchFrom({ topic, partition }: TopicPartition, offset: number): BatchCursor | undefined {
    this.requireOpen();
    const { topicId, startOffset, endOffset } = this.#partition(topic, partition);
    if (offset < startOffset || offset >= endOffset) return undefined;
    try {
      const bytes = this.#level.getSync(batchKey(topicId, partition, offset));
      return bytes && new BatchCursor(topic, partition, bytes, offset);
    } catch (error) {
      throw readError(error, this.location);
    }
  }

  /** The batch that holds the offset, or else the next one; undefined at the end. */
  async batchAt({ topic, partition }: TopicPartition, offset: number): Promise<BatchCursor | undefined> {
    this.requireOpen();
    const { topicId, startOffset, endOffset } = this.#partition(topic, partition);
    const from = Math.max(offset, startOffset);
    if (from >= endOffset) return undefined;
    const at = batchKey(topicId, partition, from);
    const first = batchKey(topicId, partition, startOffset);
    const end = batchKey(topicId, partition, endOffset);
    return this.#read(async () => {
      // Both are made before the first wait, so that they see the same state of a log that is being compacted.
      const before = this.#level.iterator({ gte: first, lte: at, reverse: true, limit: 1 });
      const after = this.#level.iterator({ gt: at, lt: end, limit: 1 });
      const [[holding], [next]] = await Promise.all([before.all(), after.all()]);
      if (holding !== undefined) {
        const cursor = new BatchCursor(topic, partition, holding[1], offsetOfBatchKey(holding[0]));
        if (cursor.nextOffset > from) return cursor;
      }
      return next && new BatchCursor(topic, partition, next[1], offsetOfBatchKey(next[0]));
    });
  }

  /** How often something has been appended: what `appended` goes by. */
  get appends(): number {
    return this.#appends;
  }

  /**
   * Calls back once, when something has been appended since `appends` was read, or the log was closed.
   *
   * @returns a function that takes the wish back
   */
  onAppend(since: number, callback: () => void): () => void {
    if (since !== this.#appends || this.#closed !== undefined) {
      queueMicrotask(callback);
      return () => {};
    }
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Deletes whole batches: the one that holds the offset stays, and the start offset is where it begins. */
  async deleteRecords({ topic, partition }: TopicPartition, beforeOffset: number): Promise<void> {
    this.#requireWritable();
    const state = this.#partition(topic, partition);
    if (!(Math.min(beforeOffset, state.endOffset) > state.startOffset)) return;
    await this.#rewrite(state, async () => {
      const before = Math.min(beforeOffset, state.endOffset);
      if (before <= state.startOffset) return;
      const holding = await this.batchAt(state, before);
      const start = holding === undefined ? before : Math.min(before, holding.baseOffset);
      if (start <= state.startOffset) return;
      state.startOffset = start;
      await this.#write([rememberPartition(state)]);
      const range = { gte: batchKey(state.topicId, partition, 0), lt: batchKey(state.topicId, partition, start) };
      try {
        await this.#level.clear(range);
      } catch (error) {
        throw writeError(error, this.location);
      }
    });
  }

  /**
   * Applies retention and compaction as of the given time. The log does so by itself, when it is opened and every
   * minute.
   */
  async maintain(now: number): Promise<void> {
    for (const [name, topic] of this.#topics) {
      for (const state of this.#partitions.get(name) ?? []) {
        if (this.#closed !== undefined) return;
        if (topic.cleanupPolicy === 'compact') {
          const grown = state.endOffset - Math.max(state.compactedTo, state.startOffset);
          if (grown > 2 * state.compactedRecords + COMPACTION_SLACK) await this.#compact(state, now);
        } else if (topic.retentionMs >= 0) {
          await this.#retain(state, now - topic.retentionMs);
        }
      }
    }
  }

  /**
   * Keeps, of the records before the partition's last batch, the newest of each key. A record that deletes its key
   * (its value is null) stays for a day, for readers that fell behind, and then goes, too. Offsets stay what they were.
   */
  async compact({ topic, partition }: TopicPartition, now = Date.now()): Promise<void> {
    this.#requireWritable();
    await this.#compact(this.#partition(topic, partition), now);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // `#closed` is set when this goes on: whoever is woken sees it.
    await Promise.resolve();
    this.#wakeReaders();
    await this.#server?.close();
    await this.#maintenance;
    await this.#settled();
    await this.#level.close();
  }

  /** One at a time: a second one would put batches back that the first has merged. */
  #compact(state: Partition, now: number): Promise<void> {
    const compacted = state.compacting.then(() => this.#compactNow(state, now));
    state.compacting = compacted.catch(() => {});
    return compacted;
  }

  async #compactNow(state: Partition, now: number): Promise<void> {
    const { topicId, partition } = state;
    const compaction = new Compaction({
      batches: (from, to) => this.#batches(state, from, to),
      replace: (baseOffsets, batch) =>
        this.#rewrite(state, async () => {
          const [first] = baseOffsets;
          if (first === undefined || first < state.startOffset || this.#closed !== undefined) return;
          const operations: Operation[] = baseOffsets.map((offset) => ({
            type: 'del',
            key: batchKey(topicId, partition, offset),
          }));
          if (batch !== undefined)
            operations.push({ type: 'put', key: batchKey(topicId, partition, first), value: batch });
          await this.#write(operations);
        }),
    });
    // The last batch stays as it is: the end offset is read from it when the log is opened.
    const to = state.lastBatchOffset;
    let from = Math.min(Math.max(state.startOffset, state.compactedTo), to);
    do {
      const done = await compaction.run({
        startOffset: state.startOffset,
        from,
        to,
        tombstonesBefore: now - TOMBSTONE_RETENTION_MS,
      });
      if (this.#closed !== undefined) return;
      from = done.compactedTo;
      state.compactedTo = done.compactedTo;
      state.compactedRecords = done.records;
    } while (from < to);
    await this.#write([rememberPartition(state)]);
  }

  async #retain(state: Partition, appendedBefore: number): Promise<void> {
    let keepFrom = state.endOffset;
    for await (const { bytes, baseOffset } of this.#batches(state, state.startOffset, state.endOffset)) {
      if (readBatchHeader(bytes, baseOffset).appendTime < appendedBefore) continue;
      keepFrom = baseOffset;
      break;
    }
    if (this.#closed === undefined) await this.deleteRecords(state, keepFrom);
  }

  async *#batches({ topic, topicId, partition }: Partition, from: number, to: number): AsyncGenerator<BatchCursor> {
    const range = { gte: batchKey(topicId, partition, from), lt: batchKey(topicId, partition, to) };
    try {
      for await (const [key, bytes] of this.#level.iterator(range)) {
        yield new BatchCursor(topic, partition, bytes, offsetOfBatchKey(key));
        if (this.#closed !== undefined) return;
      }
    } catch (error) {
      throw readError(error, this.location);
    }
  }

  async #load(): Promise<void> {
    for await (const [key, value] of this.#level.iterator(TOPIC_KEYS)) {
      this.#addTopic(topicOfKey(key), JSON.parse(value.toString()) as Topic);
    }
    for (const states of this.#partitions.values()) {
      for (const state of states) {
        const remembered = await this.#level.get(partitionKey(state.topicId, state.partition));
        if (remembered !== undefined) Object.assign(state, JSON.parse(remembered.toString()) as PartitionRecord);
        const [last] = await this.#level
          .iterator({
            gte: batchKey(state.topicId, state.partition, 0),
            lte: batchKey(state.topicId, state.partition, Number.MAX_SAFE_INTEGER),
            reverse: true,
            limit: 1,
          })
          .all();
        if (last !== undefined) {
          state.lastBatchOffset = offsetOfBatchKey(last[0]);
          state.nextOffset = readBatchHeader(last[1], state.lastBatchOffset).lastOffset + 1;
        }
        state.nextOffset = Math.max(state.nextOffset, state.startOffset);
        state.endOffset = state.nextOffset;
      }
    }
  }

  #addTopic(name: string, topic: Topic): void {
    this.#topics.set(name, topic);
    const states = Array.from({ length: topic.partitions }, (_, partition) => ({
      topic: name,
      topicId: topic.id,
      partition,
      startOffset: 0,
      nextOffset: 0,
      endOffset: 0,
      lastBatchOffset: 0,
      compactedTo: 0,
      compactedRecords: 0,
      rewriting: Promise.resolve(),
      compacting: Promise.resolve(),
    }));
    this.#partitions.set(name, states);
  }

  #partition(topic: string, partition: number): Partition {
    const states = this.#partitions.get(topic);
    if (states === undefined) {
      throw new LogError('UNKNOWN_TOPIC', `there is no topic "${topic}" in ${this.location}`);
    }
    const state = states[partition];
    if (state !== undefined) return state;
    throw new LogError(
      'UNKNOWN_TOPIC',
      `the topic "${topic}" has partitions 0 to ${states.length - 1}, not ${partition}`,
    );
  }

  #maintainInBackground(): void {
    this.#maintenance = this.#maintenance
      .then(() => this.maintain(Date.now()))
      .catch((error: unknown) => {
        // A failed write is told by the next commit; whatever else it is must be seen, too.
        if (this.#closed === undefined && this.#failure === undefined) process.emitWarning(error as Error);
      });
  }

  #wakeReaders(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** Runs after what else rewrites the partition's batches. */
  #rewrite<T>(state: Partition, work: () => Promise<T>): Promise<T> {
    const result = state.rewriting.then(work);
    state.rewriting = result.catch(() => {});
    return result;
  }

  #settled(): Promise<unknown> {
    return this.#writes;
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw readError(error, this.location);
    }
  }

  /** Writes in the order of the calls. After a failure nothing is written any more: what came before it stands. */
  #write(operations: Operation[]): Promise<void> {
    const write = this.#writes.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      if (operations.length === 0) return;
      try {
        // `sync` is of classic-level, not of abstract-level.
        await this.#level.batch(operations, { sync: this.#fsync } as object);
      } catch (error) {
        this.#failure = writeError(error, this.location);
        throw this.#failure;
      }
    });
    this.#writes = write.catch(() => {});
    return write;
  }

  #requireWritable(): void {
    this.requireOpen();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function rememberPartition(state: Partition): Operation {
  const { topicId, partition, startOffset, compactedTo, compactedRecords } = state;
  const record: PartitionRecord = { startOffset, compactedTo, compactedRecords };
  return { type: 'put', key: partitionKey(topicId, partition), value: Buffer.from(JSON.stringify(record)) };
}
