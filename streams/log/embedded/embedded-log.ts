import { realpath } from 'node:fs/promises';
import { type Level, levelInMemory } from '../../leveldb/level.js';
import type { PartitionBatches } from '../buffered-transaction.js';
import {
  type CommitResult,
  type CommittedOffset,
  type GroupOffset,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
} from '../log.js';
import { makePrivateDirectory } from '../private-directory.js';
import { type BatchCursor, sealBatch } from '../record-batch.js';
import { checkLogFiles } from './check-log.js';
import { CommitMark } from './commit-mark.js';
import { ConditionalTransaction, type ExpectedEnd } from './conditional-transaction.js';
import { fileWith } from './damaged-file.js';
import { DamagedRecordsError } from './damaged-records-error.js';
import { noteClosed, noteOpen } from './directory-lock.js';
import { EmbeddedConsumer } from './embedded-consumer.js';
import { batchKey, committedOffsetKey, committedOffsetOfKey, offsetOfBatchKey } from './keys.js';
import { logOnDisk, type Operation, OrderedWriter } from './level.js';
import { closedError, openError, readError } from './level-errors.js';
import { LogCleaner, type RetentionDeletion } from './log-cleaner.js';
import { readSmallEntries } from './log-entries.js';
import { LogServer } from './log-server.js';
import { putSmallEntry } from './small-entries.js';
import { storedBatch } from './stored-batch.js';
import { gapsBefore, type PartitionState, rememberEnd, Topics } from './topics.js';

const CLEANING_INTERVAL_MS = 60_000;

export interface EmbeddedLogOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Whether a commit waits for the disk; without it a crash of the machine can lose the last commits. Default true. */
  readonly fsync?: boolean;
  /** Whether other processes of this machine may read and write the log through this one. Default false. */
  readonly serve?: boolean;
  /**
   * Whether retention and compaction are applied, at once and every minute. Default true; a program that only reads or appends leaves it
   * to the pipeline.
   */
  readonly cleans?: boolean;
  /**
   * How much the records of topics with a retention may take on disk, in bytes. Beyond it the oldest are deleted, of whatever
   * topic, but none that an application which runs here has yet to process. Default: no bound.
   */
  readonly maxBytes?: number | undefined;
  /**
   * How much of a partition of a compacted topic, such as a changelog, may take room on disk before it is compacted, in bytes.
   * It is looked at every minute. Default 256 MiB.
   */
  readonly maxUncompactedBytes?: number | undefined;
  /** Receives what retention has deleted. */
  readonly onRetention?: (deletion: RetentionDeletion) => void;
}

interface LevelSettings {
  readonly fsync: boolean;
  readonly inMemory: boolean;
  /** Where the log is, for messages. */
  readonly location: string;
  readonly cleans?: boolean;
  readonly maxBytes?: number | undefined;
  readonly maxUncompactedBytes?: number | undefined;
  readonly onRetention?: ((deletion: RetentionDeletion) => void) | undefined;
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
  readonly #inMemory: boolean;
  readonly #topics: Topics;
  readonly #writer: OrderedWriter;
  readonly #cleaner: LogCleaner;
  /** What groups have committed, by key. */
  readonly #offsets = new Map<string, CommittedOffset>();
  readonly #waiting = new Set<() => void>();
  readonly #claimed = new Set<string>();
  readonly #timer: NodeJS.Timeout | undefined;
  #cleaning: Promise<void> = Promise.resolve();
  #server: LogServer | undefined;
  /** The directory's real path. */
  #openedAt: string | undefined;
  #appends = 0;
  #closed: Promise<void> | undefined;

  private constructor(level: Level, settings: LevelSettings) {
    const { cleans = true, inMemory, location, maxBytes, onRetention = () => {} } = settings;
    this.#level = level;
    this.#inMemory = inMemory;
    this.location = location;
    this.#topics = new Topics(location);
    this.#writer = new OrderedWriter(level, settings);
    const bound = maxBytes === undefined ? undefined : { maxBytes, processedTo: this.#processedTo.bind(this) };
    this.#cleaner = new LogCleaner(
      level,
      this.#writer,
      this.#topics,
      location,
      onRetention,
      bound,
      settings.maxUncompactedBytes,
    );
    if (!cleans) return;
    this.#timer = setInterval(() => this.#cleanInBackground(), CLEANING_INTERVAL_MS);
    this.#timer.unref();
  }

