import {
  type CompiledNode,
  type Forward,
  type GlobalTableDefinition,
  type GraphNode,
  type OutCount,
  type ProcessorNode,
  type StoreDefinition,
  type TaskContext,
  TopologyError,
} from './topology.js';

/** Asks the exception handler about a record; see `TaskContext#failed`. */
export type Failed = (error: unknown, key: unknown, value: unknown, timestamp: number) => void;

/**
 * What a promise stands for is not there when the next operator is called, and nobody hears what it throws.
 *
 * @throws TopologyError when one of the functions is asynchronous
 */
export function requireSynchronous(where: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, one] of Object.entries(functions)) {
    if (typeof one !== 'function') continue;
    if (!['AsyncFunction', 'AsyncGeneratorFunction'].includes(one.constructor.name)) continue;
    throw new TopologyError(
      `${name} of ${where} is asynchronous, and operators are not, nor is there an asyncProcess: do it before the ` +
        'record is in the log, or behind the topic that the result is in; the punctuator of a processor may await',
    );
  }
}

/** The logical graph while it is being built. Nodes are in the order of their creation: parents first. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly globalTables: GlobalTableDefinition[] = [];
  #counter = 0;

  /** Kafka Streams' generated names: a prefix and ten digits. */
  name(prefix: string): string {
    return `${prefix}-${String(this.#counter++).padStart(10, '0')}`;
  }

  /** The name that was given, or a generated one; either way the names that are generated after it are the same. */
  named({ name }: { readonly name?: string }, prefix: string): string {
    const generated = this.name(prefix);
    return name ?? generated;
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
    { joins = false, splits = false }: { readonly joins?: boolean; readonly splits?: boolean } = {},
  ): ProcessorNode {
    return this.add<ProcessorNode>({ kind: 'processor', name, children: [], stores, splits, joins, compile }, parent);
  }

  /** An operator that is no more than a function. `failed` takes what the user's functions throw. */
  operator(
    name: string,
    parent: GraphNode,
    compile: (forward: Forward, failed: Failed, countsOut: () => OutCount) => Forward,
  ): ProcessorNode {
    return this.processor(name, parent, (task, forward) => ({
      process: compile(
        forward,
        (error, key, value, timestamp) => task.failed(name, error, key, value, timestamp),
        () => task.countsOut(name),
      ),
    }));
  }
}
