import { join } from 'node:path';
import { LifecycleError } from '../errors.js';
import type { LogConsumer, TopicPartition } from '../log/log.js';
import { StateDirectory } from '../state/state-directory.js';
import type { StateStore } from '../state/state-store.js';
import type { Topology } from '../topology/topology.js';
import { CommitCycle, type CommittedTasks } from './commit-cycle.js';
import { Counters } from './counters.js';
import { Drain } from './drain.js';
import { GlobalTables } from './global/global-tables.js';
import { GroupMembers, type MemberWork, type Partitions } from './group/group-members.js';
import { GroupRebalance } from './group/group-rebalance.js';
import { Membership } from './group/membership.js';
import { type StandbyTask, StandbyTasks } from './group/standby-tasks.js';
import { readLeftovers } from './leftovers.js';
import { newMetrics, type StreamsMetrics } from './metrics.js';
import { RecordLoop } from './record-loop.js';
import { type RuntimeMetrics, runtimeMetricsOf } from './runtime-metrics.js';
import { checkStores } from './store-catalog.js';
import type { StreamThreadConfig } from './stream-thread-config.js';
import type { Task } from './task/task.js';
import type { TaskEnvironment } from './task/task-environment.js';
import { TaskManager } from './task/task-manager.js';
import type { TaskState } from './task/task-state.js';
import { TimeLags } from './time-lag.js';
import { TopologyTopics } from './topology-topics.js';

/** A poll waits no longer, so that a close or a drain is seen soon. */
const MAX_POLL_MS = 100;
/** When a commit is due while the one before it is on its way. */
const COMMIT_POLL_MS = 5;
/** What members of a group have told each other is of no use soon after. */
const MEMBERS_RETENTION_MS = 3_600_000;

/** What runs, once it has started. */
interface Running {
  readonly topics: TopologyTopics;
  readonly tasks: TaskManager;
  readonly consumer: LogConsumer;
  readonly records: RecordLoop;
  readonly drain: Drain;
}

/**
 * Runs the tasks of an application: polls, processes, commits. Processing is synchronous (`RecordLoop`); I/O happens in
 * `poll` and in a commit (`CommitCycle`).
 */
export class StreamThread {
  readonly metrics: StreamsMetrics;
  readonly counters: Counters;
  readonly #topology: Topology;
  readonly #config: StreamThreadConfig;
  readonly #commits: CommitCycle;
  /** Lets other instances of the application in again. */
  #release: (() => Promise<void>) | undefined;
  #group: GroupRebalance | undefined;
  #membership: Membership | undefined;
  #standbys: StandbyTasks | undefined;
  #globalTables: GlobalTables | undefined;
  #running: Running | undefined;
  readonly #lags = new TimeLags();
  #hasStarted = false;

  /** @param counted goes on with what the thread has counted that this one replaces */
  constructor(
    topology: Topology,
    config: StreamThreadConfig,
    { counters = new Counters(), metrics = newMetrics() }: Partial<Pick<StreamThread, 'counters' | 'metrics'>> = {},
  ) {
    this.metrics = metrics;
    this.counters = counters;
    this.#topology = topology;
    this.#config = config;
    this.#commits = new CommitCycle(config, metrics, counters, this.#committedTasks());
  }