  /**
   * Opens the directory.
   *
   * @throws LogError LOG_LOCKED when it is open already, here or in another process; LOG_CORRUPT; LOG_IO
   */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const {
      cleans = true,
      directory,
      fsync = true,
      maxBytes,
      maxUncompactedBytes,
      onRetention,
      serve = false,
    } = options;
    try {
      await makePrivateDirectory(directory);
    } catch (cause) {
      throw openError(cause, directory);
    }
    await checkLogFiles(directory).catch((error: unknown) => {
      throw openError(error, directory);
    });
    const level = await logOnDisk(directory);
    const bounds = { maxBytes, maxUncompactedBytes };
    const settings = { cleans, fsync, inMemory: false, location: directory, ...bounds, onRetention };
    const log = await EmbeddedLog.over(level, settings);
    try {
      if (!serve) return log;
      log.#server = await LogServer.listen(log, directory);
      return log;
    } catch (error) {
      await log.close();
      throw openError(error, directory);
    }
  }

  /** A log that is gone with the process. */
  static inMemory(): Promise<EmbeddedLog> {
    return EmbeddedLog.over(levelInMemory(), { fsync: false, inMemory: true, location: 'memory' });
  }

  /** @internal A log over any LevelDB of buffers. */
  static async over(level: Level, settings: LevelSettings): Promise<EmbeddedLog> {
    try {
      await level.open();
    } catch (error) {
      throw openError(error, settings.location);
    }
    const log = new EmbeddedLog(level, settings);
    if (!settings.inMemory) log.#openedAt = await realpath(settings.location);
    if (log.#openedAt !== undefined) noteOpen(log.#openedAt);
    try {
      await log.#load(settings);
    } catch (error) {
      const explained = await log.explained(error);
      await log.close();
      throw openError(explained, settings.location);
    }
    if (settings.cleans !== false) log.#cleanInBackground();
    return log;
  }

  async #load({ fsync, inMemory, location }: LevelSettings): Promise<void> {
    const entries = await readSmallEntries(this.#level, location);
    const upgrades = await this.#topics.load(this.#level, entries);
    for (const [key, committed] of entries.offsets) this.#offsets.set(key, committed);
    if (entries.isUnchecked) {
      for (const [key, committed] of entries.offsets)
        upgrades.push(putSmallEntry(Buffer.from(key, 'latin1'), committed));
    }
    // Without syncs a crash of the machine may take commits back, and that is as it should be.
    if (!inMemory && !fsync) await CommitMark.remove(location);
    this.#writer.continueFrom(entries.commits, inMemory || !fsync ? undefined : CommitMark.open(location));
    await this.#writer.write(upgrades);
  }

  async ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    this.#requireWritable();
    const created = this.#topics.create(topic, config);
    if (created === undefined) {
      // Whoever made it may still be at it.
      await this.#writer.settled();
      return;
    }
    await this.#writer.write([created]);
    this.#server?.topicsChanged();
  }

  async topics(): Promise<string[]> {
    this.requireOpen();
    return this.#topics.names;
  }

  async partitions(topic: string): Promise<number | undefined> {
    this.requireOpen();
    return this.#topics.get(topic)?.partitions.length;
  }

  async startOffset({ topic, partition }: TopicPartition): Promise<number> {
    this.requireOpen();
    return this.#topics.partition(topic, partition).startOffset;
  }

  async endOffset(topicPartition: TopicPartition): Promise<number> {
    this.requireOpen();
    return this.readableTo(topicPartition);
  }

  /** As `startOffset`, at once. */
  readableFrom({ topic, partition }: TopicPartition): number {
    return this.#topics.partition(topic, partition).startOffset;
  }

  /** As `endOffset`, at once. */
  readableTo({ topic, partition }: TopicPartition): number {
    return this.#topics.partition(topic, partition).endOffset;
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    this.requireOpen();
    return this.#offsets.get(committedOffsetKey(group, topicPartition).toString('latin1'));
  }

  async claim(group: string): Promise<() => Promise<void>> {
    this.requireOpen();
    if (this.#claimed.has(group)) {
      throw new LogError(
        'GROUP_IN_USE',
        `the application "${group}" runs already on the log in ${this.location}, and what it does would be done twice; ` +
          'stop that one first, or give this one another application id',
      );
    }
    this.#claimed.add(group);
    let isHeld = true;
    return async () => {
      if (isHeld) this.#claimed.delete(group);
      isHeld = false;
    };
  }

  transaction(): Transaction {
    return new ConditionalTransaction(this);
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
    this.#topics.partition(topic, partition);
  }

  /**
   * Appends batches of records and commits offsets, in one atomic write. Offsets are given out at once, so that commits
   * take effect in the order of the calls; readers see the records when they are durable.
   */
  async commitBatches(
    appends: readonly PartitionBatches[],
    offsets: readonly GroupOffset[],
    expected: readonly ExpectedEnd[] = [],
  ): Promise<CommitResult> {
    this.#requireWritable();
    // Nothing is waited for from here until the offsets are given out.
    for (const end of expected) this.#requireEnd(end);
    const now = Date.now();
    const operations: Operation[] = [];
    const ends: { readonly state: PartitionState; readonly lastBatchOffset: number; readonly endOffset: number }[] = [];
    // All of them are looked up before the first one moves.
    const states = appends.map(({ topic, partition }) => this.#topics.partition(topic, partition));
    for (const [i, state] of states.entries()) {
      let lastBatchOffset = state.nextOffset;
      for (const { bytes, count } of appends[i]?.batches ?? []) {
        lastBatchOffset = state.nextOffset;
        const key = batchKey(state.topicId, state.partition, lastBatchOffset);
        sealBatch(bytes, key, now);
        // In memory what is stored stays as it is, and a builder's buffer may have room to spare: not for ever.
        const value = this.#inMemory ? Buffer.from(bytes) : bytes;
        operations.push({ type: 'put', key, value });
        state.nextOffset += count;
      }
      const end = { lastBatchOffset, endOffset: state.nextOffset };
      operations.push(rememberEnd({ ...end, topicId: state.topicId, partition: state.partition }));
      ends.push({ state, ...end });
    }
    for (const { group, topicPartition, committed } of offsets) {
      operations.push(putSmallEntry(committedOffsetKey(group, topicPartition), committed));
    }
    await this.#writer.write(operations);
    for (const { group, topicPartition, committed } of offsets) {
      this.#offsets.set(committedOffsetKey(group, topicPartition).toString('latin1'), committed);
    }
    const endOffsets = new Map<PartitionState, number>();
    for (const { state, lastBatchOffset, endOffset } of ends) {
      state.endOffset = endOffset;
      state.lastBatchOffset = lastBatchOffset;
      endOffsets.set(state, endOffset);
    }
    if (ends.length > 0) {
      this.#appends++;
      this.#wakeReaders();
    }
    return {
      endOffset: (topic, partition) => {
        const state = this.#topics.get(topic)?.partitions[partition];
        return state && endOffsets.get(state);
      },
    };
  }

  #requireEnd({ topicPartition: { topic, partition }, offset }: ExpectedEnd): void {
    const { nextOffset } = this.#topics.partition(topic, partition);
    if (nextOffset === offset) return;
    throw new LogError(
      'END_MOVED',
      `${topic}-${partition} ends at ${nextOffset}, not at ${offset}: others have appended to it; read on, and commit again`,
    );
  }

  /** The batch that begins at the offset; undefined when none does. @throws LogError LOG_CORRUPT */
  batchFrom({ topic, partition }: TopicPartition, offset: number): BatchCursor | undefined {
    this.requireOpen();
    const state = this.#topics.partition(topic, partition);
    if (offset < state.startOffset || offset >= state.endOffset) return undefined;
    const key = batchKey(state.topicId, partition, offset);
    try {
      const bytes = this.#level.getSync(key);
      return bytes && storedBatch(state, key, bytes, this.location);
    } catch (error) {
      throw batchError(error, this.location, state, offset);
    }
  }

  /**
   * The batch that holds the offset; undefined at the end.
   *
   * @throws LogError LOG_CORRUPT when none does, for batches lie without gaps
   */
  async batchAt({ topic, partition }: TopicPartition, offset: number): Promise<BatchCursor | undefined> {
    this.requireOpen();
    const state = this.#topics.partition(topic, partition);
    const { topicId, startOffset, endOffset } = state;
    const from = Math.max(offset, startOffset);
    if (from >= endOffset) return undefined;
    const at = batchKey(topicId, partition, from);
    try {
      // Both are made before the first wait, so that they see the same state of a log that is being compacted.
      const before = this.#level.iterator({
        gte: batchKey(topicId, partition, startOffset),
        lte: at,
        reverse: true,
        limit: 1,
      });
      const after = this.#level.iterator({ gt: at, lt: batchKey(topicId, partition, endOffset), limit: 1 });
      const [[holding], [next]] = await Promise.all([before.all(), after.all()]);
      let missingFrom = startOffset;
      if (holding !== undefined) {
        const cursor = storedBatch(state, holding[0], holding[1], this.location);
        if (cursor.nextOffset > from) return cursor;
        missingFrom = cursor.nextOffset;
      }
      const missingTo = next === undefined ? endOffset : offsetOfBatchKey(next[0]);
      if (next !== undefined && missingTo <= gapsBefore(state))
        return storedBatch(state, next[0], next[1], this.location);
      throw new DamagedRecordsError(this.location, state, missingFrom, missingTo - 1, 'they are missing');
    } catch (error) {
      throw batchError(error, this.location, state, from);
    }
  }

  /** As an error that says all that can be found out. */
  async explained(error: unknown): Promise<unknown> {
    if (!(error instanceof DamagedRecordsError) || error.file !== undefined || this.#inMemory) return error;
    const { topicPartition, firstOffset, reason } = error;
    const { topicId, endOffset, partition } = this.#topics.partition(topicPartition.topic, topicPartition.partition);
    const key = batchKey(topicId, partition, firstOffset);
    try {
      const behind = { gt: key, lt: batchKey(topicId, partition, endOffset), limit: 1 };
      const [next] = await this.#level.keys(behind).all();
      const lastOffset = error.lastOffset ?? (next === undefined ? endOffset : offsetOfBatchKey(next)) - 1;
      const file = await fileWith(this.location, key);
      return new DamagedRecordsError(this.location, topicPartition, firstOffset, lastOffset, reason, file);
    } catch {
      return error;
    }
  }

  /** How often something has been appended: what `onAppend` goes by. */
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
    await this.#cleaner.deleteRecords(this.#topics.partition(topic, partition), beforeOffset);
  }

  /** Applies retention and compaction as of the given time. The log does so itself, if it `cleans`, when it is opened and every minute. */
  async clean(now: number): Promise<void> {
    this.#requireWritable();
    await this.#cleaner.clean(now);
  }

  /**
   * Keeps, of the records before the partition's last batch, the newest of each key. A record that deletes its key
   * (its value is null) stays for a day, for readers that fell behind, and then goes, too. Offsets stay what they were.
   */
  async compact({ topic, partition }: TopicPartition, now = Date.now()): Promise<void> {
    this.#requireWritable();
    await this.#cleaner.compact(this.#topics.partition(topic, partition), now);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#cleaner.stop();
    // `#closed` is set when this goes on: whoever is woken sees it.
    await Promise.resolve();
    this.#wakeReaders();
    await this.#server?.close();
    await this.#cleaning;
    await this.#writer.settled();
    this.#writer.close();
    await this.#level.close();
    if (this.#openedAt !== undefined) noteClosed(this.#openedAt);
  }

  /** While nobody has claimed an application, as when it is opened, any that was here may come back. */
  #processedTo({ partition, topic }: PartitionState): number {
    let least = Number.POSITIVE_INFINITY;
    for (const [key, { offset }] of this.#offsets) {
      const of = committedOffsetOfKey(Buffer.from(key, 'latin1'));
      if (of === undefined || of.topic !== topic || of.partition !== partition) continue;
      if (this.#claimed.size === 0 || this.#claimed.has(of.group)) least = Math.min(least, offset);
    }
    return least;
  }

  #cleanInBackground(): void {
    this.#cleaning = this.#cleaning
      .then(() => this.#cleaner.clean(Date.now()))
      .catch((error: unknown) => {
        // The next commit reports a failed write; any other error must be seen, too.
        if (this.#closed === undefined && this.#writer.failure === undefined) process.emitWarning(error as Error);
      });
  }

  #wakeReaders(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  #requireWritable(): void {
    this.requireOpen();
    if (this.#writer.failure !== undefined) throw this.#writer.failure;
  }
}

/** With the place, where it is damage that LevelDB has noticed. */
function batchError(error: unknown, location: string, topicPartition: TopicPartition, offset: number): LogError {
  const found = readError(error, location);
  if (found.code !== 'LOG_CORRUPT' || found instanceof DamagedRecordsError) return found;
  return new DamagedRecordsError(location, topicPartition, offset, undefined, 'they cannot be read', undefined, found);
}
