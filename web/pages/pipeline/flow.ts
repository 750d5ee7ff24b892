/** The topology as it is drawn: topics, stores and the steps between them, each step of a chain that nobody branches off from in one node. */

export interface DescribedNode {
  readonly name: string;
  readonly type: 'source' | 'processor' | 'sink';
  readonly source_topics: readonly string[];
  readonly sink_topic: string | null;
  readonly is_repartition: boolean;
  readonly stores: readonly string[];
  readonly successors: readonly string[];
}

export interface DescribedTopology {
  readonly subtopologies: readonly {
    readonly subtopology_id: string;
    readonly nodes: readonly DescribedNode[];
    readonly stores: readonly { readonly name: string; readonly type: string; readonly changelog_topic: string }[];
  }[];
}

export interface FlowNode {
  /** As the URL has it: the name of its last step; of a topic `topic/` and its name, for a step may be called like one. */
  readonly id: string;
  readonly kind: 'topic' | 'steps' | 'store' | 'repartition';
  readonly title: string;
  /** Nodes of the topology that it stands for, in the order that records take. */
  readonly steps: readonly string[];
  readonly stores: readonly string[];
  readonly topic: string | undefined;
  readonly subtopology: string | undefined;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  /** The node of the topology whose records in are those that pass here. */
  readonly counter: string;
  /** Steps between the two that are not drawn. */
  readonly via: readonly string[];
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

interface Placed {
  readonly node: DescribedNode;
  readonly subtopology: string;
}

/**
 * @param topology as the status of an instance has it
 * @param repartitionTopics those that the log has: on the embedded log there are none, and records go straight through
 */
export function flowOf(topology: DescribedTopology, repartitionTopics: ReadonlySet<string>): Flow {
  const builder = new FlowBuilder(topology, repartitionTopics);
  return builder.build();
}

class FlowBuilder {
  readonly #all = new Map<string, Placed>();
  readonly #predecessors = new Map<string, string[]>();
  readonly #repartitionSources = new Map<string, string>();
  readonly #nodes = new Map<string, FlowNode>();
  readonly #edges: FlowEdge[] = [];
  readonly #repartitionTopics: ReadonlySet<string>;
  readonly #readTopics: ReadonlySet<string>;

  constructor(topology: DescribedTopology, repartitionTopics: ReadonlySet<string>) {
    this.#repartitionTopics = repartitionTopics;
    for (const { nodes, subtopology_id: subtopology } of topology.subtopologies) {
      for (const node of nodes) {
        this.#all.set(node.name, { node, subtopology });
        if (node.type === 'source' && node.is_repartition) {
          for (const topic of node.source_topics) this.#repartitionSources.set(topic, node.name);
        }
        for (const next of node.successors) {
          this.#predecessors.set(next, [...(this.#predecessors.get(next) ?? []), node.name]);
        }
      }
    }
    this.#readTopics = new Set(
      [...this.#all.values()].flatMap(({ node }) => (node.is_repartition ? [] : node.source_topics)),
    );
  }

