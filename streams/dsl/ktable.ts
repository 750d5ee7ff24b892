import type { GraphNode } from '../runtime/topology.js';
import type { Graph } from './graph.js';
import { KStream } from './kstream.js';
import type { Serdes } from './options.js';

/** A table: the latest value of each key. A null value says that the key is gone. */
export class KTable<K, V> {
  /** Made by `StreamsBuilder#table` and by aggregations. */
  constructor(
    readonly graph: Graph,
    readonly node: GraphNode,
    readonly serdes: Serdes<K, V>,
  ) {}

  /** Rows that do not match are gone from the result. */
  filter(predicate: (key: K, value: V) => boolean): KTable<K, V> {
    return this.#filter(predicate, true);
  }

  filterNot(predicate: (key: K, value: V) => boolean): KTable<K, V> {
    return this.#filter(predicate, false);
  }

  mapValues<VR>(mapper: (value: V, key: K) => VR): KTable<K, VR> {
    const node = this.graph.operator(
      this.graph.name('KTABLE-MAPVALUES'),
      this.node,
      (forward) => (key, value, timestamp) => {
        forward(key, value === null ? null : mapper(value as V, key as K), timestamp);
      },
    );
    return new KTable(this.graph, node, { key: this.serdes.key, value: undefined });
  }

  /** The changes of the table. The value is null where a row went. */
  toStream(): KStream<K, V> {
    const node = this.graph.operator(this.graph.name('KTABLE-TOSTREAM'), this.node, (forward) => forward);
    return new KStream(this.graph, node, this.serdes, false);
  }

  #filter(predicate: (key: K, value: V) => boolean, keep: boolean): KTable<K, V> {
    const node = this.graph.operator(
      this.graph.name('KTABLE-FILTER'),
      this.node,
      (forward) => (key, value, timestamp) => {
        const kept = value !== null && predicate(key as K, value as V) === keep;
        forward(key, kept ? value : null, timestamp);
      },
    );
    return new KTable(this.graph, node, this.serdes);
  }
}
