import type { Transaction } from '../log/log.js';
import type { StateDatabase } from '../state/state-database.js';
import type { Counters } from './counters.js';
import { DownstreamProgress } from './downstream-progress.js';
import { InternalTopicCleaner } from './internal-topic-cleaner.js';
import { isAborted } from './log-failures.js';
import type { StreamsMetrics } from './metrics.js';
import { SilentSources } from './silent-sources.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';
import type { Position } from './task/task-manager.js';
import { inSpan } from './tracing.js';

/** How much later a commit comes while there is always more to read: what waits for it has waited longer already. */
const BEHIND_INTERVALS = 5;
/** As a share of the time since the last commit: who waits longer for records than this has caught up. */
const BEHIND_WAITS = 0.2;
/** How much sooner a commit comes after one that was refused, which may have been too large to be made in time. */
const AFTER_ABORT = 0.5;
/** How much later it comes after each that was made, up to the limits again. */
const AFTER_COMMIT = 1.05;
const MIN_SHARE = 1 / 1024;

/** What commits are of. */
export interface CommittedTasks {
  readonly all: readonly Task[];
  readonly positions: readonly Position[];
  /** Whether offsets are what the log tells by if this process still has the partitions. */
  readonly areFenced: boolean;
  /** Closes all tasks, and opens them as of what is committed. */
  startOver(): Promise<void>;
}

/** What a task's database is to hold once its transaction is durable, and where the task stood. */
interface StagedTask {
  readonly task: Task;
  readonly offsets: ReadonlyMap<string, number>;
  readonly staged: ReturnType<StateDatabase['takeStaged']> | undefined;
  /** When the newest record was of each source partition of which some were processed. */
  readonly newest: readonly number[];
}

/**
 * Makes one commit after the other. A commit first flushes every task into the transaction, synchronously, then writes in
 * the background while the next records are processed: there is at most one on its way. State reaches LevelDB only after
 * its transaction is durable.
 */
export class CommitCycle {
  readonly #config: StreamThreadConfig;
  readonly #metrics: StreamsMetrics;
  readonly #tasks: CommittedTasks;
  readonly #silentSources: SilentSources;
  readonly #downstream: DownstreamProgress;
  readonly #cleaner: InternalTopicCleaner;
  #transaction: Transaction;
  #hasWork = false;
  #onItsWay: Promise<void> = Promise.resolve();
  #isOnItsWay = false;
  readonly #counters: Counters;
  #failure: Error | undefined;
  #isRequested = false;
  /** How much of what a commit may hold at most it is to hold now. */
  #share = 1;
  /** By the monotonic clock, and by the wall clock. */
  #lastAt: number;
  #lastWallMs: number;
  /** How long records were waited for since then; without end, when none came. */
  #waitedMs = 0;
  /** What is committed is sent, and neither state nor offsets move. */
  isPreview = false;

  constructor(config: StreamThreadConfig, metrics: StreamsMetrics, counters: Counters, tasks: CommittedTasks) {
    this.#counters = counters;
    this.#config = config;
    this.#metrics = metrics;
    this.#tasks = tasks;
    this.#silentSources = new SilentSources(config);
    this.#downstream = new DownstreamProgress(config);
    this.#cleaner = new InternalTopicCleaner(config.log);
    this.#transaction = config.log.transaction();
    this.#lastAt = config.monotonicMs();
    this.#lastWallMs = config.now();
  }

  /** The one that the records of now go into. */
  get transaction(): Transaction {
    return this.#transaction;
  }

  get isOnItsWay(): boolean {
    return this.#isOnItsWay;
  }

  /** Whether there has always been more to read since the last commit. */
  get isBehind(): boolean {
    return this.#waitedMs < BEHIND_WAITS * (this.#config.monotonicMs() - this.#lastAt);
  }

  /** How long it is until the next is due by the interval; negative when it is. */
  get dueInMs(): number {
    return this.#lastAt + this.#config.commitIntervalMs - this.#config.monotonicMs();
  }

  /** What was processed since the last commit may be in no transaction yet, as in a store. */
  hasWork(): void {
    this.#hasWork = true;
  }

  /** Asks for a commit as soon as the batch is processed. */
  request(): void {
    this.#isRequested = true;
  }

  /** Records were waited for; without end, when none came. */
  waited(ms: number): void {
    this.#waitedMs += ms;
  }

