import { refuseCycles, sinkTopics } from './cycles.js';
import type {
  GlobalTableDefinition,
  GraphNode,
  RepartitionNode,
  SourceNode,
  StoreDefinition,
  SubTopology,
  Topology,
} from './topology.js';
import { TopologyError } from './topology.js';

/** Sets of nodes that have to run in one task. */
class Groups {
  readonly #parent = new Map<GraphNode, GraphNode>();

  find(node: GraphNode): GraphNode {
    const parent = this.#parent.get(node);
    return parent === undefined ? node : this.find(parent);
  }

  union(a: GraphNode, b: GraphNode): void {
    const rootA = this.find(a);
    const rootB = this.find(b);
    if (rootA !== rootB) this.#parent.set(rootB, rootA);
  }
}

/**
 * Cuts the graph into sub-topologies: what is connected without going through a repartition, or shares a store, runs in
 * one task.
 *
 * @param nodes all nodes, each after its parents
 * @throws TopologyError when names clash, or the topology would read what it writes for ever
 */
export function planTopology(
  nodes: readonly GraphNode[],
  globalTables: readonly GlobalTableDefinition[] = [],
): Topology {
  checkNames(nodes, globalTables);
  refuseCycles(nodes, sinkTopics);
  const groups = new Groups();
  const storeOwners = new Map<string, GraphNode>();
  for (const node of nodes) {
    const [first] = node.children;
    for (const child of node.children) {
      // The far side of a repartition is another group; its children all read the same topic.
      groups.union(node.kind === 'repartition' ? (first as GraphNode) : node, child);
    }
    if (node.kind !== 'processor') continue;
    for (const store of node.stores) {
      const owner = storeOwners.get(store.name);
      if (owner === undefined) storeOwners.set(store.name, node);
      else groups.union(owner, node);
    }
  }
  const members = new Map<GraphNode, GraphNode[]>();
  for (const node of nodes) {
    const group = groups.find(node);
    members.set(group, [...(members.get(group) ?? []), node]);
  }
  const repartitions = nodes.filter((node) => node.kind === 'repartition');
  const ordered = orderGroups([...members.keys()], feedsOf(nodes), groups);
  return {
    globalTables,
    subTopologies: ordered.map((group, id) =>
      subTopology(
        id,
        members.get(group) ?? [],
        repartitions.filter(({ children: [child] }) => child !== undefined && groups.find(child) === group),
      ),
    ),
  };
}

/** What writes to a topic, and what reads it. */
interface Feed {
  readonly from: GraphNode;
  readonly to: GraphNode;
}

function feedsOf(nodes: readonly GraphNode[]): Feed[] {
  return nodes.flatMap((node): Feed[] => {
    if (node.kind === 'repartition') return node.children.slice(0, 1).map((to) => ({ from: node, to }));
    if (node.kind !== 'sink') return [];
    const readers = nodes.filter((reader) => reader.kind === 'source' && reader.topics.includes(node.topic));
    return readers.map((to) => ({ from: node, to }));
  });
}

/** A group comes after those that feed it, otherwise in the order of its first node. */
function orderGroups(groupsInOrder: readonly GraphNode[], feeds: readonly Feed[], groups: Groups): GraphNode[] {
  const ordered: GraphNode[] = [];
  const visiting = new Set<GraphNode>();
  const visit = (group: GraphNode): void => {
    if (ordered.includes(group) || visiting.has(group)) return;
    visiting.add(group);
    for (const { from, to } of feeds) if (groups.find(to) === group) visit(groups.find(from));
    ordered.push(group);
  };
  for (const group of groupsInOrder) visit(group);
  return ordered;
}

function subTopology(
  id: number,
  nodes: readonly GraphNode[],
  repartitionSources: readonly RepartitionNode[],
): SubTopology {
  const stores = new Map<string, StoreDefinition>();
  for (const node of nodes) {
    if (node.kind === 'processor') for (const store of node.stores) stores.set(store.name, store);
  }
  return {
    id,
    sources: nodes.filter((node): node is SourceNode => node.kind === 'source'),
    repartitionSources,
    nodes,
    stores: [...stores.values()],
  };
}

function checkNames(nodes: readonly GraphNode[], globalTables: readonly GlobalTableDefinition[]): void {
  const names = new Set<string>();
  const sourceTopics = new Set<string>();
  const stores = new Map<string, StoreDefinition>();
  const globalNames = new Set<string>();
  for (const { name, topic } of globalTables) {
    if (globalNames.has(name)) throw new TopologyError(`two stores are named "${name}"; give one another name`);
    if (sourceTopics.has(topic))
      throw new TopologyError(`the topic "${topic}" is read as two global tables; read it once`);
    globalNames.add(name);
    sourceTopics.add(topic);
  }
  for (const node of nodes) {
    if (names.has(node.name)) throw new TopologyError(`two nodes are named "${node.name}"; give one another name`);
    names.add(node.name);
    if (node.kind === 'source') {
      for (const topic of node.topics) {
        if (sourceTopics.has(topic)) {
          throw new TopologyError(
            `the topic "${topic}" is read in two ways; read it once and use the stream, or the toStream() of a table, twice`,
          );
        }
        sourceTopics.add(topic);
      }
    }
    if (node.kind !== 'processor') continue;
    for (const store of node.stores) {
      const known = stores.get(store.name);
      if (globalNames.has(store.name) || (known !== undefined && known !== store)) {
        throw new TopologyError(`two stores are named "${store.name}"; give one another name`);
      }
      stores.set(store.name, store);
    }
  }
}
