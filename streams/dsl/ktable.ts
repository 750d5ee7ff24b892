import { type Graph, requireSynchronous } from '../topology/graph.js';
import type { GraphNode, TableChanges } from '../topology/topology.js';
import { KStream } from './kstream.js';
import type { Serdes } from './options.js';

/** A table: the latest value of each key. `Gone` is never where no row is ever deleted. */
export class KTable<K, V, Gone extends null = null> {
  /** Made by `StreamsBuilder#table` and by aggregations. */
  constructor(
    readonly graph: Graph,
    readonly node: GraphNode,
    readonly serdes: Serdes<K, V>,
    readonly changes: TableChanges,
  ) {}

  /**
   * Rows that do not match are gone from the result. Where a row goes that was not in it, nothing is sent; but for a
   * table of `StreamsBuilder#table` without a name, of which Kafka Streams does not know what a row was before.
   */
  filter(predicate: (key: K, value: V) => boolean): KTable<K, V> {
    return this.#filter(predicate, true);
  }

  filterNot(predicate: (key: K, value: V) => boolean): KTable<K, V> {
    return this.#filter(predicate, false);
  }

  mapValues<VR>(mapper: (value: V, key: K) => VR): KTable<K, VR, Gone> {
    requireSynchronous('mapValues', { mapper });
    const node = this.graph.operator(this.graph.name('KTABLE-MAPVALUES'), this.node, (forward, failed) => {
      const map = (key: unknown, value: unknown) =>
        value === null || value === undefined ? null : mapper(value as V, key as K);
      return (key, value, timestamp, old) => {
        let mapped: VR | null;
        let before: VR | null | undefined;
        try {
          mapped = map(key, value);
          before = old === undefined ? undefined : map(key, old);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(key, mapped, timestamp, before);
      };
    });
    return new KTable<K, VR, Gone>(this.graph, node, { key: this.serdes.key, value: undefined }, this.changes);
  }

  /** The changes of the table. The value is null where a row went. */
  toStream(): KStream<K, V | Gone> {
    const node = this.graph.operator(this.graph.name('KTABLE-TOSTREAM'), this.node, (forward) => forward);
    return new KStream(this.graph, node, this.serdes as Serdes<K, V | Gone>, false);
  }

  #filter(predicate: (key: K, value: V) => boolean, keep: boolean): KTable<K, V> {
    requireSynchronous('filter', { predicate });
    this.changes.sendOldValues = true;
    const node = this.graph.operator(this.graph.name('KTABLE-FILTER'), this.node, (forward, failed) => {
      const filter = (key: unknown, value: unknown) =>
        value !== null && predicate(key as K, value as V) === keep ? value : null;
      return (key, value, timestamp, old) => {
        let kept: unknown;
        let before: unknown;
        try {
          kept = filter(key, value);
          before = old === undefined ? undefined : filter(key, old);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        if (kept !== null || before !== null) forward(key, kept, timestamp, before);
      };
    });
    return new KTable(this.graph, node, this.serdes, this.changes);
  }
}
