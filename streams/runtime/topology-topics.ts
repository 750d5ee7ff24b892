import type { Log, TopicConfig } from '../log/log.js';
import { refuseCycles, sinkTopics } from '../topology/cycles.js';
import {
  type GraphNode,
  type RepartitionNode,
  type StoreDefinition,
  type SubTopology,
  type Topology,
  TopologyError,
} from '../topology/topology.js';
import type { Repartition } from './repartition/repartition-sink.js';
import { taskId } from './task/task-state.js';

export interface TopologyTopicsOptions {
  readonly applicationId: string;
  readonly log: Log;
  readonly repartition: 'auto' | 'topic';
  readonly deadLetterTopic: string | undefined;
  readonly lateTopic: string | undefined;
}

/** The topics of a topology: those it names, which must exist, and its internal ones, which are made here. */
export class TopologyTopics {
  /** How many tasks each sub-topology has, by its id. */
  readonly taskCounts: number[] = [];
  readonly #topology: Topology;
  readonly #options: TopologyTopicsOptions;
  readonly #partitions = new Map<string, number>();
  readonly #internal: (readonly [topic: string, config: TopicConfig])[] = [];
  readonly #repartitions = new Map<RepartitionNode, Repartition>();

  private constructor(topology: Topology, options: TopologyTopicsOptions) {
    this.#topology = topology;
    this.#options = options;
  }

  /** @throws TopologyError, LogError */
  static async prepare(topology: Topology, options: TopologyTopicsOptions): Promise<TopologyTopics> {
    const topics = new TopologyTopics(topology, options);
    topics.#refuseCycles();
    for (const sub of topology.subTopologies) refuseOwnRepartition(sub);
    await topics.#readPartitions();
    // All of them first: by those of a foreign-key join two sub-topologies feed each other.
    for (const sub of topology.subTopologies) topics.#prepareRepartitions(sub);
    for (const sub of topology.subTopologies) topics.taskCounts[sub.id] = topics.#prepareSubTopology(sub);
    await topics.#findLeftovers();
    await Promise.all(topics.#internal.map(([topic, config]) => options.log.ensureTopic(topic, config)));
    return topics;
  }

  /** @throws TopologyError when there is no such topic */
  partitions(topic: string): number {
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) throw new TopologyError(`the topic "${topic}" does not exist; create it first`);
    return partitions;
  }

