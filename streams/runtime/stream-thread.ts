import { join } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  type GroupConsumer,
  type Log,
  type LogConsumer,
  LogError,
  type RecordCursor,
  type TopicPartition,
  type Transaction,
} from '../log/log.js';
import type { AutoOffsetReset } from '../log/start-offset.js';
import { SerdePendingError } from '../serde/serde.js';
import type { StateDatabase } from '../state/state-database.js';
import { StateDirectory } from '../state/state-directory.js';
import type { StateStore } from '../state/state-store.js';
import type { ExceptionHandler } from '../topology/exception-handlers.js';
import type { Topology } from '../topology/topology.js';
import { GroupMembers } from './group/group-members.js';
import { type StandbyTask, StandbyTasks } from './group/standby-tasks.js';
import { newMetrics, type StreamsMetrics } from './metrics.js';
import { checkStores } from './store-catalog.js';
import type { Task } from './task/task.js';
import type { TaskEnvironment } from './task/task-environment.js';
import { TaskManager } from './task/task-manager.js';
import type { TimeLimits } from './task/task-time.js';
import { TopologyTopics } from './topology-topics.js';

/** A poll waits no longer, so that a close or a drain is seen soon. */
const MAX_POLL_MS = 100;
/** When a commit is due while the one before it is on its way. */
const COMMIT_POLL_MS = 5;
/** How much later a commit comes while there is always more to read: what waits for it has waited longer already. */
const BEHIND_INTERVALS = 5;
/** As a share of the time since the last commit: who waits longer for records than this has caught up. */
const BEHIND_WAITS = 0.2;
/** How long the end of the log is waited for before it is asked again how far that is. */
const LAG_POLL_MS = 20;
/** How much sooner a commit comes after one that was refused, which may have been too large to be made in time. */
const AFTER_ABORT = 0.5;
/** How much later it comes after each that was made, up to the limits again. */
const AFTER_COMMIT = 1.05;
const MIN_SHARE = 1 / 1024;
/** How often it is asked whether partitions that are silent are at their end, where that is a request. */
const ENDS_POLL_MS = 1000;
/** Records that a store no longer needs are deleted from its changelog when there are this many of them. */
const PURGE_RECORDS = 1000;

/** What members of a group have told each other is of no use soon after. */
const MEMBERS_RETENTION_MS = 3_600_000;

/** The configuration of an application, with every default filled in; `StreamsConfig` documents the fields. */
export interface StreamThreadConfig {
  readonly applicationId: string;
  readonly log: Log;
  readonly stateDirectory: string | undefined;
  readonly numStandbyReplicas: number;
  readonly commitIntervalMs: number;
  readonly maxUncommittedEntries: number;
  readonly maxTransactionBytes: number;
  readonly time: TimeLimits;
  readonly maxTimeAheadMs: number;
  readonly repartition: 'auto' | 'topic';
  /** See `TaskEnvironment`. Default false. */
  readonly handsOnBySerdes?: boolean;
  readonly deadLetterTopic: string | undefined;
  readonly lateTopic: string | undefined;
  readonly autoOffsetReset: AutoOffsetReset;
  readonly deserializationExceptionHandler: ExceptionHandler;
  readonly processingExceptionHandler: ExceptionHandler;
  readonly productionExceptionHandler: ExceptionHandler;
  /** The wall clock. */
  readonly now: () => number;
  /** See `TaskEnvironment`. */
  readonly monotonicMs: () => number;
}

/** What a task's database is to hold once its transaction is durable, and where the task stood. */
interface StagedTask {
  readonly task: Task;
  readonly offsets: ReadonlyMap<string, number>;
  readonly staged: ReturnType<StateDatabase['takeStaged']> | undefined;
}

/**
 * Runs the tasks of an application: polls, processes, commits.
 *
 * Processing is synchronous; I/O happens in `poll` and in a commit. A commit first flushes every task into the
 * transaction, synchronously, then writes in the background while the next records are processed: there is at most one
 * commit on its way. State reaches LevelDB only after its transaction is durable.
 */
