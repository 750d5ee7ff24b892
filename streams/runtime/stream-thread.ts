import { join } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { Log, LogConsumer, TopicPartition, Transaction } from '../log/log.js';
import { SerdePendingError } from '../serde/serde.js';
import { StateDatabase, StateError } from '../state/state-database.js';
import type { StateStore } from '../state/state-store.js';
import type { ExceptionHandler } from './exception-handlers.js';
import { newMetrics, type StreamsMetrics } from './metrics.js';
import type { Repartition } from './repartition-sink.js';
import { Task, type TaskEnvironment } from './task.js';
import { type Forward, type RepartitionNode, type SubTopology, type Topology, TopologyError } from './topology.js';

/** A poll waits no longer, so that a close or a drain is seen soon. */
const MAX_POLL_MS = 100;
/** Records that a store no longer needs are deleted from its changelog when there are this many of them. */
const PURGE_RECORDS = 1000;

/** The configuration of an application, with every default filled in; `StreamsConfig` documents the fields. */
export interface StreamThreadConfig {
  readonly applicationId: string;
  readonly log: Log;
  readonly stateDirectory: string | undefined;
  readonly commitIntervalMs: number;
  readonly maxUncommittedEntries: number;
  readonly maxTransactionBytes: number;
  readonly idleMs: number;
  readonly repartition: 'auto' | 'topic';
  readonly deadLetterTopic: string | undefined;
  readonly lateTopic: string | undefined;
  readonly deserializationExceptionHandler: ExceptionHandler;
  readonly processingExceptionHandler: ExceptionHandler;
  readonly now: () => number;
}

interface Position {
  readonly task: Task;
  readonly topicPartition: TopicPartition;
  readonly internal: boolean;
  committedOffset: number;
}

/**
 * Runs the tasks of an application: polls, processes, commits.
 *
 * Processing is synchronous; I/O happens in `poll` and in a commit. A commit first flushes every task into the
 * transaction, synchronously, then writes in the background while the next records are processed: there is at most one
 * commit on its way. State reaches LevelDB only after its transaction is durable.
 */
export class StreamThread {
  readonly metrics: StreamsMetrics = newMetrics();
  readonly #topology: Topology;
  readonly #config: StreamThreadConfig;
  readonly #tasks: Task[] = [];
  readonly #databases: StateDatabase[] = [];
  readonly #tasksBySubTopology: Task[][] = [];
  readonly #positions: Position[] = [];
  readonly #taskByInput = new Map<string, Task>();
  readonly #partitions = new Map<string, number>();
  readonly #repartitions = new Map<RepartitionNode, Repartition>();
  readonly #purgedBefore = new Map<string, number>();
  #consumer: LogConsumer | undefined;
  #transaction: Transaction;
  #transactionHasWork = false;
  #commitOnItsWay: Promise<void> = Promise.resolve();
  #commitFailure: Error | undefined;
  #commitRequested = false;
  #lastCommitAt: number;

  constructor(topology: Topology, config: StreamThreadConfig) {
    this.#topology = topology;
    this.#config = config;
    this.#transaction = config.log.transaction();
    this.#lastCommitAt = config.now();
  }

