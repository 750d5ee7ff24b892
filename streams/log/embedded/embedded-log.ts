import { mkdir } from 'node:fs/promises';
import type { AbstractLevel } from 'abstract-level';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import {
  type CleanupPolicy,
  type CommitResult,
  type CommittedOffset,
  type Headers,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
} from '../log.js';
import { BatchCursor, RecordBatchBuilder, readBatchHeader } from '../record-batch.js';
import { EmbeddedConsumer } from './embedded-consumer.js';

type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

/** A batch is closed when it has this many bytes or records, so that a reader's memory stays bounded. */
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BATCH_RECORDS = 20_000;
const MAINTENANCE_INTERVAL_MS = 60_000;
/** A compacted partition is rewritten when it has grown by this many records beyond twice what was kept. */
const COMPACTION_SLACK = 100_000;

interface Topic {
  readonly id: number;
  readonly partitions: number;
  readonly cleanupPolicy: CleanupPolicy;
  readonly retentionMs: number;
}

/** One partition's state in memory. */
interface Partition {
  startOffset: number;
  /** Where the next append goes. */
  nextOffset: number;
  /** Up to where records are durable, and readable. */
  endOffset: number;
  /** Where the last compaction ended, and how many records it kept. */
  compactedTo: number;
  compactedRecords: number;
}

export interface EmbeddedLogOptions {
  readonly directory: string;
  /** Whether a commit waits for the disk; without it a crash of the machine can lose the last commits. Default true. */
  readonly fsync?: boolean;
}

/**
 * A durable log in LevelDB, in this process. One entry holds one appended batch; a transaction is one atomic write.
 *
 * Keys: `t<name>` a topic; `b<topic id><partition><first offset>` a batch (numbers big-endian, so that batches are in
 * order); `s<topic id><partition>` where the partition starts; `o<group>\0<topic>\0<partition>` a committed offset.
 */
export class EmbeddedLog implements Log {
  readonly singleOwner = true;
  readonly #level: Level;
  readonly #fsync: boolean;
  readonly #topics = new Map<string, Topic>();
  readonly #partitions = new Map<string, Partition>();
  readonly #waiting = new Set<() => void>();
  readonly #maintenance: NodeJS.Timeout;
  #writes: Promise<unknown> = Promise.resolve();
  #failure: LogError | undefined;
  #closed = false;

  private constructor(
    level: Level,
    fsync: boolean,
    /** Where the log is, for messages. */
    readonly location: string,
  ) {
    this.#level = level;
    this.#fsync = fsync;
    this.#maintenance = setInterval(() => void this.maintain(Date.now()).catch(() => {}), MAINTENANCE_INTERVAL_MS);
    this.#maintenance.unref();
  }