  /** Among how many partitions the keys of a store are shared out. */
  keyPartitions(store: string): number {
    for (const sub of this.#topology.subTopologies) {
      const definition = sub.stores.find(({ name }) => name === store);
      if (definition !== undefined)
        return Math.max(0, ...[...this.#topicsOf(sub, definition)].map((topic) => this.partitions(topic)));
    }
    return 0;
  }

  repartition(node: RepartitionNode): Repartition {
    const repartition = this.#repartitions.get(node);
    if (repartition === undefined) throw new TopologyError(`"${node.name}" has no sub-topology that reads it`);
    return repartition;
  }

  /** Whether any task feeds another by way of a topic. */
  get feedsByTopic(): boolean {
    return [...this.#repartitions.values()].some(({ kind }) => kind === 'topic');
  }

  /** How many tasks write to the node's topic. */
  upstreamTasks(node: RepartitionNode): number {
    return this.#topology.subTopologies
      .filter(({ nodes }) => nodes.includes(node))
      .reduce((tasks, { id }) => tasks + (this.taskCounts[id] ?? 0), 0);
  }

  /** Of all tasks that have stores. */
  taskIds(): Set<string> {
    const ids = new Set<string>();
    for (const sub of this.#topology.subTopologies) {
      for (let partition = 0; partition < (this.taskCounts[sub.id] ?? 0); partition++) {
        if (sub.stores.length > 0) ids.add(taskId(sub, partition));
      }
    }
    return ids;
  }

  /** The topics that tasks of the sub-topology read. */
  inputs(sub: SubTopology): string[] {
    const repartitions = sub.repartitionSources.map((node) => this.repartition(node));
    return [
      ...sub.sources.flatMap(({ topics }) => topics),
      ...repartitions.flatMap((repartition) => topicOf(repartition) ?? []),
    ];
  }

  /** The topics of repartitions that are direct now, and have records from when they were not. */
  leftovers(sub: SubTopology): string[] {
    const repartitions = sub.repartitionSources.map((node) => this.repartition(node));
    return repartitions.flatMap((repartition) => (repartition.kind === 'direct' ? (repartition.leftover ?? []) : []));
  }

  isInternal(topic: string): boolean {
    return [...this.#repartitions.values()].some((repartition) => topicOf(repartition) === topic);
  }

  changelog(store: string): string {
    return `${this.#options.applicationId}-${store}-changelog`;
  }

  /** With the topics that only the application's name and its configuration tell. */
  #refuseCycles(): void {
    const { applicationId, deadLetterTopic, lateTopic } = this.#options;
    const nodes = this.#topology.subTopologies.flatMap((sub) => sub.nodes);
    refuseCycles(nodes, (node) => {
      const topics = [...sinkTopics(node)];
      if (node.kind === 'repartition') topics.push(`${applicationId}-${node.topic}`);
      if (node.kind === 'processor') {
        for (const { contents, name } of node.stores) {
          topics.push(this.changelog(name));
          if (['windows', 'sessions'].includes(contents.kind) && lateTopic !== undefined) topics.push(lateTopic);
        }
      }
      // Whatever is read may fail.
      if (deadLetterTopic !== undefined) topics.push(deadLetterTopic);
      return topics;
    });
  }

  async #readPartitions(): Promise<void> {
    const topics = new Set<string>();
    for (const { nodes } of this.#topology.subTopologies) {
      for (const node of nodes) {
        if (node.kind === 'source') for (const topic of node.topics) topics.add(topic);
        if (node.kind === 'sink') topics.add(node.topic);
      }
    }
    for (const { topic } of this.#topology.globalTables) topics.add(topic);
    const { deadLetterTopic, lateTopic } = this.#options;
    for (const topic of [deadLetterTopic, lateTopic]) if (topic !== undefined) topics.add(topic);
    for (const topic of topics) {
      const partitions = await this.#options.log.partitions(topic);
      if (partitions !== undefined) this.#partitions.set(topic, partitions);
      this.partitions(topic);
    }
  }

  /**
   * A task reads the partitions of its number. Where topics have other numbers of partitions a key is in partitions of
   * other numbers, and two tasks would each have a part of what a store is to hold of it.
   */
  #requireCopartitioned(sub: SubTopology): void {
    for (const store of sub.stores) {
      const owners = ownersOf(sub, store);
      const counted = [...this.#topicsOf(sub, store)].map((topic) => [topic, this.partitions(topic)] as const);
      if (new Set(counted.map(([, partitions]) => partitions)).size < 2) continue;
      const names = owners.map(({ name }) => `"${name}"`).join(', ');
      throw unequal(
        counted,
        `${names} ${owners.length > 1 ? 'put' : 'puts'} the records of a key together, which are in partitions of other numbers`,
      );
    }
  }

  /** The topics whose records reach the store without another repartition. */
  #topicsOf(sub: SubTopology, store: StoreDefinition): Set<string> {
    return new Set(ownersOf(sub, store).flatMap((node) => [...this.#topicsBefore(node)]));
  }

  /** The topics whose records reach the node without another repartition. */
  #topicsBefore(node: GraphNode, topics = new Set<string>()): Set<string> {
    for (const { nodes } of this.#topology.subTopologies) {
      for (const parent of nodes) {
        if (!parent.children.includes(node)) continue;
        if (parent.kind === 'source') for (const topic of parent.topics) topics.add(topic);
        else if (parent.kind === 'repartition') topics.add(`${this.#options.applicationId}-${parent.topic}`);
        else this.#topicsBefore(parent, topics);
      }
    }
    return topics;
  }

  async #findLeftovers(): Promise<void> {
    const { applicationId, log } = this.#options;
    for (const [node, repartition] of this.#repartitions) {
      if (repartition.kind !== 'direct') continue;
      const topic = `${applicationId}-${node.topic}`;
      const partitions = (await log.partitions(topic)) ?? 0;
      for (let partition = 0; partition < partitions; partition++) {
        const committed = await log.committed(applicationId, { topic, partition });
        const from = committed?.offset ?? (await log.startOffset({ topic, partition }));
        if (from >= (await log.endOffset({ topic, partition }))) continue;
        // With other numbers of partitions it is refused, as it is where the topic is written to.
        this.#internal.push([topic, { partitions: this.partitions(topic), cleanupPolicy: 'delete' }]);
        this.#repartitions.set(node, { ...repartition, leftover: topic });
        break;
      }
    }
  }

  /** Finds how the sub-topology's records get to others. */
  #prepareRepartitions(sub: SubTopology): void {
    const { applicationId, log, repartition } = this.#options;
    for (const node of sub.nodes) {
      if (node.kind !== 'repartition') continue;
      const topic = `${applicationId}-${node.topic}`;
      const partitions = this.#partitionsOf(node);
      this.#partitions.set(topic, partitions);
      if (log.singleOwner && repartition === 'auto' && !this.#feedsJoin(node)) {
        this.#repartitions.set(node, { kind: 'direct', targets: [] });
      } else {
        this.#internal.push([topic, { partitions, cleanupPolicy: 'delete' }]);
        this.#repartitions.set(node, { kind: 'topic', topic, partitions });
      }
    }
  }

  /** Finds the changelogs of the sub-topology. @returns how many tasks it has */
  #prepareSubTopology(sub: SubTopology): number {
    const { applicationId, log } = this.#options;
    const inputs = [
      ...sub.sources.flatMap(({ topics }) => topics),
      ...sub.repartitionSources.map((node) => `${applicationId}-${node.topic}`),
    ];
    const counts = inputs.map((topic) => this.partitions(topic));
    const count = Math.max(...counts);
    this.#requireCopartitioned(sub);
    if (log.join !== undefined && counts.some((other) => other !== count)) {
      throw unequal(
        inputs.map((topic, i) => [topic, counts[i] ?? 0]),
        'are read together, and a group gives the partitions of a number to one member',
      );
    }
    for (const store of sub.stores) {
      const cleanupPolicy = store.type === 'key-value' || store.type === 'versioned' ? 'compact' : 'delete';
      this.#internal.push([this.changelog(store.name), { partitions: count, cleanupPolicy }]);
    }
    return count;
  }

  #partitionsOf(node: RepartitionNode): number {
    if (node.partitions !== undefined) return node.partitions;
    const { subTopologies } = this.#topology;
    const tasksThatWrite = (written: readonly RepartitionNode[]) => {
      const writers = subTopologies.filter(({ nodes }) => written.some((one) => nodes.includes(one)));
      return Math.max(...writers.map((writer) => this.#tasksOf(writer)));
    };
    if (!isFitted(node)) return tasksThatWrite([node]);
    const readers = subTopologies.filter(({ repartitionSources }) => repartitionSources.includes(node));
    const given = readers.flatMap(({ repartitionSources, sources }) => [
      ...sources.flatMap(({ topics }) => topics.map((topic) => this.partitions(topic))),
      ...repartitionSources.filter((other) => !isFitted(other)).map((other) => this.#partitionsOf(other)),
    ]);
    if (given.length > 0) return Math.max(...given);
    return tasksThatWrite(readers.flatMap(({ repartitionSources }) => repartitionSources.filter(isNotOfForeignKeys)));
  }

  #tasksOf({ repartitionSources, sources }: SubTopology): number {
    return Math.max(
      ...sources.flatMap(({ topics }) => topics.map((topic) => this.partitions(topic))),
      ...repartitionSources.filter(isNotOfForeignKeys).map((node) => this.#partitionsOf(node)),
    );
  }

  /**
   * A join reads what it joins in the order of its times. Where records were handed on by a call they would come in the
   * order in which the tasks before it run.
   */
  #feedsJoin(node: RepartitionNode): boolean {
    if (node.isOfForeignKeys) return true;
    return this.#topology.subTopologies.some(
      ({ nodes, repartitionSources }) =>
        repartitionSources.includes(node) && nodes.some((one) => one.kind === 'processor' && one.joins === true),
    );
  }
}

/** A task cannot wait for what it is still to write itself. */
function refuseOwnRepartition({ nodes, repartitionSources }: SubTopology): void {
  const own = repartitionSources.find((node) => nodes.includes(node) && isNotOfForeignKeys(node));
  if (own === undefined) return;
  throw new TopologyError(
    `"${own.name}" sends records to other partitions, and what comes of them meets what it is made of: write them to a ` +
      'topic, and read that one instead',
  );
}

/** Gets as many partitions as what it is joined with has. */
function isFitted({ isForJoin, partitions }: RepartitionNode): boolean {
  return isForJoin === true && partitions === undefined;
}

function isNotOfForeignKeys({ isOfForeignKeys }: RepartitionNode): boolean {
  return isOfForeignKeys !== true;
}

function ownersOf(sub: SubTopology, store: StoreDefinition): GraphNode[] {
  return sub.nodes.filter((node) => node.kind === 'processor' && node.stores.includes(store));
}

function unequal(topics: readonly (readonly [topic: string, partitions: number])[], why: string): TopologyError {
  const named = topics.map(([topic, partitions]) => `"${topic}" (${partitions})`).join(', ');
  return new TopologyError(
    `the topics ${named} have other numbers of partitions, and ${why}; repartition the stream before it, or all of them ` +
      'but one to the number of that one, or create them anew with equally many',
  );
}

/** What is read of a repartition in the log. */
function topicOf(repartition: Repartition): string | undefined {
  return repartition.kind === 'topic' ? repartition.topic : repartition.leftover;
}
