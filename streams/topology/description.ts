import { createHash } from 'node:crypto';
import type { GraphNode, RepartitionNode, StoreType, SubTopology, Topology } from './topology.js';

/** A step that records take. What is not of its type is null, or has nothing in it. */
export interface DescribedNode {
  /** Messages and metrics call it so. A repartition is a sink, and a source of the sub-topology behind it. */
  readonly name: string;
  readonly type: 'source' | 'processor' | 'sink';
  readonly source_topics: readonly string[];
  readonly sink_topic: string | null;
  /** The topic is the application's own: its records go to the partitions of their keys. */
  readonly is_repartition: boolean;
  readonly stores: readonly string[];
  readonly predecessors: readonly string[];
  readonly successors: readonly string[];
}

export interface DescribedStore {
  readonly name: string;
  readonly type: StoreType;
  readonly changelog_topic: string;
}

export interface DescribedGlobalStore {
  readonly name: string;
  readonly source_topic: string;
}

/** What runs as one task a partition. */
export interface DescribedSubtopology {
  readonly subtopology_id: string;
  /** A node comes after those that feed it. */
  readonly nodes: readonly DescribedNode[];
  readonly stores: readonly DescribedStore[];
}

/**
 * A topology as data, in the shape of Kafka's topology descriptions (KIP-1331): sub-topologies of nodes that know their
 * successors.
 */
export interface TopologyDescription {
  /** Of the shape. */
  readonly version: 1;
  /** Two topologies that are described alike have the same. */
  readonly fingerprint: string;
  readonly subtopologies: readonly DescribedSubtopology[];
  /** Of global tables: each process has all of their topics. */
  readonly global_stores: readonly DescribedGlobalStore[];
}

/** The nodes that metrics know a repartition by: the end that writes it, and the one that reads it. */
export function repartitionSinkName({ name }: RepartitionNode): string {
  return `${name}-sink`;
}

export function repartitionSourceName({ name }: RepartitionNode): string {
  return `${name}-source`;
}

/**
 * Describes a topology as data.
 *
 * @param options.applicationId is put before the names of the application's own topics, as it is where it runs
 */
export function topologyDescription(
  topology: Topology,
  { applicationId }: { readonly applicationId?: string } = {},
): TopologyDescription {
  const internal = (topic: string) => (applicationId === undefined ? topic : `${applicationId}-${topic}`);
  const subtopologies = topology.subTopologies.map((sub) => subtopology(sub, topology, internal));
  const globalStores = topology.globalTables.map(({ name, topic }) => ({ name, source_topic: topic }));
  const described = globalStores.length === 0 ? subtopologies : [subtopologies, globalStores];
  const fingerprint = createHash('sha256').update(JSON.stringify(described)).digest('hex').slice(0, 16);
  return { version: 1, fingerprint, subtopologies, global_stores: globalStores };
}

function subtopology(sub: SubTopology, topology: Topology, internal: (topic: string) => string): DescribedSubtopology {
  const parents = topology.subTopologies.flatMap(({ nodes }) => nodes);
  const predecessors = (node: GraphNode) =>
    parents
      .filter(({ children }) => children.includes(node))
      .map((parent) => (isReadFrom(parent, sub) ? repartitionSourceName(parent) : parent.name));
  const successors = (node: GraphNode) =>
    node.children.map((child) => (child.kind === 'repartition' ? repartitionSinkName(child) : child.name));
  const sources = sub.repartitionSources.map((node) => ({
    ...blank(repartitionSourceName(node)),
    type: 'source' as const,
    source_topics: [internal(node.topic)],
    is_repartition: true,
    successors: successors(node),
  }));
  const described = (node: GraphNode): DescribedNode => {
    const { name } = node;
    switch (node.kind) {
      case 'source':
        return { ...blank(name), type: 'source', source_topics: node.topics, successors: successors(node) };
      case 'processor': {
        const stores = node.stores.map((store) => store.name);
        return { ...blank(name), stores, predecessors: predecessors(node), successors: successors(node) };
      }
      case 'sink':
        return { ...blank(name), type: 'sink', sink_topic: node.topic, predecessors: predecessors(node) };
      case 'repartition':
        return {
          ...blank(repartitionSinkName(node)),
          type: 'sink',
          sink_topic: internal(node.topic),
          is_repartition: true,
          predecessors: predecessors(node),
        };
    }
  };
  const stores = sub.stores.map(({ name, type }) => ({ name, type, changelog_topic: internal(`${name}-changelog`) }));
  return { subtopology_id: `${sub.id}`, nodes: [...sources, ...sub.nodes.map(described)], stores };
}

function isReadFrom(node: GraphNode, { repartitionSources }: SubTopology): node is RepartitionNode {
  return node.kind === 'repartition' && repartitionSources.includes(node);
}

function blank(name: string): DescribedNode {
  return {
    name,
    type: 'processor',
    source_topics: [],
    sink_topic: null,
    is_repartition: false,
    stores: [],
    predecessors: [],
    successors: [],
  };
}