  /** Opens the directory, and creates it when it is not there. @throws LogError LOG_LOCKED, LOG_CORRUPT or LOG_IO */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { directory } = options;
    try {
      await mkdir(directory, { recursive: true });
    } catch (cause) {
      throw new LogError('LOG_IO', `cannot create the directory ${directory}: ${(cause as Error).message}`, { cause });
    }
    const level = new ClassicLevel<Buffer, Buffer>(directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      writeBufferSize: 32 * 1024 * 1024,
      maxFileSize: 16 * 1024 * 1024,
    }) as unknown as Level;
    return EmbeddedLog.#over(level, options.fsync ?? true, directory);
  }

  /** A log that is gone with the process. */
  static inMemory(): Promise<EmbeddedLog> {
    const level = new MemoryLevel<Buffer, Buffer>({
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      storeEncoding: 'buffer',
    }) as unknown as Level;
    return EmbeddedLog.#over(level, false, 'memory');
  }

  static async #over(level: Level, fsync: boolean, location: string): Promise<EmbeddedLog> {
    try {
      await level.open();
    } catch (error) {
      throw openError(error as Error, location);
    }
    const log = new EmbeddedLog(level, fsync, location);
    await log.#load();
    return log;
  }

  async ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      if (known.partitions === config.partitions) return;
      throw new LogError(
        'PARTITION_COUNT',
        `the topic "${topic}" has ${known.partitions} partitions, not ${config.partitions}; ` +
          'the number is fixed when a topic is made: use another data directory, or delete this one',
      );
    }
    const created: Topic = {
      id: this.#topics.size,
      partitions: config.partitions,
      cleanupPolicy: config.cleanupPolicy ?? 'delete',
      retentionMs: config.retentionMs ?? -1,
    };
    this.#addTopic(topic, created);
    await this.#write([{ type: 'put', key: Buffer.from(`t${topic}`), value: Buffer.from(JSON.stringify(created)) }]);
  }

  async topics(): Promise<string[]> {
    return [...this.#topics.keys()].sort();
  }

  async partitions(topic: string): Promise<number | undefined> {
    return this.#topics.get(topic)?.partitions;
  }

  async startOffset(topicPartition: TopicPartition): Promise<number> {
    return this.#partition(topicPartition.topic, topicPartition.partition).startOffset;
  }

  async endOffset(topicPartition: TopicPartition): Promise<number> {
    return this.readableTo(topicPartition);
  }

  /** As `endOffset`, at once. */
  readableTo({ topic, partition }: TopicPartition): number {
    return this.#partition(topic, partition).endOffset;
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    const value = await this.#level.get(offsetKey(group, topicPartition));
    return value && (JSON.parse(value.toString()) as CommittedOffset);
  }

  transaction(): Transaction {
    return new EmbeddedTransaction(
      (topic, partition) => this.#partition(topic, partition),
      (batches, offsets) => this.#commit(batches, offsets),
    );
  }

  consumer(): LogConsumer {
    return new EmbeddedConsumer(this);
  }

  /** The batch that holds the offset, or else the next one; undefined at the end. */
  async batchAt(topicPartition: TopicPartition, offset: number): Promise<BatchCursor | undefined> {
    const { topic, partition } = topicPartition;
    const { startOffset, endOffset } = this.#partition(topic, partition);
    const from = Math.max(offset, startOffset);
    if (from >= endOffset) return undefined;
    const id = this.#topic(topic).id;
    const exact = this.#level.getSync(batchKey(id, partition, from));
    if (exact !== undefined) return new BatchCursor(topic, partition, exact, from);
    const range = { gte: batchKey(id, partition, 0), lt: batchKey(id, partition, endOffset) };
    const [before] = await this.#level
      .iterator({ ...range, lt: batchKey(id, partition, from), reverse: true, limit: 1 })
      .all();
    if (before !== undefined && readBatchHeader(before[1], batchOffset(before[0])).lastOffset >= from) {
      return new BatchCursor(topic, partition, before[1], batchOffset(before[0]));
    }
    const [after] = await this.#level.iterator({ ...range, gte: batchKey(id, partition, from), limit: 1 }).all();
    return after && new BatchCursor(topic, partition, after[1], batchOffset(after[0]));
  }

  /** Calls back once, when records have been appended. @returns a function that takes the wish back */
  onAppend(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  async deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    const { topic, partition } = topicPartition;
    const state = this.#partition(topic, partition);
    const before = Math.min(beforeOffset, state.endOffset);
    if (before <= state.startOffset) return;
    const id = this.#topic(topic).id;
    // The batch that holds the offset stays; so does the start offset stand at a batch.
    const holding = await this.batchAt(topicPartition, before);
    const start = holding === undefined ? before : Math.min(before, holding.baseOffset);
    if (start <= state.startOffset) return;
    state.startOffset = start;
    await this.#write([{ type: 'put', key: startKey(id, partition), value: Buffer.from(String(start)) }]);
    await this.#level.clear({ gte: batchKey(id, partition, 0), lt: batchKey(id, partition, start) });
  }

  /** Applies retention and compaction, as of the given time. */
  async maintain(now: number): Promise<void> {
    for (const [name, topic] of this.#topics) {
      for (let partition = 0; partition < topic.partitions && !this.#closed; partition++) {
        if (topic.cleanupPolicy === 'compact') await this.#compactWhenWorth({ topic: name, partition });
        else if (topic.retentionMs >= 0) await this.#retain({ topic: name, partition }, now - topic.retentionMs);
      }
    }
  }

  /** Keeps, of the records appended so far, the last of each key; a key whose last value is null goes. */
  async compact(topicPartition: TopicPartition): Promise<void> {
    const { topic, partition } = topicPartition;
    const state = this.#partition(topic, partition);
    const { id } = this.#topic(topic);
    const end = state.endOffset;
    const lastOffsets = new Map<string, number>();
    for await (const cursor of this.#batches(topicPartition, end)) {
      while (cursor.next()) lastOffsets.set(keyText(cursor), cursor.offset);
    }
    let kept = 0;
    for await (const cursor of this.#batches(topicPartition, end)) {
      const builder = new RecordBatchBuilder({ sparse: true });
      const before = readBatchHeader(cursor.bytes, cursor.baseOffset);
      while (cursor.next()) {
        if (lastOffsets.get(keyText(cursor)) !== cursor.offset || cursor.valueStart < 0) continue;
        const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp, headers, offset, baseOffset } = cursor;
        const key = keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd);
        builder.append(timestamp, key, bytes.subarray(valueStart, valueEnd), headers, offset - baseOffset);
      }
      kept += builder.count;
      if (builder.count === before.count) continue;
      const key = batchKey(id, partition, cursor.baseOffset);
      await this.#write([
        builder.count === 0
          ? { type: 'del', key }
          : { type: 'put', key, value: builder.finish(before.appendTime) },
      ]);
    }
    state.compactedTo = end;
    state.compactedRecords = kept;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#maintenance);
    for (const callback of this.#waiting) callback();
    await this.#writes.catch(() => {});
    await this.#level.close();
  }

  async #compactWhenWorth(topicPartition: TopicPartition): Promise<void> {
    const state = this.#partition(topicPartition.topic, topicPartition.partition);
    const grown = state.endOffset - state.compactedTo;
    if (grown > 2 * state.compactedRecords + COMPACTION_SLACK) await this.compact(topicPartition);
  }

  async #retain(topicPartition: TopicPartition, appendedBefore: number): Promise<void> {
    const { endOffset } = this.#partition(topicPartition.topic, topicPartition.partition);
    let keepFrom = endOffset;
    for await (const cursor of this.#batches(topicPartition, endOffset)) {
      if (readBatchHeader(cursor.bytes, cursor.baseOffset).appendTime >= appendedBefore) {
        keepFrom = cursor.baseOffset;
        break;
      }
    }
    await this.deleteRecords(topicPartition, keepFrom);
  }

  async *#batches({ topic, partition }: TopicPartition, end: number): AsyncGenerator<BatchCursor> {
    const { id } = this.#topic(topic);
    const { startOffset } = this.#partition(topic, partition);
    const range = { gte: batchKey(id, partition, startOffset), lt: batchKey(id, partition, end) };
    for await (const [key, bytes] of this.#level.iterator({ ...range })) {
      yield new BatchCursor(topic, partition, bytes, batchOffset(key));
    }
  }

  async #load(): Promise<void> {
    for await (const [key, value] of this.#level.iterator({ gte: Buffer.from('t'), lt: Buffer.from('u') })) {
      this.#addTopic(key.toString('utf8', 1), JSON.parse(value.toString()) as Topic);
    }
    for (const [name, { id, partitions }] of this.#topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const state = this.#partition(name, partition);
        const start = await this.#level.get(startKey(id, partition));
        if (start !== undefined) state.startOffset = Number(start.toString());
        const [last] = await this.#level
          .iterator({
            gte: batchKey(id, partition, 0),
            lt: batchKey(id, partition, Number.MAX_SAFE_INTEGER),
            reverse: true,
            limit: 1,
          })
          .all();
        const end = last === undefined ? 0 : readBatchHeader(last[1], batchOffset(last[0])).lastOffset + 1;
        state.nextOffset = Math.max(end, state.startOffset);
        state.endOffset = state.nextOffset;
      }
    }
  }

  #addTopic(name: string, topic: Topic): void {
    this.#topics.set(name, topic);
    for (let partition = 0; partition < topic.partitions; partition++) {
      this.#partitions.set(`${name}-${partition}`, {
        startOffset: 0,
        nextOffset: 0,
        endOffset: 0,
        compactedTo: 0,
        compactedRecords: 0,
      });
    }
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new LogError('UNKNOWN_TOPIC', `there is no topic "${name}" in ${this.location}`);
    return topic;
  }

  #partition(topic: string, partition: number): Partition {
    const state = this.#partitions.get(`${topic}-${partition}`);
    if (state !== undefined) return state;
    const { partitions } = this.#topic(topic);
    throw new LogError('UNKNOWN_TOPIC', `the topic "${topic}" has partitions 0 to ${partitions - 1}, not ${partition}`);
  }

  async #commit(batches: readonly PendingBatches[], offsets: readonly PendingOffset[]): Promise<CommitResult> {
    const now = Date.now();
    const operations: Operation[] = [];
    const ends: { state: Partition; end: number }[] = [];
    const endOffsets = new Map<string, number>();
    for (const { topic, partition, builders } of batches) {
      const state = this.#partition(topic, partition);
      const { id } = this.#topic(topic);
      for (const builder of builders) {
        operations.push({ type: 'put', key: batchKey(id, partition, state.nextOffset), value: builder.finish(now) });
        state.nextOffset += builder.count;
      }
      ends.push({ state, end: state.nextOffset });
      endOffsets.set(`${topic}-${partition}`, state.nextOffset);
    }
    for (const { group, topicPartition, committed } of offsets) {
      operations.push({
        type: 'put',
        key: offsetKey(group, topicPartition),
        value: Buffer.from(JSON.stringify(committed)),
      });
    }
    await this.#write(operations);
    for (const { state, end } of ends) state.endOffset = Math.max(state.endOffset, end);
    if (ends.length > 0) {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const callback of waiting) callback();
    }
    return { endOffset: (topic, partition) => endOffsets.get(`${topic}-${partition}`) };
  }

  /** Writes in the order of the calls. After a failure nothing is written any more: what came before it stands. */
  #write(operations: Operation[]): Promise<void> {
    const write = this.#writes.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) throw new LogError('LOG_CLOSED', `the log in ${this.location} is closed`);
      try {
        await this.#level.batch(operations, { sync: this.#fsync } as object);
      } catch (error) {
        this.#failure = writeError(error as Error, this.location);
        throw this.#failure;
      }
    });
    this.#writes = write.catch(() => {});
    return write;
  }
}

