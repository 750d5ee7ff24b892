import type { Log } from '../log/log.js';
import type { GlobalTables } from '../runtime/global/global-tables.js';
import type { GroupMembers, MemberWork } from '../runtime/group/group-members.js';
import type { StandbyTasks } from '../runtime/group/standby-tasks.js';
import type { TaskManager } from '../runtime/task/task-manager.js';
import type { TaskState } from '../runtime/task/task-state.js';
import type { TopologyTopics } from '../runtime/topology-topics.js';
import type {
  GlobalTableDefinition,
  StoreDefinition,
  StoreSerdes,
  SubTopology,
  Topology,
} from '../topology/topology.js';
import { unknownStore } from './local-state-queries.js';
import type { LocalStore, LocalStores } from './local-stores.js';
import { StatePositions } from './state-positions.js';

/** What a thread runs; it has neither tasks nor topics before it starts. */
export interface RunningTasks {
  readonly applicationId: string;
  readonly log: Log;
  readonly topology: Topology;
  readonly topics: TopologyTopics | undefined;
  readonly tasks: TaskManager | undefined;
  readonly standbys: StandbyTasks | undefined;
  readonly globalTables?: GlobalTables | undefined;
  /** Where a group shares out the work. */
  readonly members: GroupMembers | undefined;
  /** What this instance does. */
  readonly work: () => MemberWork;
}

/** How far a store has come in its changelog; Kafka Streams' `LagInfo`. */
export interface LagInfo {
  readonly currentOffsetPosition: number;
  readonly endOffsetPosition: number;
  /** Changes that it does not hold. */
  readonly offsetLag: number;
}

/** The stores of the tasks that a thread runs, and of those whose state it keeps. */
export class TaskStores implements LocalStores {
  readonly #running: () => RunningTasks;
  readonly #positions: StatePositions;

  constructor(running: () => RunningTasks) {
    this.#running = running;
    const { applicationId, log } = running();
    const inputs = ({ subTopology }: TaskState) => running().topics?.inputs(subTopology) ?? [];
    this.#positions = new StatePositions({ applicationId, log, inputs });
  }

  get isSettled(): boolean {
    return this.#running().tasks?.isSettled ?? false;
  }

  partitions(store: string): number | undefined {
    if (this.#globalTable(store) !== undefined) return 1;
    const sub = this.#subTopology(store);
    return sub && (this.#running().topics?.taskCounts[sub.id] ?? 0);
  }

  get running(): RunningTasks {
    return this.#running();
  }

  /** Among how many partitions the keys of the store are shared out. */
  keyPartitions(store: string): number {
    if (this.#globalTable(store) !== undefined) return 1;
    return this.#running().topics?.keyPartitions(store) ?? 0;
  }

  definition(store: string): StoreDefinition | undefined {
    return this.#subTopology(store)?.stores.find(({ name }) => name === store);
  }

  /** @throws StateQueryError UNKNOWN_STORE */
  serdes(store: string): StoreSerdes {
    const definition = this.definition(store) ?? this.#globalTable(store);
    if (definition === undefined) throw unknownStore(store);
    return definition.serdes;
  }

  find(name: string): LocalStore[] {
    const { globalTables, tasks } = this.#running();
    if (tasks === undefined) return [];
    const global = globalTables?.find(name);
    // All of it is here, as if it were one partition.
    if (globalTables !== undefined && global !== undefined) {
      return [{ partition: 0, isActive: true, view: global.view(), position: () => globalTables.position(global) }];
    }
    return tasks.all.flatMap((task) => {
      const store = task.stores.get(name);
      if (store === undefined) return [];
      if (!task.isActive) return this.#following(task.state, name);
      const { partition } = task;
      return [{ partition, isActive: true, view: store.view(), position: () => tasks.committedPosition(task) }];
    });
  }

  standbys(name: string): LocalStore[] {
    return (this.#running().standbys?.states ?? []).flatMap((state) => this.#following(state, name));
  }

  /** Of all stores that are here, by their names and partitions. */
  async lags(): Promise<Map<string, Map<number, LagInfo>>> {
    const { log, standbys, tasks } = this.#running();
    const lags = new Map<string, Map<number, LagInfo>>();
    const states = [...(standbys?.states ?? []), ...(tasks?.all ?? []).map(({ state }) => state)];
    const positions = states.flatMap((state) => state.positions);
    await Promise.all(
      positions.map(async ({ offset, store, topicPartition }) => {
        const end = await log.endOffset(topicPartition);
        const ofStore = lags.get(store.name) ?? new Map<number, LagInfo>();
        lags.set(store.name, ofStore);
        ofStore.set(topicPartition.partition, {
          currentOffsetPosition: offset,
          endOffsetPosition: end,
          offsetLag: Math.max(0, end - offset),
        });
      }),
    );
    return lags;
  }

  #following(state: TaskState, name: string): LocalStore[] {
    const store = state.stores.get(name);
    if (store === undefined) return [];
    const positions = this.#positions;
    return [
      {
        partition: state.partition,
        isActive: false,
        view: store.view(),
        position: () => positions.of(state),
        following: { lag: () => positions.lag(state, name), reaches: (bound) => positions.reaches(state, bound) },
      },
    ];
  }

  #globalTable(store: string): GlobalTableDefinition | undefined {
    return this.#running().topology.globalTables.find(({ name }) => name === store);
  }

  #subTopology(store: string): SubTopology | undefined {
    return this.#running().topology.subTopologies.find(({ stores }) => stores.some(({ name }) => name === store));
  }
}