  build(): Flow {
    for (const { node } of this.#all.values()) {
      if (node.type !== 'source' || node.is_repartition) continue;
      for (const topic of node.source_topics) {
        this.#topic(topic, node.name);
        for (const next of node.successors) this.#follow(topicId(topic), next, node.name, []);
      }
    }
    return { nodes: [...this.#nodes.values()], edges: this.#edges };
  }

  /** Draws the way from a drawn node to `name`, and on from there. */
  #follow(from: string, name: string, sender: string, via: readonly string[]): void {
    const placed = this.#all.get(name);
    if (placed === undefined) return;
    const { node, subtopology } = placed;
    if (node.type === 'sink') {
      this.#sink(from, node, via);
      return;
    }
    const chain = this.#chainFrom(node);
    const last = chain.at(-1) ?? node;
    if (this.#isFolded(chain, sender)) {
      const steps = [...via, ...chain.map((one) => one.name)];
      for (const next of last.successors) this.#follow(from, next, last.name, steps);
      return;
    }
    this.#edge({ from, to: last.name, counter: node.name, via });
    if (this.#nodes.has(last.name)) return;
    const stores = chain.flatMap((one) => one.stores);
    const steps = chain.map((one) => one.name);
    const kind = stores.length > 0 ? 'store' : 'steps';
    const title = stores[0] ?? titleOf(steps, sender);
    this.#nodes.set(last.name, { id: last.name, kind, title, steps, stores, topic: undefined, subtopology });
    for (const next of last.successors) this.#follow(last.name, next, last.name, []);
  }

  #sink(from: string, node: DescribedNode, via: readonly string[]): void {
    const topic = node.sink_topic ?? node.name;
    if (!node.is_repartition) {
      this.#topic(topic, node.name);
      this.#edge({ from, to: topicId(topic), counter: node.name, via });
      return;
    }
    const source = this.#all.get(this.#repartitionSources.get(topic) ?? '')?.node;
    const isDrawn = this.#repartitionTopics.has(topic);
    if (isDrawn) {
      this.#edge({ from, to: topicId(topic), counter: node.name, via });
      if (this.#nodes.has(topicId(topic))) return;
      const steps = [node.name, ...(source === undefined ? [] : [source.name])];
      const drawn = {
        id: topicId(topic),
        kind: 'repartition',
        title: 'repartition',
        steps,
        stores: [],
        topic,
      } as const;
      this.#nodes.set(topicId(topic), { ...drawn, subtopology: undefined });
    }
    for (const next of source?.successors ?? []) {
      this.#follow(isDrawn ? topicId(topic) : from, next, source?.name ?? '', isDrawn ? [] : via);
    }
  }

  /** From a processor on, as long as records have one way; a store ends it. */
  #chainFrom(first: DescribedNode): readonly DescribedNode[] {
    const chain = [first];
    for (let last = first; last.stores.length === 0 && last.successors.length === 1; ) {
      const next = this.#all.get(last.successors[0] ?? '')?.node;
      if (next?.type !== 'processor' || this.#predecessors.get(next.name)?.length !== 1) break;
      chain.push(next);
      last = next;
    }
    return chain;
  }

  /** The last step before topics is a part of the way there: one step behind another, or any on the way to a topic that is read again. */
  #isFolded(chain: readonly DescribedNode[], sender: string): boolean {
    const last = chain.at(-1);
    if (last === undefined || chain.some(({ stores }) => stores.length > 0)) return false;
    const isOneStep = chain.length === 1 && this.#all.get(sender)?.node.type === 'processor';
    return (
      last.successors.length > 0 &&
      last.successors.every((name) => {
        const next = this.#all.get(name)?.node;
        if (next?.type === 'processor') return isOneStep && this.#isFolded(this.#chainFrom(next), last.name);
        if (next?.type !== 'sink' || next.is_repartition || next.sink_topic === null) return false;
        return isOneStep || this.#readTopics.has(next.sink_topic);
      })
    );
  }

  #topic(topic: string, step: string): void {
    const id = topicId(topic);
    const known = this.#nodes.get(id);
    const steps = [...new Set([...(known?.steps ?? []), step])];
    this.#nodes.set(id, { id, kind: 'topic', title: topic, steps, stores: [], topic, subtopology: undefined });
  }

  #edge(edge: FlowEdge): void {
    const isThere = this.#edges.some(
      ({ counter, from, to }) => from === edge.from && to === edge.to && counter === edge.counter,
    );
    if (!isThere) this.#edges.push(edge);
  }
}

export const topicId = (topic: string): string => `topic/${topic}`;

/** The step that says the most: one that is not named after what feeds the chain, where there is one. */
function titleOf(steps: readonly string[], sender: string): string {
  return steps.find((name) => !name.startsWith(`${sender}-`)) ?? steps.at(-1) ?? '';
}

/** The nearest topics that feed a node, or that it feeds. */
export function nearestTopics({ edges, nodes }: Flow, id: string, towards: 'from' | 'to'): string[] {
  const kinds = new Map(nodes.map((node) => [node.id, node]));
  const found = new Set<string>();
  const seen = new Set([id]);
  const waiting = [id];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const edge of edges) {
      const next = towards === 'to' ? edge.to : edge.from;
      if ((towards === 'to' ? edge.from : edge.to) !== at || seen.has(next)) continue;
      seen.add(next);
      const topic = kinds.get(next)?.topic;
      if (topic === undefined) waiting.push(next);
      else found.add(topic);
    }
  }
  return [...found];
}

/** The node that a link names: by its id, or by a topic, step or store in it. */
export function nodeNamed({ nodes }: Flow, name: string | null): FlowNode | undefined {
  if (name === null) return undefined;
  return (
    nodes.find(({ id }) => id === name) ??
    nodes.find(({ stores }) => stores.includes(name)) ??
    nodes.find(({ steps, topic }) => topic === name || steps.includes(name))
  );
}