type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

interface PendingBatches {
  readonly topic: string;
  readonly partition: number;
  readonly builders: RecordBatchBuilder[];
}

interface PendingOffset {
  readonly group: string;
  readonly topicPartition: TopicPartition;
  readonly committed: CommittedOffset;
}

class EmbeddedTransaction implements Transaction {
  readonly #checkPartition: (topic: string, partition: number) => unknown;
  readonly #commit: (batches: readonly PendingBatches[], offsets: readonly PendingOffset[]) => Promise<CommitResult>;
  readonly #pending = new Map<string, PendingBatches[]>();
  #offsets: PendingOffset[] = [];
  #closedBytes = 0;

  constructor(
    checkPartition: (topic: string, partition: number) => unknown,
    commit: (batches: readonly PendingBatches[], offsets: readonly PendingOffset[]) => Promise<CommitResult>,
  ) {
    this.#checkPartition = checkPartition;
    this.#commit = commit;
  }

  get sizeBytes(): number {
    let size = this.#closedBytes;
    for (const partitions of this.#pending.values()) {
      for (const batches of partitions) size += batches?.builders.at(-1)?.sizeBytes ?? 0;
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
    let partitions = this.#pending.get(topic);
    if (partitions === undefined) {
      partitions = [];
      this.#pending.set(topic, partitions);
    }
    let batches = partitions[partition];
    if (batches === undefined) {
      this.#checkPartition(topic, partition);
      batches = { topic, partition, builders: [new RecordBatchBuilder()] };
      partitions[partition] = batches;
    }
    let builder = batches.builders.at(-1) as RecordBatchBuilder;
    if (builder.sizeBytes >= MAX_BATCH_BYTES || builder.count >= MAX_BATCH_RECORDS) {
      this.#closedBytes += builder.sizeBytes;
      builder = new RecordBatchBuilder({ initialBytes: builder.sizeBytes });
      batches.builders.push(builder);
    }
    builder.append(timestamp, key, value, headers);
  }

  commitOffset(group: string, topicPartition: TopicPartition, committed: CommittedOffset): void {
    this.#offsets.push({ group, topicPartition, committed });
  }

  commit(): Promise<CommitResult> {
    const batches = [...this.#pending.values()].flat().filter((pending) => pending !== undefined);
    return this.#commit(batches, this.#offsets);
  }

  async abort(): Promise<void> {
    this.#pending.clear();
    this.#offsets = [];
    this.#closedBytes = 0;
  }
}

function batchKey(topicId: number, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(17);
  key[0] = 0x62;
  key.writeUInt32BE(topicId, 1);
  key.writeUInt32BE(partition, 5);
  key.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), 9);
  key.writeUInt32BE(offset % 0x1_0000_0000, 13);
  return key;
}

