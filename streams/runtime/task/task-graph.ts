import type { CompiledNode, Forward, GraphNode } from '../../topology/topology.js';
import { RepartitionSink } from '../repartition/repartition-sink.js';
import { compileSink } from './sink.js';
import type { Task } from './task.js';
import type { TaskEnvironment } from './task-environment.js';

/** Compiles the nodes of a task into chains of calls; each node once, though several lead to it. */
export class TaskGraph {
  readonly repartitionSinks: RepartitionSink[] = [];
  readonly #task: Task;
  readonly #environment: TaskEnvironment;
  readonly #compiled = new Map<GraphNode, CompiledNode>();

  constructor(task: Task, environment: TaskEnvironment) {
    this.#task = task;
    this.#environment = environment;
  }

  /** What hands a record to each of the nodes, in their order. */
  forwardTo(children: readonly GraphNode[]): Forward {
    const forwards = children.map((child) => this.compile(child).process);
    const [first, second, ...rest] = forwards;
    if (first === undefined) return () => {};
    if (second === undefined) return first;
    const others = rest.length === 0 ? second : chain(second, rest);
    return (key, value, timestamp, old) => {
      first(key, value, timestamp, old);
      others(key, value, timestamp, old);
    };
  }

  compile(node: GraphNode): CompiledNode {
    const known = this.#compiled.get(node);
    if (known !== undefined) return known;
    const compiled = this.#compileNew(node);
    this.#compiled.set(node, compiled);
    return compiled;
  }

  #compileNew(node: GraphNode): CompiledNode {
    switch (node.kind) {
      case 'source':
        return { process: this.forwardTo(node.children) };
      case 'processor':
        return node.compile(
          this.#task,
          this.forwardTo(node.children),
          node.children.map((child) => this.compile(child).process),
        );
      case 'sink':
        return compileSink(node, this.#task, this.#environment);
      case 'repartition': {
        const sink = new RepartitionSink(node, this.#task, this.#environment);
        this.repartitionSinks.push(sink);
        return { process: sink.process };
      }
    }
  }
}

function chain(second: Forward, rest: readonly Forward[]): Forward {
  return (key, value, timestamp, old) => {
    second(key, value, timestamp, old);
    for (const forward of rest) forward(key, value, timestamp, old);
  };
}
