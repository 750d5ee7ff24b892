import type {
  CompiledNode,
  Forward,
  GraphNode,
  ProcessorNode,
  StoreDefinition,
  TaskContext,
} from '../runtime/topology.js';

/** Asks the handler what is to become of a record; see `TaskContext#failed`. */
export type Failed = (error: unknown, key: unknown, value: unknown, timestamp: number) => void;

/** The logical graph while it is being built. Nodes are in the order of their creation: parents first. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  #counter = 0;

  /** Kafka Streams' generated names: a prefix and ten digits. */
  name(prefix: string): string {
    return `${prefix}-${String(this.#counter++).padStart(10, '0')}`;
  }

  add<N extends GraphNode>(node: N, ...parents: readonly GraphNode[]): N {
    this.nodes.push(node);
    for (const parent of parents) parent.children.push(node);
    return node;
  }

  processor(
    name: string,
    parent: GraphNode,
    compile: (task: TaskContext, forward: Forward, branches: readonly Forward[]) => CompiledNode,
    stores: readonly StoreDefinition[] = [],
  ): ProcessorNode {
    return this.add<ProcessorNode>({ kind: 'processor', name, children: [], stores, compile }, parent);
  }

  /** An operator that is no more than a function. `failed` takes what the user's functions throw. */
  operator(name: string, parent: GraphNode, compile: (forward: Forward, failed: Failed) => Forward): ProcessorNode {
    return this.processor(name, parent, (task, forward) => ({
      process: compile(forward, (error, key, value, timestamp) => task.failed(name, error, key, value, timestamp)),
    }));
  }
}
