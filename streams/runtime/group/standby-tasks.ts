import type { Log, LogConsumer } from '../../log/log.js';
import { StateError } from '../../state/state-database.js';
import type { StateDirectory } from '../../state/state-directory.js';
import type { SubTopology, Topology } from '../../topology/topology.js';
import { changelogEnds } from '../task/restore.js';
import { TaskState, taskId } from '../task/task-state.js';
import type { TopologyTopics } from '../topology-topics.js';
import type { GroupMembers } from './group-members.js';
import { placeState } from './standby-placement.js';

/** How often standbys are placed by what members tell. */
const PLACE_INTERVAL_MS = 1000;
const POLL_MS = 100;

/** A task of another process whose state is kept here, too. */
export interface StandbyTask {
  /** Sub-topology and partition. */
  readonly id: string;
  /** Records of its changelogs that it does not hold yet. */
  readonly lag: number;
}

export interface StandbyTasksOptions {
  readonly log: Log;
  readonly members: GroupMembers;
  readonly stateDirectory: StateDirectory;
  readonly topology: Topology;
  readonly topics: TopologyTopics;
  /** How many members of the group may be lost at a time. */
  readonly replicas: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when standbys have come or gone. */
  readonly onChange: () => void;
}

interface Standby {
  /** Resolves to nothing when another process of this machine has the state, and keeps it up to date. */
  readonly opening: Promise<TaskState | undefined>;
  state: TaskState | undefined;
  /** Resolves when what was read of its changelogs is in LevelDB. */
  written: Promise<void>;
}

/**
 * Keeps the state of tasks that would come to this process if others were lost, by reading their changelogs on and on. A
 * task that does come takes it over as it is, and reads the rest.
 */
export class StandbyTasks {
  readonly #options: StandbyTasksOptions;
  readonly #subTopologies = new Map<string, SubTopology>();
  readonly #standbys = new Map<string, Standby>();
  readonly #active = new Set<string>();
  readonly #consumer: LogConsumer;
  #isActivating = false;
  #failure: Error | undefined;
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: StandbyTasksOptions) {
    this.#options = options;
    this.#consumer = options.log.consumer();
    for (const sub of options.topology.subTopologies) {
      for (const { name } of sub.stores) this.#subTopologies.set(options.topics.changelog(name), sub);
    }
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#closed) this.#failure = error as Error;
    });
  }

  /** @throws what stopped it */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The tasks whose state is kept here, and how far behind it is. */
  async all(): Promise<StandbyTask[]> {
    const { log } = this.#options;
    return Promise.all(
      [...this.#standbys].map(async ([id, { state }]) => {
        const lags = (state?.positions ?? []).map(
          async ({ offset, topicPartition }) => (await log.endOffset(topicPartition)) - offset,
        );
        return { id, lag: (await Promise.all(lags)).reduce((sum, lag) => sum + Math.max(0, lag), 0) };
      }),
    );
  }

  /** The states that are kept here and open. */
  get states(): readonly TaskState[] {
    return [...this.#standbys.values()].flatMap(({ state }) => state ?? []);
  }

  /** Does what activates tasks. It would wait for what those who had them have left open: that ends meanwhile. */
  async activating(work: () => Promise<void>): Promise<void> {
    this.#isActivating = true;
    try {
      await this.#options.members.endLostTransactions();
      await work();
    } finally {
      this.#isActivating = false;
    }
  }

  /** The task is to run here: hands over its state, when there is any, and keeps away from it until `deactivate`. */
  async activate(id: string): Promise<TaskState | undefined> {
    this.#active.add(id);
    return this.#take(id);
  }

  deactivate(id: string): void {
    this.#active.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    for (const id of this.#standbys.keys()) await this.#drop(id);
    await this.#consumer.close();
  }

  async #run(): Promise<void> {
    const { members } = this.#options;
    while (!this.#closed) {
      const until = performance.now() + PLACE_INTERVAL_MS;
      while (!this.#closed && performance.now() < until) await this.#follow();
      if (this.#isActivating) await members.endLostTransactions();
      await this.#place();
    }
  }

  /** Opens and drops standbys as the group's members ask for. */
  async #place(): Promise<void> {
    const { members, replicas, topics, topology } = this.#options;
    if (members.all.length === 0) return;
    const placed = new Map<string, { sub: SubTopology; partition: number }>();
    for (const sub of topology.subTopologies) {
      if (sub.stores.length === 0) continue;
      for (const partition of placeState(topics.taskCounts[sub.id] ?? 0, members.all, replicas)) {
        placed.set(taskId(sub, partition), { sub, partition });
      }
    }
    for (const id of this.#standbys.keys()) if (!placed.has(id)) await this.#drop(id);
    for (const [id, { partition, sub }] of placed) {
      if (!this.#closed && !this.#active.has(id) && !this.#standbys.has(id)) await this.#add(id, sub, partition);
    }
  }

  async #add(id: string, sub: SubTopology, partition: number): Promise<void> {
    const opening = this.#open(id, sub, partition);
    const standby: Standby = { opening, state: undefined, written: Promise.resolve() };
    this.#standbys.set(id, standby);
    standby.state = await opening;
    // It may have been activated meanwhile.
    if (this.#standbys.get(id) !== standby) return;
    if (standby.state === undefined) this.#standbys.delete(id);
    for (const { offset, topicPartition } of standby.state?.positions ?? []) {
      this.#consumer.assign(topicPartition, offset);
    }
    this.#options.onChange();
  }

  async #open(id: string, sub: SubTopology, partition: number): Promise<TaskState | undefined> {
    const { log, now, stateDirectory, topics } = this.#options;
    const open = async (): Promise<TaskState | undefined> => {
      const database = await stateDirectory.openIfFree(id);
      if (database === undefined) return undefined;
      const state = await TaskState.open(sub, partition, database, (store) => topics.changelog(store), now);
      try {
        await changelogEnds(state, log);
      } catch (error) {
        await state.close();
        throw error;
      }
      return state;
    };
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE_CORRUPT') throw error;
      // It is a copy: there is nothing in it that is not elsewhere.
      await stateDirectory.delete(id);
      return open();
    }
  }

  /** Takes what has come of the changelogs. */
  async #follow(): Promise<void> {
    for (const cursor of await this.#consumer.poll(POLL_MS)) {
      const sub = this.#subTopologies.get(cursor.topic);
      if (sub === undefined) continue;
      const standby = this.#standbys.get(taskId(sub, cursor.partition));
      if (standby?.state === undefined) continue;
      standby.written = standby.state.restore(cursor).then(() => {});
      await standby.written;
    }
  }

  async #drop(id: string): Promise<void> {
    await (await this.#take(id))?.close();
  }

  /** The state, with nothing under way in it. */
  async #take(id: string): Promise<TaskState | undefined> {
    const standby = this.#standbys.get(id);
    if (this.#standbys.delete(id)) this.#options.onChange();
    // `check` reports what has failed.
    const state = await standby?.opening.catch(() => undefined);
    for (const { topicPartition } of state?.positions ?? []) this.#consumer.pause(topicPartition);
    try {
      await standby?.written;
      return state;
    } catch {
      // What it has in memory is not what LevelDB has.
      await state?.close();
      return undefined;
    }
  }
}