  get isDue(): boolean {
    const { commitIntervalMs, maxTransactionBytes, maxUncommittedEntries, monotonicMs } = this.#config;
    // While one commit is on its way the next can only wait for it: better to process meanwhile, up to the limits.
    const intervalMs = commitIntervalMs * (this.isBehind ? BEHIND_INTERVALS : 1);
    const isTime = monotonicMs() - this.#lastAt >= intervalMs || this.#isRequested;
    if (isTime && !this.#isOnItsWay) return true;
    if (!this.#hasWork) return false;
    if (this.#transaction.sizeBytes >= maxTransactionBytes * this.#share) return true;
    let entries = 0;
    for (const task of this.#tasks.all) for (const store of task.stores.values()) entries += store.uncommittedEntries;
    return entries >= maxUncommittedEntries * this.#share;
  }

  /** Flushes every task into the transaction and starts to write it; waits for the commit before it, not for this one. */
  async commit(): Promise<void> {
    await this.settle();
    this.#isRequested = false;
    this.#lastAt = this.#config.monotonicMs();
    this.#lastWallMs = this.#config.now();
    this.#waitedMs = 0;
    await this.#silentSources.findEnds(this.#tasks.all);
    const tasks = this.#tasks.all;
    for (const task of tasks) {
      task.time.update(this.#config.time);
      task.flush();
    }
    const transaction = this.#transaction;
    const moved = !this.isPreview && this.#stageOffsets(transaction);
    if (transaction.sizeBytes === 0 && !moved) return;
    this.#begin();
    const staged = this.isPreview
      ? undefined
      : tasks.map((task) => {
          const offsets = task.inputs.offsets();
          return { task, offsets, staged: task.database?.takeStaged(), newest: newestOf(task, offsets) };
        });
    this.#isOnItsWay = true;
    const { tracer } = this.#config;
    const write = () => this.#write(transaction, staged);
    const attributes = { 'millrace.tasks': tasks.length, 'millrace.bytes': transaction.sizeBytes };
    this.#onItsWay = (tracer === undefined ? write() : inSpan(tracer, 'commit', attributes, write))
      .catch((error: unknown) => {
        this.#failure = error as Error;
      })
      .finally(() => {
        this.#isOnItsWay = false;
      });
  }

  /**
   * Waits until the commit that is on its way is durable. When it was aborted, tasks start over from what is committed.
   *
   * @throws what it failed with, when that was something else
   */
  async settle(): Promise<void> {
    await this.#onItsWay;
    if (this.#failure === undefined) return;
    if (!isAborted(this.#failure)) throw this.#failure;
    this.#metrics.abortedCommits++;
    // Made again as it was, it would fail again for ever.
    this.#share = Math.max(MIN_SHARE, this.#share * AFTER_ABORT);
    await this.#tasks.startOver();
  }

  /** Waits for the commit that is on its way, whatever becomes of it. */
  async wait(): Promise<void> {
    await this.#onItsWay;
  }

  /** Gives up what was processed since the last commit. */
  async abandon(): Promise<void> {
    this.#failure = undefined;
    await this.#transaction.abort();
    this.#begin();
  }

  /** Resolves when nothing is asked of the log any more. */
  async settleRequests(): Promise<void> {
    await Promise.all([this.#downstream.settle(), this.#silentSources.settle()]);
  }

  #begin(): void {
    this.#transaction = this.#config.log.transaction();
    this.#hasWork = false;
  }

  /** False when no position has moved since the last commit. */
  #stageOffsets(transaction: Transaction): boolean {
    // No record goes without them.
    const fences = this.#tasks.areFenced && transaction.sizeBytes > 0;
    let moved = false;
    for (const position of this.#tasks.positions) {
      const { task, topicPartition } = position;
      for (const { topic, offset, metadata } of task.inputs.positions()) {
        if (topic !== topicPartition.topic) continue;
        // What a task has told those that it feeds must not be forgotten.
        const says = transaction.sizeBytes > 0 && metadata !== position.committedMetadata;
        if (offset === position.committedOffset && !fences && !says) continue;
        moved = true;
        position.committedOffset = offset;
        position.committedMetadata = metadata;
        transaction.commitOffset(this.#config.applicationId, topicPartition, { offset, metadata });
      }
    }
    return moved;
  }

  async #write(transaction: Transaction, stores: readonly StagedTask[] | undefined): Promise<void> {
    const startedAt = performance.now();
    const result = await transaction.commit();
    if (stores === undefined) return;
    await Promise.all(
      stores.map(({ task, staged }) => {
        const checkpoint: Record<string, number> = {};
        for (const store of task.stores.keys()) {
          const topic = task.state.changelogTopic(store);
          const end = result.endOffset(topic, task.partition);
          if (end !== undefined) checkpoint[topic] = end;
        }
        // Nobody else can have written meanwhile: the commit would have been refused.
        task.state.holdsAllOf(this.#lastWallMs);
        return staged?.write(checkpoint);
      }),
    );
    for (const { offsets, task } of stores) {
      task.state.committed();
      task.committedOffsets = offsets;
    }
    for (const task of this.#tasks.all) task.committed(result);
    this.#downstream.ask(this.#tasks.all);
    this.#share = Math.min(1, this.#share * AFTER_COMMIT);
    this.#metrics.commits++;
    this.#metrics.lastCommitMs = performance.now() - startedAt;
    this.#counters.commits.add(this.#metrics.lastCommitMs);
    for (const { newest } of stores)
      for (const time of newest) this.#counters.endToEnd.add(Math.max(0, this.#config.now() - time));
    await this.#cleaner.clean(this.#tasks.all, this.#tasks.positions);
  }
}

function newestOf(task: Task, offsets: ReadonlyMap<string, number>): number[] {
  const times: number[] = [];
  for (const [topic, offset] of offsets) {
    const time = offset === task.committedOffsets.get(topic) ? undefined : task.time.source(topic)?.time;
    if (time !== undefined && time >= 0) times.push(time);
  }
  return times;
}
