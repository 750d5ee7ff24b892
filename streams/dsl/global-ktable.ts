import type { Graph } from '../topology/graph.js';

/**
 * A table of which each process has all rows, of all partitions: made by `StreamsBuilder#globalTable`, for the joins of
 * `KStream`. Its rows can be queried by its name.
 */
export class GlobalKTable<K, V> {
  /** Nothing else is one: neither has any part that a `KTable` has. */
  declare readonly rowsOf: (key: K) => V;
  readonly #name: string;
  readonly #graph: Graph;

  /** @internal Made by `StreamsBuilder#globalTable`. */
  constructor(graph: Graph, name: string) {
    this.#graph = graph;
    this.#name = name;
  }

  /** The name of its store. */
  get queryableStoreName(): string {
    return this.#name;
  }

  /** @internal */
  isOf(graph: Graph): boolean {
    return this.#graph === graph;
  }
}
