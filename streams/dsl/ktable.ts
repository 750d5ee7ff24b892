import { passOn } from '../operators/stateless/operator.js';
import { filterTable, mapTableValues } from '../operators/tables/table-operators.js';
import { derivedRows, type TableRows } from '../operators/tables/table-rows.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import { type GraphNode, type TableChanges, TopologyError } from '../topology/topology.js';
import { KStream } from './kstream.js';
import type { Named, RecordPart, Serdes } from './options.js';
import type { Synchronous } from './synchronous.js';

/**
 * A table: the latest value of each key. `Gone` is null where a row may be deleted, and never where none ever is; `Missing`
 * says which serdes are not known, as of a `KStream`. Functions are synchronous, and are called with what a row was before,
 * too.
 */
export class KTable<K, V, Gone extends null = null, Missing extends RecordPart = never> {
  /** @internal Made by `StreamsBuilder#table` and by aggregations. */
  constructor(
    /** @internal */
    readonly graph: Graph,
    /** @internal */
    readonly node: GraphNode,
    /** @internal */
    readonly serdes: Serdes<K, V>,
    /** @internal */
    readonly changes: TableChanges,
    /** @internal Undefined where a row cannot be looked up by its key: in windows. */
    readonly rows?: TableRows,
  ) {}

  /**
   * Keeps the rows that match; a row that matches no longer is deleted from the result, so that its changes have null values
   * from here on. Where a row goes that was not in it, nothing is sent; but for a table of `StreamsBuilder#table` without a
   * name, of which Kafka Streams does not know what a row was before. A deleted row is not given to the predicate.
   */
  filter(predicate: (key: K, value: V) => boolean, named: Named = {}): KTable<K, V, null, Missing> {
    return this.#filter(predicate, true, named);
  }

  /** Keeps the rows that do not match; else as `filter`. */
  filterNot(predicate: (key: K, value: V) => boolean, named: Named = {}): KTable<K, V, null, Missing> {
    return this.#filter(predicate, false, named);
  }

  /**
   * Makes a new value of each row. A deleted row stays one, and is not given to the mapper. The keys, and so the partitions,
   * stay; the value's serde is not known afterwards.
   */
  mapValues<VR>(
    mapper: (value: V, key: K) => Synchronous<VR>,
    named: Named = {},
  ): KTable<K, VR, Gone, Missing | 'value'> {
    requireSynchronous('mapValues', { mapper });
    const node = this.graph.operator(this.graph.named(named, 'KTABLE-MAPVALUES'), this.node, mapTableValues(mapper));
    const serdes = { key: this.serdes.key, value: undefined };
    const rows = this.rows && derivedRows(this.rows, (key, value) => mapper(value as V, key as K));
    return new KTable<K, VR, Gone, Missing | 'value'>(this.graph, node, serdes, this.changes, rows);
  }

  /**
   * The changes of the table as a stream: the row's new value, or null where it was deleted, which the type says where it can
   * be. An aggregate sends its changes once a commit, the last of each row.
   */
  toStream(named: Named = {}): KStream<K, V | Gone, Missing> {
    const node = this.graph.operator(this.graph.named(named, 'KTABLE-TOSTREAM'), this.node, passOn);
    return new KStream(this.graph, node, this.serdes as Serdes<K, V | Gone>, false);
  }

  #filter(predicate: (key: K, value: V) => boolean, keep: boolean, named: Named): KTable<K, V, null, Missing> {
    requireSynchronous('filter', { predicate });
    this.changes.sendOldValues = true;
    const node = this.graph.operator(this.graph.named(named, 'KTABLE-FILTER'), this.node, filterTable(predicate, keep));
    const rowOf = (key: unknown, value: unknown) => (predicate(key as K, value as V) === keep ? value : null);
    return new KTable(this.graph, node, this.serdes, this.changes, this.rows && derivedRows(this.rows, rowOf));
  }
}

/** Of which it does not matter what is in it. */
export interface AnyTable {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly serdes: { readonly key: unknown; readonly value: unknown };
  readonly changes: TableChanges;
  readonly rows?: TableRows | undefined;
}

/** @throws TopologyError when rows of the table cannot be looked up by their keys */
export function joinedRows({ rows }: AnyTable, where: string): TableRows {
  if (rows !== undefined) return rows;
  throw new TopologyError(
    `"${where}" joins a table of windows, whose rows are not looked up by their keys: write its toStream() to a topic, and ` +
      'read that as a table',
  );
}