  /**
   * Creates internal topics; then tasks, with their state restored, or, where a group shares them out, joins the group:
   * tasks come with what it assigns.
   *
   * @throws TopologyError, StateError, LogError
   */
  async start(): Promise<void> {
    const { applicationId, log, stateDirectory: path } = this.#config;
    const topology = this.#topology;
    this.#release = await log.claim?.(applicationId);
    const topics = await TopologyTopics.prepare(topology, this.#config);
    await checkStores({ applicationId, log, topology, topics });
    this.#globalTables = await GlobalTables.open(
      topology.globalTables,
      (topic) => topics.partitions(topic),
      log,
      this.metrics,
    );
    const environment = this.#environment(topics);
    const stateDirectory = new StateDirectory(path === undefined ? undefined : join(path, applicationId));
    if (log.join !== undefined) {
      const inputs = new Set(topology.subTopologies.flatMap((sub) => topics.inputs(sub)));
      this.#group = new GroupRebalance(await log.join(applicationId, [...inputs]), this.metrics);
      const membership = await this.#newMembership(topics, stateDirectory);
      this.#membership = membership;
      if (this.#config.numStandbyReplicas > 0) {
        this.#standbys = this.#newStandbys(topics, stateDirectory, membership);
      }
    }
    const standbys = this.#standbys;
    const tasks = new TaskManager({ applicationId, log, stateDirectory, topology, topics, environment, standbys });
    this.#membership?.start();
    standbys?.start();
    if (this.#group === undefined) await stateDirectory.deleteOthers(topics.taskIds());
    const consumer = this.#group?.group ?? log.consumer();
    const commits = this.#commits;
    const records = new RecordLoop(log, consumer, tasks, commits, this.#config.tracer);
    const drain = new Drain({
      topology,
      tasks,
      commits,
      isShared: this.#group !== undefined,
      runOnce: (maxWaitMs) => this.runOnce(maxWaitMs),
      lag: () => this.lag(),
    });
    this.#running = { topics, tasks, consumer, records, drain };
    if (this.#group === undefined) {
      await this.#openTasks();
      if (await readLeftovers({ log, topology, topics, consumer, tasks, records })) commits.hasWork();
    }
    this.#hasStarted = true;
  }

  /** Whether it is known which tasks are this process's; none of them may be. */
  get isAssigned(): boolean {
    return this.#hasStarted && (this.#group?.isAssigned ?? true);
  }

  /**
   * Polls once and processes what came.
   *
   * @returns how many batches came
   */
  async runOnce(maxWaitMs: number): Promise<number> {
    this.#membership?.check();
    this.#standbys?.check();
    this.#globalTables?.check();
    const batches = await this.#started.records.runOnce(maxWaitMs);
    // First: what another member has by now must not be committed here.
    await this.#rebalance();
    if (this.#commits.isDue) await this.commit();
    return batches;
  }

  /** How long a poll may wait before something else is due. */
  get maxWaitMs(): number {
    const { dueInMs, isBehind, isOnItsWay } = this.#commits;
    return Math.max(isOnItsWay || isBehind ? COMMIT_POLL_MS : 0, Math.min(MAX_POLL_MS, dueInMs));
  }

  /** Flushes every task into the transaction and starts to write it; waits for the commit before it, not for this one. */
  commit(): Promise<void> {
    return this.#commits.commit();
  }

  /**
   * Waits until the commit that is on its way is durable. When it was aborted, tasks start over from what is committed.
   *
   * @throws what it failed with, when that was something else
   */
  settleCommit(): Promise<void> {
    return this.#commits.settle();
  }

  /** Processes everything that the log holds, and commits it; where a group has other members, once they are gone. */
  async runToEnd(): Promise<void> {
    await this.#globalTables?.catchUp();
    await this.#started.drain.runToEnd();
  }

  /** The end of the input: processes what there is and closes every window, sub-topology by sub-topology. */
  async drain(): Promise<void> {
    await this.#globalTables?.catchUp();
    await this.#started.drain.run();
  }

  /**
   * As `drain`, and then goes back to what was before it: every window has sent its result as it stands, and is open
   * again, so that what comes later counts in it; when it closes it is sent again. Where tasks feed each other by topic,
   * what they sent could not be taken back: there it is `drain`.
   */
  async preview(): Promise<void> {
    await this.runToEnd();
    if (this.#group !== undefined || this.#started.topics.feedsByTopic) return this.drain();
    this.#commits.isPreview = true;
    try {
      await this.drain();
    } finally {
      this.#commits.isPreview = false;
      await this.#dropTasks();
    }
    await this.#openTasks();
  }

  async runtimeMetrics(): Promise<RuntimeMetrics> {
    const { log, monotonicMs, now, time } = this.#config;
    const tasks = this.#running?.tasks;
    return runtimeMetricsOf({
      topology: this.#topology,
      counters: this.counters,
      tasks: tasks?.all ?? [],
      positions: tasks?.positions ?? [],
      taskCounts: this.#running?.topics.taskCounts ?? [],
      limits: time,
      ...{ lags: this.#lags, log, monotonicMs, now },
    });
  }

  /** Records in source and repartition topics that are still to be processed. */
  async lag(): Promise<number> {
    const lags = (this.#running?.tasks.positions ?? []).map(async ({ task, topicPartition }) => {
      const end = await this.#config.log.endOffset(topicPartition);
      const position = task.inputs.positions().find(({ topic }) => topic === topicPartition.topic);
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

  /** For queries of its tasks' state; of those that run there is nothing before the start. */
  get running() {
    const { applicationId, log } = this.#config;
    const { tasks, topics } = this.#running ?? {};
    const [members, standbys] = [this.#membership?.members, this.#standbys];
    const work = () => this.#work();
    const globalTables = this.#globalTables;
    return { applicationId, log, topology: this.#topology, topics, tasks, standbys, members, work, globalTables };
  }

  store(name: string): { task: Task; store: StateStore }[] {
    return this.#all.flatMap((task) => {
      const store = task.stores.get(name);
      return store === undefined ? [] : [{ task, store }];
    });
  }

  /** Commits, unless it is closed because something failed, and lets everything go. */
  async close(options: { readonly commit: boolean }): Promise<void> {
    const commits = this.#commits;
    try {
      if (options.commit) {
        await this.commit();
        await this.settleCommit();
      } else {
        await commits.wait();
      }
      await commits.settleRequests();
    } finally {
      try {
        await commits.transaction.abort();
        await this.#membership?.close();
        await this.#standbys?.close();
        await this.#globalTables?.close();
        await this.#running?.tasks.close();
        await (this.#running?.consumer ?? this.#group?.group)?.close();
      } finally {
        await this.#release?.();
      }
    }
  }

  get #all(): readonly Task[] {
    return this.#running?.tasks.all ?? [];
  }

  get #started(): Running {
    if (this.#running === undefined) throw new LifecycleError('NOT_RUNNING', 'the thread has not started');
    return this.#running;
  }

  async #rebalance(): Promise<void> {
    await this.#group?.follow({
      open: async () => {
        const open = () => this.#openTasks();
        await (this.#standbys?.activating(open) ?? open());
      },
      reopen: () => this.#openTasks(),
      commit: async () => {
        await this.commit();
        await this.settleCommit();
      },
      drop: async () => {
        await this.#commits.wait();
        await this.#dropTasks();
      },
      close: async (partitions) => {
        const moved = this.#all.filter((task) =>
          partitions.some(({ topic, partition }) => partition === task.partition && task.inputs.topics.includes(topic)),
        );
        await this.#running?.tasks.close(moved);
        this.#membership?.changed();
      },
    });
  }

  async #newMembership(topics: TopologyTopics, stateDirectory: StateDirectory): Promise<Membership> {
    const { applicationId, log } = this.#config;
    const topic = `${applicationId}-members`;
    await log.ensureTopic(topic, { partitions: 1, retentionMs: MEMBERS_RETENTION_MS });
    const members = new GroupMembers({
      log,
      topic,
      host: this.#config.host?.(),
      processId: await stateDirectory.processId(),
      // Every member that has any partition has one of the topic with the most.
      firstPartition: () => {
        const most = Math.max(...topics.taskCounts);
        const partitions = (this.#group?.assigned ?? []).filter((one) => topics.partitions(one.topic) === most);
        return partitions.map(({ partition }) => partition).sort((a, b) => a - b)[0];
      },
      work: () => this.#work(),
    });
    return new Membership(log, members);
  }

  #newStandbys(topics: TopologyTopics, stateDirectory: StateDirectory, membership: Membership): StandbyTasks {
    const { log, now, numStandbyReplicas: replicas } = this.#config;
    const { members } = membership;
    const onChange = () => membership.changed();
    return new StandbyTasks({
      log,
      members,
      stateDirectory,
      topology: this.#topology,
      topics,
      replicas,
      now,
      onChange,
    });
  }

  #work(): MemberWork {
    const tasks = this.#all;
    const storesOf = (states: readonly TaskState[]): Partitions =>
      byName(states.flatMap(({ partition, stores }) => [...stores.keys()].map((store) => [store, partition] as const)));
    return {
      inputs: byName(
        tasks.flatMap(({ inputs, partition }) => inputs.topics.map((topic) => [topic, partition] as const)),
      ),
      active: storesOf(tasks.map(({ state }) => state)),
      standby: storesOf(this.#standbys?.states ?? []),
    };
  }

  async #openTasks(): Promise<void> {
    const { consumer, tasks } = this.#started;
    const opened = tasks.open((one: TopicPartition) => this.#group?.has(one) ?? true, consumer);
    this.#membership?.changed();
    await opened;
    this.#membership?.changed();
  }

  async #dropTasks(): Promise<void> {
    await this.#commits.abandon();
    await this.#running?.tasks.close();
    this.#membership?.changed();
  }

  /** The tasks of now, for they come and go. */
  #committedTasks(): CommittedTasks {
    const thread = () => this;
    return {
      get all() {
        return thread().#all;
      },
      get positions() {
        return thread().#running?.tasks.positions ?? [];
      },
      get areFenced() {
        return thread().#group !== undefined;
      },
      startOver: async () => {
        await this.#dropTasks();
        await this.#openTasks();
      },
    };
  }

  #environment(topics: TopologyTopics): TaskEnvironment {
    const commits = this.#commits;
    const config = this.#config;
    return {
      applicationId: config.applicationId,
      metrics: this.metrics,
      counters: this.counters,
      now: config.now,
      monotonicMs: config.monotonicMs,
      endsAreKnown: config.log.singleOwner,
      maxTimeAheadMs: config.maxTimeAheadMs,
      transaction: () => commits.transaction,
      partitions: (topic) => topics.partitions(topic),
      repartition: (node) => topics.repartition(node),
      globalTable: (name) => {
        const table = this.#globalTables?.table(name);
        return (key) => table?.get(key);
      },
      requestCommit: () => commits.request(),
      autoOffsetReset: config.autoOffsetReset,
      deserializationExceptionHandler: config.deserializationExceptionHandler,
      processingExceptionHandler: config.processingExceptionHandler,
      productionExceptionHandler: config.productionExceptionHandler,
      deadLetterTopic: config.deadLetterTopic,
      lateTopic: config.lateTopic,
      handsOnBySerdes: config.handsOnBySerdes ?? false,
      keepsState: () => !commits.isPreview,
    };
  }
}

function byName(pairs: readonly (readonly [name: string, partition: number])[]): Partitions {
  const all = new Map<string, number[]>();
  for (const [name, partition] of pairs)
    all.set(
      name,
      [...(all.get(name) ?? []), partition].sort((a, b) => a - b),
    );
  return Object.fromEntries(all);
}
