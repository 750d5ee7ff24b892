import type { TaskManager } from '../runtime/task/task-manager.js';
import type { TopologyTopics } from '../runtime/topology-topics.js';
import type { Topology } from '../topology/topology.js';
import type { LocalStore, LocalStores } from './local-stores.js';

/** What a thread runs; it has neither tasks nor topics before it starts. */
export interface RunningTasks {
  readonly topology: Topology;
  readonly topics: TopologyTopics | undefined;
  readonly tasks: TaskManager | undefined;
}

/** The stores of the tasks that a thread runs. */
export class TaskStores implements LocalStores {
  readonly #running: () => RunningTasks;

  constructor(running: () => RunningTasks) {
    this.#running = running;
  }

  get isSettled(): boolean {
    return this.#running().tasks?.isSettled ?? false;
  }

  partitions(store: string): number | undefined {
    const { topics, topology } = this.#running();
    const sub = topology.subTopologies.find(({ stores }) => stores.some(({ name }) => name === store));
    return sub && (topics?.taskCounts[sub.id] ?? 0);
  }

  find(name: string): LocalStore[] {
    const { tasks } = this.#running();
    if (tasks === undefined) return [];
    return tasks.all.flatMap((task) => {
      const store = task.stores.get(name);
      if (store === undefined) return [];
      const { isActive, partition } = task;
      return [{ partition, isActive, view: store.view(), position: () => tasks.committedPosition(task) }];
    });
  }
}
