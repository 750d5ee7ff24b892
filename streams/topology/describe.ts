import { repartitionSinkName as sinkName, repartitionSourceName as sourceName } from './description.js';
import type { GraphNode, SubTopology, Topology } from './topology.js';

/** The topology as text, in the form of Kafka Streams' `Topology#describe()`. */
export function describeTopology(topology: Topology): string {
  const parents = new Map<GraphNode, GraphNode[]>();
  for (const { nodes } of topology.subTopologies) {
    for (const node of nodes) {
      for (const child of node.children) parents.set(child, [...(parents.get(child) ?? []), node]);
    }
  }
  const global = topology.globalTables.map(
    ({ name, topic }) => `   Global table, in each process: ${name} (topic: ${topic})`,
  );
  const described = topology.subTopologies.map((sub) => describeSubTopology(sub, parents));
  return ['Topologies:', ...described, ...global, ''].join('\n');
}

function describeSubTopology(sub: SubTopology, parents: ReadonlyMap<GraphNode, readonly GraphNode[]>): string {
  const lines = [`   Sub-topology: ${sub.id}`];
  const add = (
    kind: string,
    name: string,
    detail: string,
    to: readonly string[] | undefined,
    from: readonly string[],
  ) => {
    lines.push(`    ${kind}: ${name} (${detail})`);
    if (to !== undefined) lines.push(`      --> ${to.length > 0 ? to.join(', ') : 'none'}`);
    if (kind !== 'Source') lines.push(`      <-- ${from.join(', ')}`);
  };
  const from = (node: GraphNode) =>
    (parents.get(node) ?? []).map((parent) =>
      parent.kind === 'repartition' && !sub.nodes.includes(parent) ? sourceName(parent) : nameAsParent(parent, sub),
    );
  const to = (node: GraphNode) =>
    node.children.map((child) => (child.kind === 'repartition' ? sinkName(child) : child.name));
  for (const source of sub.repartitionSources) {
    add('Source', sourceName(source), `topics: [${source.topic}]`, to(source), []);
  }
  for (const node of sub.nodes) {
    switch (node.kind) {
      case 'source':
        add('Source', node.name, `topics: [${node.topics.join(', ')}]`, to(node), []);
        break;
      case 'processor':
        add(
          'Processor',
          node.name,
          `stores: [${node.stores.map(({ name }) => name).join(', ')}]`,
          to(node),
          from(node),
        );
        break;
      case 'sink':
        add('Sink', node.name, `topic: ${node.topic}`, undefined, from(node));
        break;
      case 'repartition': {
        const combined = node.combiner === undefined ? '' : ', combined per commit';
        add('Sink', sinkName(node), `topic: ${node.topic}${combined}`, undefined, from(node));
        break;
      }
    }
  }
  return lines.join('\n');
}

function nameAsParent(node: GraphNode, sub: SubTopology): string {
  return node.kind === 'repartition' && sub.repartitionSources.includes(node) ? sourceName(node) : node.name;
}