export class StreamThread {
  readonly metrics: StreamsMetrics;
  readonly #topology: Topology;
  readonly #config: StreamThreadConfig;
  readonly #purgedBefore = new Map<string, number>();
  /** Lets other instances of the application in again. */
  #release: (() => Promise<void>) | undefined;
  #topics: TopologyTopics | undefined;
  #tasks: TaskManager | undefined;
  #consumer: LogConsumer | undefined;
  #group: GroupConsumer | undefined;
  #standbys: StandbyTasks | undefined;
  /** The partitions that the group has given to this process. */
  #assigned: TopicPartition[] = [];
  #isAssigned = false;
  #transaction: Transaction;
  #transactionHasWork = false;
  #commitOnItsWay: Promise<void> = Promise.resolve();
  #isCommitting = false;
  #commitFailure: Error | undefined;
  #commitRequested = false;
  /** What is committed is sent, and neither state nor offsets move. */
  #isPreview = false;
  /** Whether any task feeds another by way of a topic. */
  #feedsByTopic = false;
  /** How much of what a commit may hold at most it is to hold now. */
  #commitShare = 1;
  /** By the monotonic clock, and by the wall clock. */
  #lastCommitAt: number;
  #lastCommitWallMs: number;
  /** Tasks that were absent ask how far those are that they feed. */
  #catchUp: Promise<void> | undefined;
  /** The ends of partitions that are silent are asked for. */
  #endsAskedFor: Promise<void> | undefined;
  #endsAskedAt = Number.NEGATIVE_INFINITY;
  /** How long records were waited for since then; without end, when none came. */
  #waitedMs = 0;

  /** @param metrics goes on with those of the thread that this one replaces */
  constructor(topology: Topology, config: StreamThreadConfig, metrics: StreamsMetrics = newMetrics()) {
    this.metrics = metrics;
    this.#topology = topology;
    this.#config = config;
    this.#transaction = config.log.transaction();
    this.#lastCommitAt = config.monotonicMs();
    this.#lastCommitWallMs = config.now();
  }

  /**
   * Creates internal topics; then tasks, with their state restored, or, where a group shares them out, joins the group:
   * tasks come with what it assigns.
   *
   * @throws TopologyError, StateError, LogError
   */
  async start(): Promise<void> {
    const { applicationId, deadLetterTopic, lateTopic, log, repartition } = this.#config;
    const topology = this.#topology;
    this.#release = await log.claim?.(applicationId);
    const topics = await TopologyTopics.prepare(topology, {
      applicationId,
      log,
      repartition,
      deadLetterTopic,
      lateTopic,
    });
    this.#topics = topics;
    this.#feedsByTopic = topology.subTopologies.some(({ repartitionSources }) =>
      repartitionSources.some((node) => topics.repartition(node).kind === 'topic'),
    );
    await checkStores({ applicationId, log, topology, topics });
    const environment = this.#environment(topics);
    const path = this.#config.stateDirectory;
    const stateDirectory = new StateDirectory(path === undefined ? undefined : join(path, applicationId));
    if (log.join !== undefined) {
      const inputs = new Set(topology.subTopologies.flatMap((sub) => topics.inputs(sub)));
      this.#group = await log.join(applicationId, [...inputs]);
      this.#consumer = this.#group;
      if (this.#config.numStandbyReplicas > 0) this.#standbys = await this.#newStandbys(topics, stateDirectory);
    }
    const standbys = this.#standbys;
    this.#tasks = new TaskManager({ applicationId, log, stateDirectory, topology, topics, environment, standbys });
    standbys?.start();
    if (this.#group === undefined) {
      await stateDirectory.deleteOthers(topics.taskIds());
      this.#consumer = log.consumer();
      await this.#openTasks();
      await this.#readLeftovers(topics);
      this.#isAssigned = true;
    }
  }

  /** Whether it is known which tasks are this process's; none of them may be. */
  get isAssigned(): boolean {
    return this.#isAssigned;
  }