  /** Creates internal topics and tasks, and restores their state. @throws TopologyError, StateError, LogError */
  async start(): Promise<void> {
    await this.#readPartitions();
    const environment = this.#environment();
    this.#consumer = this.#config.log.consumer();
    for (const sub of this.#topology.subTopologies) {
      const count = await this.#prepareTopics(sub);
      const tasks = await Promise.all(Array.from({ length: count }, (_, i) => this.#openTask(sub, i, environment)));
      this.#tasksBySubTopology.push(tasks);
      this.#tasks.push(...tasks);
      for (const node of sub.repartitionSources) {
        const repartition = this.#repartitions.get(node);
        if (repartition?.kind !== 'direct') continue;
        const targets = repartition.targets as { task: Task; forward: Forward }[];
        for (const task of tasks) targets.push({ task, forward: task.entry(node) });
      }
    }
    for (const task of this.#tasks) {
      this.#wireStreamTime(task);
      await this.#seek(task);
      task.init();
    }
  }

  /**
   * Polls once and processes what came.
   *
   * @returns how many batches came
   */
  async runOnce(maxWaitMs: number): Promise<number> {
    const cursors = (await this.#consumer?.poll(maxWaitMs)) ?? [];
    for (const cursor of cursors) this.#taskByInput.get(inputId(cursor))?.add(cursor);
    for (const task of this.#tasks) await this.#runTask(task);
    this.#pauseBuffered();
    if (cursors.length > 0) {
      this.#transactionHasWork = true;
      // Polling an embedded log can resolve at once: let timers, signals and sockets have their turn.
      await yieldToEventLoop();
    }
    if (this.#commitIsDue()) await this.commit();
    return cursors.length;
  }

  /** How long a poll may wait before something else is due. */
  get maxWaitMs(): number {
    const { commitIntervalMs, now } = this.#config;
    return Math.max(0, Math.min(MAX_POLL_MS, this.#lastCommitAt + commitIntervalMs - now()));
  }

  /**
   * Flushes every task into the transaction and starts to write it; waits for the commit before it, not for this one.
   */
  async commit(): Promise<void> {
    await this.settleCommit();
    this.#commitRequested = false;
    this.#lastCommitAt = this.#config.now();
    for (const tasks of this.#tasksBySubTopology) {
      for (const task of tasks) {
        task.time.update(this.#config.idleMs);
        task.flush((store) => this.#changelogTopic(store));
      }
    }
    const transaction = this.#transaction;
    const moved = this.#stageOffsets(transaction);
    if (transaction.sizeBytes === 0 && !moved) return;
    this.#transaction = this.#config.log.transaction();
    this.#transactionHasWork = false;
    const staged = this.#tasks.map((task) => task.database?.takeStaged());
    this.#commitOnItsWay = this.#write(transaction, staged).catch((error: unknown) => {
      this.#commitFailure = error as Error;
    });
  }

  /** Waits until the commit that is on its way is durable. @throws what it failed with */
  async settleCommit(): Promise<void> {
    await this.#commitOnItsWay;
    if (this.#commitFailure !== undefined) throw this.#commitFailure;
  }

  /** Processes everything that the log holds, and commits it. */
  async runToEnd(): Promise<void> {
    for (;;) {
      while ((await this.runOnce(0)) > 0);
      await this.commit();
      await this.settleCommit();
      if ((await this.lag()) === 0) return;
    }
  }

  /** The end of the input: processes what there is and closes every window, sub-topology by sub-topology. */
  async drain(): Promise<void> {
    await this.runToEnd();
    for (const tasks of this.#tasksBySubTopology) {
      for (const task of tasks) task.drain();
      await this.runToEnd();
    }
  }

  /** Records in source and repartition topics that are still to be processed. */
  async lag(): Promise<number> {
    let lag = 0;
    for (const { task, topicPartition } of this.#positions) {
      const position = task.positions().find(({ topic }) => topic === topicPartition.topic);
      lag += Math.max(0, (await this.#config.log.endOffset(topicPartition)) - (position?.offset ?? 0));
    }
    return lag;
  }

  /** The lowest stream time of the tasks that read source topics; -1 when there is none yet. */
  get streamTime(): number {
    const times = this.#tasks.map((task) => task.time.own).filter((time) => time >= 0);
    return times.length === 0 ? -1 : Math.min(...times);
  }

  store(name: string): { task: Task; store: StateStore }[] {
    return this.#tasks.flatMap((task) => {
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
      for (const task of this.#tasks) task.close();
    } finally {
      await this.#transaction.abort();
      await this.#consumer?.close();
      await Promise.all(this.#databases.map((database) => database.close()));
    }
  }

  /** A partition whose records wait for those of another input is not read ahead. */
  #pauseBuffered(): void {
    for (const { task, topicPartition } of this.#positions) {
      if (task.inputTopics.length < 2) continue;
      if (task.bufferedTopics.includes(topicPartition.topic)) this.#consumer?.pause(topicPartition);
      else this.#consumer?.resume(topicPartition);
    }
  }

  /** The task's topics that hold records it has not been given. */
  async #topicsWithMore(task: Task): Promise<ReadonlySet<string>> {
    const topics = new Set<string>();
    if (task.inputTopics.length < 2) return topics;
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
        const done = task.run((topic) => more.has(topic));
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

  #commitIsDue(): boolean {
    const { commitIntervalMs, maxTransactionBytes, maxUncommittedEntries, now } = this.#config;
    if (now() - this.#lastCommitAt >= commitIntervalMs || this.#commitRequested) return true;
    if (!this.#transactionHasWork) return false;
    if (this.#transaction.sizeBytes >= maxTransactionBytes) return true;
    let entries = 0;
    for (const task of this.#tasks) for (const store of task.stores.values()) entries += store.uncommittedEntries;
    return entries >= maxUncommittedEntries;
  }

  /** False when no position has moved since the last commit. */
  #stageOffsets(transaction: Transaction): boolean {
    let moved = false;
    for (const position of this.#positions) {
      const { task, topicPartition } = position;
      for (const { topic, offset, metadata } of task.positions()) {
        if (topic !== topicPartition.topic || offset === position.committedOffset) continue;
        moved = true;
        position.committedOffset = offset;
        transaction.commitOffset(this.#config.applicationId, topicPartition, { offset, metadata });
      }
    }
    return moved;
  }

  async #write(
    transaction: Transaction,
    staged: (ReturnType<StateDatabase['takeStaged']> | undefined)[],
  ): Promise<void> {
    const startedAt = performance.now();
    const result = await transaction.commit();
    await Promise.all(
      this.#tasks.map((task, i) => {
        const checkpoint: Record<string, number> = {};
        for (const store of task.stores.keys()) {
          const topic = this.#changelogTopic(store);
          const end = result.endOffset(topic, task.partition);
          if (end !== undefined) checkpoint[topic] = end;
        }
        return staged[i]?.write(checkpoint);
      }),
    );
    this.metrics.commits++;
    this.metrics.lastCommitMs = performance.now() - startedAt;
    await this.#purge();
  }

  /** Tells stores what is committed, and deletes from internal topics what nobody needs any more. */
  async #purge(): Promise<void> {
    const purge = async (topicPartition: TopicPartition, beforeOffset: number) => {
      const id = inputId(topicPartition);
      if (beforeOffset - (this.#purgedBefore.get(id) ?? 0) < PURGE_RECORDS) return;
      this.#purgedBefore.set(id, beforeOffset);
      await this.#config.log.deleteRecords(topicPartition, beforeOffset);
    };
    for (const task of this.#tasks) {
      for (const store of task.stores.values()) {
        const topic = this.#changelogTopic(store.name);
        const end = task.database?.checkpoint[topic] ?? 0;
        await purge({ topic, partition: task.partition }, store.committed(end));
      }
    }
    for (const { topicPartition, internal, committedOffset } of this.#positions) {
      if (internal) await purge(topicPartition, committedOffset);
    }
  }

  #environment(): TaskEnvironment {
    const config = this.#config;
    return {
      applicationId: config.applicationId,
      metrics: this.metrics,
      now: config.now,
      transaction: () => this.#transaction,
      partitions: (topic) => this.#partitionsOf(topic),
      repartition: (node) => {
        const repartition = this.#repartitions.get(node);
        if (repartition === undefined) throw new TopologyError(`"${node.name}" has no sub-topology that reads it`);
        return repartition;
      },
      requestCommit: () => {
        this.#commitRequested = true;
      },
      deserializationExceptionHandler: config.deserializationExceptionHandler,
      processingExceptionHandler: config.processingExceptionHandler,
      deadLetterTopic: config.deadLetterTopic,
      lateTopic: config.lateTopic,
    };
  }

  async #readPartitions(): Promise<void> {
    const topics = new Set<string>();
    for (const { nodes } of this.#topology.subTopologies) {
      for (const node of nodes) {
        if (node.kind === 'source') for (const topic of node.topics) topics.add(topic);
        if (node.kind === 'sink') topics.add(node.topic);
      }
    }
    if (this.#config.deadLetterTopic !== undefined) topics.add(this.#config.deadLetterTopic);
    if (this.#config.lateTopic !== undefined) topics.add(this.#config.lateTopic);
    for (const topic of topics) {
      const partitions = await this.#config.log.partitions(topic);
      if (partitions === undefined) throw new TopologyError(`the topic "${topic}" does not exist; create it first`);
      this.#partitions.set(topic, partitions);
    }
  }

  #partitionsOf(topic: string): number {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) throw new TopologyError(`the topic "${topic}" does not exist; create it first`);
    return partitions;
  }

  /** Decides how many tasks the sub-topology has, and makes the internal topics that it writes. */
  async #prepareTopics(sub: SubTopology): Promise<number> {
    const { applicationId, log, repartition } = this.#config;
    const inputs = [
      ...sub.sources.flatMap((source) => source.topics.map((topic) => this.#partitionsOf(topic))),
      ...sub.repartitionSources.map((node) => this.#partitionsOf(this.#repartitionTopic(node))),
    ];
    const count = Math.max(...inputs);
    for (const node of sub.nodes) {
      if (node.kind !== 'repartition') continue;
      const topic = this.#repartitionTopic(node);
      const partitions = node.partitions ?? count;
      this.#partitions.set(topic, partitions);
      if (log.singleOwner && repartition === 'auto') {
        this.#repartitions.set(node, { kind: 'direct', targets: [] });
      } else {
        await log.ensureTopic(topic, { partitions, cleanupPolicy: 'delete' });
        this.#repartitions.set(node, { kind: 'topic', topic, partitions });
      }
    }
    for (const store of sub.stores) {
      await log.ensureTopic(`${applicationId}-${store.name}-changelog`, {
        partitions: count,
        cleanupPolicy: store.type === 'key-value' ? 'compact' : 'delete',
      });
    }
    return count;
  }

  async #openTask(sub: SubTopology, partition: number, environment: TaskEnvironment): Promise<Task> {
    const { applicationId, stateDirectory } = this.#config;
    const id = `${sub.id}_${partition}`;
    let database: StateDatabase | undefined;
    if (sub.stores.length > 0) {
      database =
        stateDirectory === undefined
          ? await StateDatabase.inMemory()
          : await StateDatabase.open(join(stateDirectory, applicationId, id));
      this.#databases.push(database);
    }
    const task = new Task(sub, partition, environment, database);
    if (database !== undefined) await this.#restore(task, database);
    return task;
  }

  /** Brings the stores from their checkpoint to the end of their changelogs. */
  async #restore(task: Task, database: StateDatabase): Promise<void> {
    const { log } = this.#config;
    for (const store of task.stores.values()) {
      await store.open(database);
      const topicPartition = { topic: this.#changelogTopic(store.name), partition: task.partition };
      const end = await log.endOffset(topicPartition);
      const checkpoint = database.checkpoint[topicPartition.topic] ?? 0;
      if (checkpoint > end) {
        throw new StateError(
          'STATE_CORRUPT',
          `the state of task ${task.id} is ahead of its changelog ${topicPartition.topic} (${checkpoint} > ${end}): ` +
            'the log is not the one that it was built from; delete the state directory and it is rebuilt',
        );
      }
      const consumer = log.consumer();
      consumer.assign(topicPartition, checkpoint);
      for (let offset = checkpoint; offset < end; ) {
        const [cursor] = await consumer.poll(100);
        if (cursor === undefined) {
          if ((await log.startOffset(topicPartition)) >= end) break;
          continue;
        }
        while (cursor.next()) {
          const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
          const value = valueStart < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueEnd));
          store.restore(Buffer.from(bytes.subarray(keyStart, keyEnd)), value);
        }
        offset = cursor.nextOffset;
        await database.takeStaged().write({ [topicPartition.topic]: offset });
      }
      await consumer.close();
      store.committed(end);
    }
  }

  /** Goes on where the application's last commit was. */
  async #seek(task: Task): Promise<void> {
    const { applicationId, log } = this.#config;
    const internal = new Set(task.subTopology.repartitionSources.map((node) => this.#repartitionTopic(node)));
    for (const topic of task.inputTopics) {
      const topicPartition = { topic, partition: task.partition };
      const committed = await log.committed(applicationId, topicPartition);
      const offset = committed?.offset ?? (await log.startOffset(topicPartition));
      task.seek(topic, offset, committed?.metadata ?? '');
      this.#consumer?.assign(topicPartition, offset);
      this.#taskByInput.set(inputId(topicPartition), task);
      this.#positions.push({
        task,
        topicPartition,
        internal: internal.has(topic),
        committedOffset: offset,
      });
    }
  }

  #wireStreamTime(task: Task): void {
    if (task.subTopology.sources.length > 0) task.time.readsSources();
    for (const node of task.subTopology.repartitionSources) {
      const upstream = this.#tasksBySubTopology.flat().filter(({ subTopology }) => subTopology.nodes.includes(node));
      const repartition = this.#repartitions.get(node);
      if (repartition?.kind === 'topic') task.time.isFedByTopic(repartition.topic, upstream.length);
      else for (const { time } of upstream) if (time !== task.time) task.time.isFedBy(time);
    }
  }

  #repartitionTopic(node: RepartitionNode): string {
    return `${this.#config.applicationId}-${node.topic}`;
  }

  #changelogTopic(store: string): string {
    return `${this.#config.applicationId}-${store}-changelog`;
  }
}

function inputId({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
