import type { Log, LogConsumer, TopicPartition } from '../../log/log.js';
import { startOffset } from '../../log/start-offset.js';
import type { StateDatabase } from '../../state/state-database.js';
import type { StateDirectory } from '../../state/state-directory.js';
import { repartitionSourceName } from '../../topology/description.js';
import type { Forward, OutCount, SubTopology, Topology } from '../../topology/topology.js';
import type { StandbyTasks } from '../group/standby-tasks.js';
import type { TopologyTopics } from '../topology-topics.js';
import { restoreStores } from './restore.js';
import { Task } from './task.js';
import type { TaskEnvironment } from './task-environment.js';
import { TaskState, taskId } from './task-state.js';

/** How long another process of this machine may take to let go of a task's state. */
const LOCK_WAIT_MS = 5000;

/** Where a task stands in one of its inputs. */
export interface Position {
  readonly task: Task;
  readonly topicPartition: TopicPartition;
  readonly internal: boolean;
  committedOffset: number;
  committedMetadata: string;
}

export interface TaskManagerOptions {
  readonly applicationId: string;
  readonly log: Log;
  readonly stateDirectory: StateDirectory;
  readonly topology: Topology;
  readonly topics: TopologyTopics;
  readonly environment: TaskEnvironment;
  readonly standbys: StandbyTasks | undefined;
}