  /**
   * Polls once and processes what came.
   *
   * @returns how many batches came
   */
  async runOnce(maxWaitMs: number): Promise<number> {
    this.#standbys?.check();
    const polledAt = performance.now();
    const cursors = (await this.#consumer?.poll(maxWaitMs)) ?? [];
    this.#waitedMs += cursors.length === 0 ? Number.POSITIVE_INFINITY : performance.now() - polledAt;
    for (const cursor of cursors) {
      if (cursor.gap !== undefined) warnOfGap(cursor);
      this.#tasks?.reading(cursor)?.add(cursor);
    }
    for (const task of this.#all) await this.#runTask(task);
    this.#pauseBuffered();
    if (cursors.length > 0) {
      this.#transactionHasWork = true;
      // Polling an embedded log can resolve at once: let timers, signals and sockets have their turn.
      await yieldToEventLoop();
    }
    // First: what another member has by now must not be committed here.
    await this.#rebalance();
    if (this.#commitIsDue()) await this.commit();
    return cursors.length;
  }

  /** How long a poll may wait before something else is due. */
  get maxWaitMs(): number {
    const { commitIntervalMs, monotonicMs } = this.#config;
    const dueMs = Math.min(MAX_POLL_MS, this.#lastCommitAt + commitIntervalMs - monotonicMs());
    return Math.max(this.#isCommitting || this.#isBehind ? COMMIT_POLL_MS : 0, dueMs);
  }

  /**
   * Flushes every task into the transaction and starts to write it; waits for the commit before it, not for this one.
   */
  async commit(): Promise<void> {
    await this.settleCommit();
    this.#commitRequested = false;
    this.#lastCommitAt = this.#config.monotonicMs();
    this.#lastCommitWallMs = this.#config.now();
    this.#waitedMs = 0;
    await this.#findEnds();
    const tasks = this.#all;
    for (const task of tasks) {
      task.time.update(this.#config.time);
      task.flush();
    }
    const transaction = this.#transaction;
    const moved = !this.#isPreview && this.#stageOffsets(transaction);
    if (transaction.sizeBytes === 0 && !moved) return;
    this.#transaction = this.#config.log.transaction();
    this.#transactionHasWork = false;
    const staged = this.#isPreview
      ? undefined
      : tasks.map((task) => ({ task, offsets: task.offsets(), staged: task.database?.takeStaged() }));
    this.#isCommitting = true;
    this.#commitOnItsWay = this.#write(transaction, staged)
      .catch((error: unknown) => {
        this.#commitFailure = error as Error;
      })
      .finally(() => {
        this.#isCommitting = false;
      });
  }

  /**
   * Waits until the commit that is on its way is durable. When it was aborted, tasks start over from what is committed.
   *
   * @throws what it failed with, when that was something else
   */
  async settleCommit(): Promise<void> {
    await this.#commitOnItsWay;
    if (this.#commitFailure === undefined) return;
    if (!isAborted(this.#commitFailure)) throw this.#commitFailure;
    await this.#startOver();
  }

  /** Processes everything that the log holds, and commits it; where a group has other members, once they are gone. */
  async runToEnd(): Promise<void> {
    for (let waitMs = 0; ; ) {
      while ((await this.runOnce(waitMs)) > 0);
      if (this.#group !== undefined && (await this.lag()) > 0) {
        waitMs = LAG_POLL_MS;
        continue;
      }
      await this.commit();
      await this.settleCommit();
      // A commit moves the watermark of tasks that others feed.
      const punctuationIsDue = this.#all.some((task) => task.streamPunctuationIsDue);
      if (!punctuationIsDue && this.#tasks?.isWhole && (await this.lag()) === 0) return;
      waitMs = punctuationIsDue ? 0 : LAG_POLL_MS;
    }
  }

  /** The end of the input: processes what there is and closes every window, sub-topology by sub-topology. */
  async drain(): Promise<void> {
    await this.runToEnd();
    for (const { id } of this.#topology.subTopologies) {
      for (const task of this.#tasks?.bySubTopology[id] ?? []) task.drain();
      await this.runToEnd();
    }
    // Whatever comes now may be for windows that are closed.
    for (const task of this.#all) task.resumeBehind();
  }

  /**
   * As `drain`, and then goes back to what was before it: every window has sent its result as it stands, and is open
   * again, so that what comes later counts in it; when it closes it is sent again. Where tasks feed each other by topic,
   * what they sent could not be taken back: there it is `drain`.
   */
  async preview(): Promise<void> {
    await this.runToEnd();
    if (this.#group !== undefined || this.#feedsByTopic) return this.drain();
    this.#isPreview = true;
    try {
      await this.drain();
    } finally {
      this.#isPreview = false;
      await this.#dropTasks();
    }
    await this.#openTasks();
  }

  /** Records in source and repartition topics that are still to be processed. */
  async lag(): Promise<number> {
    const lags = (this.#tasks?.positions ?? []).map(async ({ task, topicPartition }) => {
      const end = await this.#config.log.endOffset(topicPartition);
      const position = task.positions().find(({ topic }) => topic === topicPartition.topic);
      return Math.max(0, end - (position?.offset ?? 0));
    });
    return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0);
  }

  /** Tasks of other processes whose state is kept here, too. */
  async standbyTasks(): Promise<readonly StandbyTask[]> {
    return (await this.#standbys?.all()) ?? [];
  }

  /** The lowest partition time of the tasks that read source topics; -1 when there is none yet. */
  get streamTime(): number {
    const times = this.#all.map((task) => task.time.highest).filter((time) => time >= 0);
    return times.length === 0 ? -1 : Math.min(...times);
  }

  /** For queries of its tasks' state. */
  get running(): { topology: Topology; topics: TopologyTopics | undefined; tasks: TaskManager | undefined } {
    return { topology: this.#topology, topics: this.#topics, tasks: this.#tasks };
  }

  store(name: string): { task: Task; store: StateStore }[] {
    return this.#all.flatMap((task) => {
      const store = task.stores.get(name);
      return store === undefined ? [] : [{ task, store }];
    });
  }

  /** Commits, unless it is closed because something failed, and lets everything go. */
  async close(options: { readonly commit: boolean }): Promise<void> {
    try {
      if (options.commit) {
        await this.commit();
        await this.settleCommit();
      } else {
        await this.#commitOnItsWay;
      }
      await Promise.all([this.#catchUp, this.#endsAskedFor]);
    } finally {
      try {
        await this.#transaction.abort();
        await this.#standbys?.close();
        await this.#tasks?.close();
        await this.#consumer?.close();
      } finally {
        await this.#release?.();
      }
    }
  }

  get #all(): readonly Task[] {
    return this.#tasks?.all ?? [];
  }

  /**
   * Reads what runs that went by way of repartition topics have left there, before anything that would close windows: it
   * came of records that were read before all that is read now.
   */
  async #readLeftovers(topics: TopologyTopics): Promise<void> {
    const consumer = this.#consumer;
    const positions = this.#tasks?.positions ?? [];
    // What they make comes before what their results do further down.
    for (const sub of [...this.#topology.subTopologies].reverse()) {
      const leftovers = new Set(topics.leftovers(sub));
      if (consumer === undefined || leftovers.size === 0) continue;
      const isLeftover = ({ topic }: TopicPartition) => leftovers.has(topic);
      for (const { topicPartition } of positions) if (!isLeftover(topicPartition)) consumer.pause(topicPartition);
      const left = positions.filter(({ topicPartition }) => isLeftover(topicPartition));
      for (const { task, topicPartition } of left) {
        const end = await this.#config.log.endOffset(topicPartition);
        while (task.fetchedTo(topicPartition.topic) < end) {
          const cursors = await consumer.poll(MAX_POLL_MS);
          for (const cursor of cursors) this.#tasks?.reading(cursor)?.add(cursor);
          for (const reader of this.#tasks?.bySubTopology[sub.id] ?? []) await this.#runTask(reader);
        }
      }
      for (const { topicPartition } of positions) consumer.resume(topicPartition);
      this.#transactionHasWork = true;
    }
  }

  /** Does what the group asks for. */
  async #rebalance(): Promise<void> {
    const group = this.#group;
    if (group === undefined) return;
    for (let change = group.takeRebalance(); change !== undefined; change = group.takeRebalance()) {
      const { kind, partitions } = change;
      this.metrics.rebalances++;
      if (kind === 'assigned') {
        this.#assigned.push(...partitions);
        const open = () => this.#openTasks();
        await (this.#standbys?.activating(open) ?? open());
        this.#isAssigned = true;
        continue;
      }
      if (kind === 'revoked') {
        await this.commit();
        await this.settleCommit();
      } else {
        // What is on its way is of the partitions that are lost, too: the broker refuses it.
        await this.#commitOnItsWay;
        await this.#dropTasks();
      }
      this.#assigned = this.#assigned.filter((one) => !partitions.some((other) => isSame(one, other)));
      const moved = this.#all.filter((task) =>
        partitions.some(({ topic, partition }) => partition === task.partition && task.inputTopics.includes(topic)),
      );
      await this.#tasks?.close(moved);
      group.unassign(partitions);
      if (kind === 'lost') await this.#openTasks();
    }
  }

  async #newStandbys(topics: TopologyTopics, stateDirectory: StateDirectory): Promise<StandbyTasks> {
    const { applicationId, log, numStandbyReplicas: replicas } = this.#config;
    const topology = this.#topology;
    const topic = `${applicationId}-members`;
    await log.ensureTopic(topic, { partitions: 1, retentionMs: MEMBERS_RETENTION_MS });
    const members = new GroupMembers({
      log,
      topic,
      processId: await stateDirectory.processId(),
      // Every member that has any partition has one of the topic with the most.
      firstPartition: () => {
        const most = Math.max(...topics.taskCounts);
        const partitions = this.#assigned.filter((one) => topics.partitions(one.topic) === most);
        return partitions.map(({ partition }) => partition).sort((a, b) => a - b)[0];
      },
    });
    return new StandbyTasks({ log, members, stateDirectory, topology, topics, replicas, now: this.#config.now });
  }

  async #openTasks(): Promise<void> {
    const isMine = (one: TopicPartition) =>
      this.#group === undefined || this.#assigned.some((other) => isSame(one, other));
    if (this.#consumer !== undefined) await this.#tasks?.open(isMine, this.#consumer);
  }

  /** Goes back to what is committed: what was processed since then is processed again. */
  async #startOver(): Promise<void> {
    this.metrics.abortedCommits++;
    // Made again as it was, it would fail again for ever.
    this.#commitShare = Math.max(MIN_SHARE, this.#commitShare * AFTER_ABORT);
    await this.#dropTasks();
    await this.#openTasks();
  }

  async #dropTasks(): Promise<void> {
    this.#commitFailure = undefined;
    await this.#transaction.abort();
    this.#transaction = this.#config.log.transaction();
    this.#transactionHasWork = false;
    await this.#tasks?.close();
  }

  /** A partition whose records wait for those of another input is not read ahead. */
  #pauseBuffered(): void {
    for (const { task, topicPartition } of this.#tasks?.positions ?? []) {
      if (task.inputTopics.length < 2) continue;
      if (task.bufferedTopics.includes(topicPartition.topic)) this.#consumer?.pause(topicPartition);
      else this.#consumer?.resume(topicPartition);
    }
  }

  /** The task's topics that hold records it has not been given; undefined where that makes no difference. */
  async #topicsWithMore(task: Task): Promise<ReadonlySet<string> | undefined> {
    if (!task.asksForMore) return undefined;
    const topics = new Set<string>();
    for (const topic of task.inputTopics) {
      const end = await this.#config.log.endOffset({ topic, partition: task.partition });
      if (end > task.fetchedTo(topic)) topics.add(topic);
    }
    return topics;
  }

  async #runTask(task: Task): Promise<void> {
    const more = await this.#topicsWithMore(task);
    for (;;) {
      try {
        const done = task.run(more && ((topic) => more.has(topic)));
        if (task.punctuationIsDue) {
          await task.punctuate();
          this.#transactionHasWork = true;
        }
        if (done) return;
      } catch (error) {
        if (!(error instanceof SerdePendingError)) throw error;
        await error.ready;
      }
    }
  }

  /** Whether there has always been more to read since the last commit. */
  get #isBehind(): boolean {
    return this.#waitedMs < BEHIND_WAITS * (this.#config.monotonicMs() - this.#lastCommitAt);
  }

  #commitIsDue(): boolean {
    const { commitIntervalMs, maxTransactionBytes, maxUncommittedEntries, monotonicMs } = this.#config;
    // While one commit is on its way the next can only wait for it: better to process meanwhile, up to the limits.
    const intervalMs = commitIntervalMs * (this.#isBehind ? BEHIND_INTERVALS : 1);
    const isTime = monotonicMs() - this.#lastCommitAt >= intervalMs || this.#commitRequested;
    if (isTime && !this.#isCommitting) return true;
    if (!this.#transactionHasWork) return false;
    if (this.#transaction.sizeBytes >= maxTransactionBytes * this.#commitShare) return true;
    let entries = 0;
    for (const task of this.#all) for (const store of task.stores.values()) entries += store.uncommittedEntries;
    return entries >= maxUncommittedEntries * this.#commitShare;
  }

  /** False when no position has moved since the last commit. */
  #stageOffsets(transaction: Transaction): boolean {
    // Offsets are what the log tells by whether this process still has the partitions: no record goes without them.
    const fences = this.#group !== undefined && transaction.sizeBytes > 0;
    let moved = false;
    for (const position of this.#tasks?.positions ?? []) {
      const { task, topicPartition } = position;
      for (const { topic, offset, metadata } of task.positions()) {
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
        task.state.holdsAllOf(this.#lastCommitWallMs);
        return staged?.write(checkpoint);
      }),
    );
    for (const { offsets, task } of stores) {
      task.state.committed();
      task.committedOffsets = offsets;
    }
    for (const task of this.#all) task.committed(result);
    this.#catchUp ??= this.#askDownstream().finally(() => {
      this.#catchUp = undefined;
    });
    this.#commitShare = Math.min(1, this.#commitShare * AFTER_COMMIT);
    this.metrics.commits++;
    this.metrics.lastCommitMs = performance.now() - startedAt;
    await this.#purge();
  }

  /**
   * Finds out which silent sources are at their end. Where this process alone reads the log that is known at each commit:
   * nothing comes any more that was appended before what others have been processed of.
   */
  async #findEnds(): Promise<void> {
    const { log, monotonicMs, time } = this.#config;
    const silent = this.#all.flatMap((task) => task.silentTopics(time).map((topic) => ({ task, topic })));
    if (silent.length === 0) return;
    const find = async () => {
      await Promise.all(
        silent.map(async ({ task, topic }) => {
          task.endsAt(topic, await log.endOffset({ topic, partition: task.partition }));
        }),
      );
    };
    if (log.singleOwner) return find();
    if (this.#endsAskedFor !== undefined || monotonicMs() - this.#endsAskedAt < ENDS_POLL_MS) return;
    this.#endsAskedAt = monotonicMs();
    this.#endsAskedFor = find()
      .catch(ignoreLogErrors)
      .finally(() => {
        this.#endsAskedFor = undefined;
      });
  }

  async #askDownstream(): Promise<void> {
    const { applicationId, log } = this.#config;
    const sinks = this.#all.flatMap(({ repartitionSinks }) => repartitionSinks);
    // It is asked again after the next commit.
    await Promise.all(sinks.map((sink) => sink.catchUp((one) => log.committed(applicationId, one)))).catch(
      ignoreLogErrors,
    );
  }

  /** Deletes from internal topics what nobody needs any more. */
  async #purge(): Promise<void> {
    const purge = async (topicPartition: TopicPartition, beforeOffset: number) => {
      const id = inputId(topicPartition);
      if (beforeOffset - (this.#purgedBefore.get(id) ?? 0) < PURGE_RECORDS) return;
      this.#purgedBefore.set(id, beforeOffset);
      // What cannot be deleted costs space and nothing else; it is tried again when there is more.
      await this.#config.log.deleteRecords(topicPartition, beforeOffset).catch(ignoreUnlessRefused);
    };
    for (const task of this.#all) {
      for (const { store, topicPartition } of task.state.positions) {
        await purge(topicPartition, store.changelogNeededFrom);
      }
    }
    for (const { topicPartition, internal, committedOffset } of this.#tasks?.positions ?? []) {
      if (internal) await purge(topicPartition, committedOffset);
    }
  }

  #environment(topics: TopologyTopics): TaskEnvironment {
    const config = this.#config;
    return {
      applicationId: config.applicationId,
      metrics: this.metrics,
      now: config.now,
      monotonicMs: config.monotonicMs,
      maxTimeAheadMs: config.maxTimeAheadMs,
      transaction: () => this.#transaction,
      partitions: (topic) => topics.partitions(topic),
      repartition: (node) => topics.repartition(node),
      requestCommit: () => {
        this.#commitRequested = true;
      },
      autoOffsetReset: config.autoOffsetReset,
      deserializationExceptionHandler: config.deserializationExceptionHandler,
      processingExceptionHandler: config.processingExceptionHandler,
      productionExceptionHandler: config.productionExceptionHandler,
      deadLetterTopic: config.deadLetterTopic,
      lateTopic: config.lateTopic,
      handsOnBySerdes: config.handsOnBySerdes ?? false,
      keepsState: () => !this.#isPreview,
    };
  }
}

function ignoreLogErrors(error: unknown): void {
  if (!(error instanceof LogError)) throw error;
}

/** What may not be done is not done later either: an internal topic would grow for ever. */
function ignoreUnlessRefused(error: unknown): void {
  ignoreLogErrors(error);
  if ((error as LogError).code === 'LOG_REFUSED') throw error;
}

function isAborted(error: Error): boolean {
  return error instanceof LogError && error.code === 'TRANSACTION_ABORTED';
}

function isSame(one: TopicPartition, other: TopicPartition): boolean {
  return one.topic === other.topic && one.partition === other.partition;
}

function inputId({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Nothing can be done about it, and it is not to go by unseen. */
function warnOfGap({ gap, nextOffset, offset, partition, topic }: RecordCursor): void {
  const how = gap === 'lost' ? 'were lost with a damaged file' : 'were deleted before they were read';
  process.emitWarning(
    `${topic}-${partition}: offsets ${offset + 1} to ${nextOffset - 1} ${how}; going on at ${nextOffset}`,
  );
}