function batchOffset(key: Buffer): number {
  return key.readUInt32BE(9) * 0x1_0000_0000 + key.readUInt32BE(13);
}

function startKey(topicId: number, partition: number): Buffer {
  return Buffer.concat([Buffer.from('s'), batchKey(topicId, partition, 0).subarray(1, 9)]);
}

function offsetKey(group: string, { topic, partition }: TopicPartition): Buffer {
  return Buffer.from(`o${group}\0${topic}\0${partition}`);
}

function keyText({ bytes, keyStart, keyEnd }: BatchCursor): string {
  return keyStart < 0 ? '' : `k${bytes.toString('latin1', keyStart, keyEnd)}`;
}

function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}

function openError(error: Error, location: string): LogError {
  const cause = rootCause(error);
  if ('code' in cause && cause.code === 'LEVEL_LOCKED') {
    return new LogError(
      'LOG_LOCKED',
      `the directory ${location} is in use by another process; stop that one, or use another directory`,
      { cause: error },
    );
  }
  if (/corrupt/i.test(cause.message)) {
    return new LogError('LOG_CORRUPT', `the log in ${location} is corrupt: ${cause.message}`, { cause: error });
  }
  return new LogError('LOG_IO', `cannot open the log in ${location}: ${cause.message}`, { cause: error });
}

function writeError(error: Error, location: string): LogError {
  const cause = rootCause(error);
  if (/no space left|ENOSPC|disk quota/i.test(cause.message)) {
    return new LogError(
      'LOG_FULL',
      `the disk is full: cannot write to ${location}; make room and start again, nothing that was committed is lost`,
      { cause: error },
    );
  }
  return new LogError('LOG_IO', `cannot write to the log in ${location}: ${cause.message}`, { cause: error });
}
