import { repartitionSinkName, repartitionSourceName } from '../topology/description.js';
import type { GraphNode, StoreDefinition, SubTopology } from '../topology/topology.js';
import type { NodeCounter } from './counters.js';

/** Totals of a node of a task since the start of the process. */
export interface NodeMetrics {
  readonly name: string;
  readonly task: string;
  /** Of what reads a repartition topic and of the aggregate behind it these are blocks, where records are combined. */
  readonly records_in: number;
  /** Of a sink, what it has written; of a repartition, blocks where it combines records, and its watermarks. */
  readonly records_out: number;
  /** Passed over, or made a dead letter of. */
  readonly skipped: number;
  /** Missed at least one window. */
  readonly late: number;
}

/**
 * Nodes count on their way only what does not follow: how many records they hand on where that is not as many as they get.
 * The rest follows from the graph.
 */
export function nodeMetricsOf(
  sub: SubTopology,
  task: string,
  counters: ReadonlyMap<string, NodeCounter>,
): NodeMetrics[] {
  const handedOn = new Map<GraphNode, number>();
  const nodeNames = new Set(sub.nodes.map(({ name }) => name));
  const metrics: NodeMetrics[] = [];
  const totalOf = (names: readonly string[], count: 'skipped' | 'late') =>
    names.reduce((sum, name) => sum + (counters.get(name)?.[count] ?? 0), 0);
  const add = (node: GraphNode, name: string, received: number | undefined) => {
    const names = [
      ...new Set([name, ...aliasesOf(node, sub).filter((alias) => alias === node.name || !nodeNames.has(alias))]),
    ];
    const skipped = totalOf(names, 'skipped');
    const counter = counters.get(name);
    const own = counter?.isCounted ? counter.out : undefined;
    const isRead = received === undefined;
    const out = own ?? Math.max(0, (received ?? 0) - skipped);
    // What was passed over by what reads a topic was read, too.
    const records_in = isRead ? out + skipped : received;
    // A repartition that leads back to its own sub-topology hands on what is read of it.
    if (isRead || node.kind !== 'repartition') handedOn.set(node, out);
    metrics.push({ name, task, records_in, records_out: out, skipped, late: totalOf(names, 'late') });
  };
  for (const source of sub.repartitionSources) add(source, repartitionSourceName(source), undefined);
  for (const node of sub.nodes) {
    if (node.kind === 'source') {
      add(node, node.name, undefined);
      continue;
    }
    const parents = [...new Set([...sub.repartitionSources, ...sub.nodes])].filter(
      (parent) => parent.children.includes(node) && !(isLeft(parent, sub) || parent === node),
    );
    const received = parents.reduce((sum, parent) => sum + handedTo(node, parent, counters, handedOn), 0);
    add(node, node.kind === 'repartition' ? repartitionSinkName(node) : node.name, received);
  }
  return metrics;
}

/** Its children are in another sub-topology. */
function isLeft(node: GraphNode, { repartitionSources }: SubTopology): boolean {
  return node.kind === 'repartition' && !repartitionSources.includes(node);
}

/** All of what the parent hands on, but where it parts its records among its children: these count them. */
function handedTo(
  node: GraphNode,
  parent: GraphNode,
  counters: ReadonlyMap<string, NodeCounter>,
  handedOn: ReadonlyMap<GraphNode, number>,
): number {
  if (parent.kind === 'processor' && parent.splits) return counters.get(node.name)?.out ?? 0;
  return handedOn.get(parent) ?? 0;
}

/** Under which names operators tell what they pass over. */
function aliasesOf(node: GraphNode, { nodes }: SubTopology): string[] {
  if (node.kind === 'sink') return [sinkLabel(node)];
  if (node.kind === 'processor') {
    // What looks up a table's rows comes behind what keeps them.
    const isFilled = (store: StoreDefinition) =>
      nodes.find((other) => other.kind === 'processor' && other.stores.includes(store)) === node;
    return node.stores.filter(isFilled).map(({ name }) => name);
  }
  if (node.kind === 'source') return [];
  // What combines records before a topic is called as the aggregate behind it.
  return [node.name, ...node.children.map(({ name }) => name)];
}

/** What messages call a sink. */
export function sinkLabel({ name, topic }: { readonly name: string; readonly topic: string }): string {
  return `${name} (to "${topic}")`;
}