/** Opens and closes the tasks that this process runs: all of them, or those whose partitions a group gives to it. */
export class TaskManager {
  readonly #options: TaskManagerOptions;
  readonly #bySubTopology: Task[][];
  readonly #byInput = new Map<string, Task>();
  #positions: Position[] = [];
  #isSettled = false;

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    this.#bySubTopology = options.topology.subTopologies.map(() => []);
  }

  /** A sub-topology's tasks come after those of the sub-topologies that feed it. */
  get all(): readonly Task[] {
    return this.#bySubTopology.flat();
  }

  get bySubTopology(): readonly (readonly Task[])[] {
    return this.#bySubTopology;
  }

  /** Whether all tasks of the application are this process's. */
  get isWhole(): boolean {
    return this.#bySubTopology.every((tasks, id) => tasks.length === this.#options.topics.taskCounts[id]);
  }

  /** Whether the tasks that are to be here are: all is restored, and what was dropped is back. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * What the task's state counts at least, of what is committed: by topic and partition, the offset after the last record.
   * A task that others call stands where they do.
   */
  committedPosition(task: Task): Record<string, Record<number, number>> {
    const position: Record<string, Record<number, number>> = {};
    const reached = new Set<Task>();
    const add = (reader: Task): void => {
      if (reached.has(reader)) return;
      reached.add(reader);
      for (const [topic, offset] of reader.committedOffsets) {
        position[topic] = { ...position[topic], [reader.partition]: offset };
      }
      for (const feeder of this.#callersOf(reader)) add(feeder);
    };
    add(task);
    return position;
  }

  get positions(): readonly Position[] {
    return this.#positions;
  }

  /** The task that reads the partition. */
  reading(topicPartition: TopicPartition): Task | undefined {
    return this.#byInput.get(idOf(topicPartition));
  }

  /**
   * Opens the tasks, those that are not open, all of whose inputs are in `available`; restores their state and assigns
   * their inputs to the consumer, where the application's last commit was.
   *
   * @throws StateError, LogError
   */
  async open(available: (topicPartition: TopicPartition) => boolean, consumer: LogConsumer): Promise<void> {
    this.#isSettled = false;
    const { environment, log, topics, topology } = this.#options;
    const states: Promise<TaskState>[] = [];
    const lockDeadline = performance.now() + LOCK_WAIT_MS;
    for (const sub of topology.subTopologies) {
      const inputs = topics.inputs(sub);
      for (let partition = 0; partition < (topics.taskCounts[sub.id] ?? 0); partition++) {
        const isOpen = this.#bySubTopology[sub.id]?.some((task) => task.partition === partition);
        const read = inputs.filter((topic) => partition < topics.partitions(topic));
        if (isOpen || !read.every((topic) => available({ topic, partition }))) continue;
        states.push(this.#openState(sub, partition, lockDeadline));
      }
    }
    const opened = (await Promise.all(states)).map((state) => new Task(state, environment));
    for (const task of opened) {
      const tasks = this.#bySubTopology[task.subTopology.id] ?? [];
      tasks.push(task);
      tasks.sort((a, b) => a.partition - b.partition);
      this.#receiveDirectly(task);
    }
    // Offsets first: once they are settled, the tasks' previous owner can commit nothing more to their changelogs.
    for (const task of opened) this.#wireTimes(task);
    await Promise.all(opened.map((task) => this.#seek(task)));
    await restoreStores(
      opened.map(({ state }) => state),
      log,
      environment.metrics,
      environment.counters.restore,
    );
    for (const task of opened) {
      task.init();
      for (const { task: reader, topicPartition, committedOffset } of this.#positions) {
        if (reader === task) consumer.assign(topicPartition, committedOffset);
      }
      task.activate();
    }
    this.#isSettled = true;
  }

  /**
   * Closes tasks as they are: what is not committed is dropped.
   *
   * @param tasks those that other processes get; default: all, which are not settled until some are opened
   */
  async close(tasks?: readonly Task[]): Promise<void> {
    if (tasks === undefined) this.#isSettled = false;
    await this.#close(tasks ?? this.all);
  }

  async #close(tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) {
      task.close();
      const siblings = this.#bySubTopology[task.subTopology.id] ?? [];
      siblings.splice(siblings.indexOf(task), 1);
    }
    this.#positions = this.#positions.filter(({ task }) => !tasks.includes(task));
    for (const [input, task] of this.#byInput) if (tasks.includes(task)) this.#byInput.delete(input);
    await Promise.all(tasks.map((task) => task.state.close()));
    for (const { id } of tasks) this.#options.standbys?.deactivate(id);
  }

  async #openState(sub: SubTopology, partition: number, lockDeadline: number): Promise<TaskState> {
    const { environment, log, standbys, stateDirectory, topics } = this.#options;
    const id = taskId(sub, partition);
    const standby = await standbys?.activate(id);
    if (standby !== undefined) return standby;
    let database: StateDatabase | undefined;
    if (sub.stores.length > 0) {
      const isShared = log.join !== undefined;
      database = await (isShared ? stateDirectory.openShared(id, lockDeadline) : stateDirectory.open(id));
    }
    return TaskState.open(sub, partition, database, (store) => topics.changelog(store), environment.now);
  }

  /** Where one process runs all tasks, those that feed this one call it. */
  #receiveDirectly(task: Task): void {
    for (const node of task.subTopology.repartitionSources) {
      const repartition = this.#options.topics.repartition(node);
      if (repartition.kind !== 'direct') continue;
      const targets = repartition.targets as { task: Task; forward: Forward; count: OutCount }[];
      const count = task.countsOut(repartitionSourceName(node));
      targets[task.partition] = { task, forward: task.entry(node), count };
    }
  }

  #wireTimes(task: Task): void {
    const { topics } = this.#options;
    for (const node of task.subTopology.repartitionSources) {
      const repartition = topics.repartition(node);
      if (repartition.kind === 'topic' && !node.isOfForeignKeys)
        task.time.isFedByTopic(repartition.topic, topics.upstreamTasks(node));
    }
    for (const { time } of this.#callersOf(task)) task.time.isFedBy(time);
  }

  /** The tasks that hand records on to this one by a call. */
  #callersOf(task: Task): Task[] {
    const direct = task.subTopology.repartitionSources.filter(
      (node) => this.#options.topics.repartition(node).kind === 'direct',
    );
    return this.all.filter((other) => other !== task && direct.some((node) => other.subTopology.nodes.includes(node)));
  }

  /** Goes on where the application's last commit was. */
  async #seek(task: Task): Promise<void> {
    const { applicationId, environment, log, topics } = this.#options;
    for (const topic of task.inputs.topics) {
      const topicPartition = { topic, partition: task.partition };
      const source = task.subTopology.sources.find(({ topics: read }) => read.includes(topic));
      const policy = source === undefined ? 'earliest' : (source.autoOffsetReset ?? environment.autoOffsetReset);
      const { metadata, offset, warning } = await startOffset(log, applicationId, topicPartition, policy);
      if (warning !== undefined) {
        environment.metrics.offsetResets++;
        process.emitWarning(warning);
      }
      task.seek(topic, offset, metadata);
      if (source !== undefined && (await this.#isLeftEmpty(topicPartition))) task.inputs.endsAt(topic, 0, -1);
      this.#byInput.set(idOf(topicPartition), task);
      this.#positions.push({
        task,
        topicPartition,
        internal: topics.isInternal(topic),
        committedOffset: offset,
        committedMetadata: metadata,
      });
    }
  }

  /** Whether the partition is empty while others of its topic have records: nothing is awaited from it. */
  async #isLeftEmpty({ partition, topic }: TopicPartition): Promise<boolean> {
    const { log, topics } = this.#options;
    if ((await log.endOffset({ topic, partition })) > 0) return false;
    const others = Array.from({ length: topics.partitions(topic) }, (_, other) => ({ topic, partition: other }));
    const ends = await Promise.all(others.map((other) => log.endOffset(other)));
    return ends.some((end) => end > 0);
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
