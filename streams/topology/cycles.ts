import { type GraphNode, type SourceNode, TopologyError } from './topology.js';

/** The topics that a node writes to. */
type WrittenTopics = (node: GraphNode) => readonly string[];

/** A node on the way from a source, and the topic by which it was reached, where it was by one. */
interface Step {
  readonly node: GraphNode;
  readonly topic: string | undefined;
}

/** The topics that sinks write to, which are known before the application has a name and a configuration. */
export function sinkTopics(node: GraphNode): readonly string[] {
  return node.kind === 'sink' ? [node.topic] : [];
}

/**
 * A topology that reads what it has made of the same topic would never come to the end of it.
 *
 * @throws TopologyError that names the topics of the cycle
 */
export function refuseCycles(nodes: readonly GraphNode[], writtenBy: WrittenTopics): void {
  const readers = readersByTopic(nodes);
  const seen = new Set<GraphNode>();
  const way: Step[] = [];
  const visit = (step: Step): void => {
    const start = way.findIndex(({ node }) => node === step.node);
    if (start >= 0) throw cycle([...way.slice(start + 1), step]);
    if (seen.has(step.node)) return;
    seen.add(step.node);
    way.push(step);
    for (const child of step.node.children) visit({ node: child, topic: undefined });
    for (const topic of writtenBy(step.node)) {
      for (const reader of readers.get(topic) ?? []) visit({ node: reader, topic });
    }
    way.pop();
  };
  for (const node of nodes) visit({ node, topic: undefined });
}

function readersByTopic(nodes: readonly GraphNode[]): Map<string, SourceNode[]> {
  const readers = new Map<string, SourceNode[]>();
  for (const node of nodes) {
    if (node.kind !== 'source') continue;
    for (const topic of node.topics) readers.set(topic, [...(readers.get(topic) ?? []), node]);
  }
  return readers;
}

function cycle(steps: readonly Step[]): TopologyError {
  const topics = steps.flatMap(({ topic }) => topic ?? []);
  const [first = ''] = topics;
  const circle = [...topics, first].map((topic) => `"${topic}"`).join(' -> ');
  return new TopologyError(
    `the topology reads the topic "${first}" and writes to it what it has made of it (${circle}): it would read its own ` +
      'results for ever; write them to another topic, or read that topic in another application',
  );
}
