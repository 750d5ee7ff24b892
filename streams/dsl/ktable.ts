import { type AnyJoiner, JOIN_OPERATORS, type JoinKind, type JoinSide, joinOf } from '../operators/joins/join.js';
import { compileTableJoinSide, joinedTableRows } from '../operators/joins/table-table-join.js';
import { passOn } from '../operators/stateless/operator.js';
import { regroup } from '../operators/tables/row-change.js';
import { filterTable, mapTableValues } from '../operators/tables/table-operators.js';
import { derivedRows, type TableRows } from '../operators/tables/table-rows.js';
import type { Windowed } from '../state/windows/windowed.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import {
  type Forward,
  type GraphNode,
  type StoreDefinition,
  type TableChanges,
  type TaskContext,
  TopologyError,
} from '../topology/topology.js';
import { type AnyTable, joinedRows, latestChanges } from './any-table.js';
import { foreignKeyJoin } from './foreign-key-join.js';
import { KGroupedTable } from './kgrouped-table.js';
import { KStream } from './kstream.js';
import type {
  Buffered,
  BufferedArgument,
  ForeignKeyJoined,
  GroupedRows,
  Named,
  RecordPart,
  Serdes,
} from './options.js';
import type { UntilTimeLimit, UntilWindowCloses } from './suppressed.js';
import { suppressTable, type TableWindows } from './suppressed-table.js';
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
    /** @internal Of a table of windows. */
    readonly windows?: TableWindows,
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
    return new KTable<K, VR, Gone, Missing | 'value'>(this.graph, node, serdes, this.changes, rows, this.windows);
  }

  /**
   * Holds changes back, and tells the last of each row when it is due: what is behind it sees fewer of them, and joins see
   * rows as they were told. `Suppressed.untilWindowCloses` sends one result a window, which is final, and so no deletions;
   * `Suppressed.untilTimeLimit` sends a row's last change a time after its first. What is held back is in memory, and in a
   * store with a changelog. At the end of the input all of it is sent.
   *
   * @example counts.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()), { name: 'final-counts' })
   * @throws TopologyError when the table has no windows to wait for, or is versioned, or a serde is not known
   */
  suppress(
    suppressed: K extends Windowed<unknown> ? UntilWindowCloses : never,
    ...given: BufferedArgument<V, Missing>
  ): KTable<K, V, never, Exclude<Missing, 'value'>>;
  suppress(
    suppressed: UntilTimeLimit,
    ...given: BufferedArgument<V, Missing>
  ): KTable<K, V, Gone, Exclude<Missing, 'value'>>;
  suppress(suppressed: UntilWindowCloses | UntilTimeLimit, ...given: readonly unknown[]): unknown {
    const [buffered = {}] = given as readonly [buffered?: Buffered<unknown>];
    const { node, rows, value } = suppressTable(this, suppressed, buffered);
    return new KTable(this.graph, node, { key: this.serdes.key, value }, this.changes, rows, this.windows);
  }

  /**
   * The changes of the table as a stream: the row's new value, or null where it was deleted, which the type says where it can
   * be. An aggregate sends its changes once a commit, the last of each row.
   */
  toStream(named: Named = {}): KStream<K, V | Gone, Missing> {
    const node = this.graph.operator(this.graph.named(named, 'KTABLE-TOSTREAM'), this.node, passOn);
    return new KStream(this.graph, node, this.serdes as Serdes<K, V | Gone>, false);
  }

  /**
   * Joins each row with the one of another table whose key `foreignKey` finds in its value: many rows may have the key of one.
   * The result is a table by this one's keys, which follows the changes of both sides, and is kept in a store. Rows of which
   * the foreign key is null have no result. The tables may have other numbers of partitions.
   *
   * By way of two topics a row asks, and is answered: as in Kafka Streams (KIP-213) a change may be told again, and a row may
   * be deleted that there was not. What is behind it is not waited for by windows: records that have been on the way for
   * longer than the grace period are late.
   *
   * @example
   * orders.join(customers, (order) => order.customer, (order, { country }) => ({ ...order, country }), {
   *   name: 'orders-with-country',
   *   value: orderSerde,
   * })
   * @throws TopologyError when one of them has windows, or they are of two builders, or a serde is not known
   */
  join<KO, VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<KO, VO, GoneO, MissingO>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (value: V, otherValue: VO) => Synchronous<VR>,
    joined: ForeignKeyJoined<V, VO, VR, Missing, MissingO>,
  ): KTable<K, VR, null>;
  join<KO, VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<KO, VO, GoneO, MissingO>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (key: K, value: V, otherValue: VO) => Synchronous<VR>,
    joined: ForeignKeyJoined<V, VO, VR, Missing, MissingO>,
  ): KTable<K, VR, null>;
  /**
   * Joins the rows of both tables that have the same key: the result has a row where both do, and follows the changes of both.
   * A result has the later of both rows' times. A joiner with three parameters is given the key first. Both tables must have
   * the same number of partitions.
   *
   * @throws TopologyError when one of them has windows, or they are of two builders
   */
  join<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (value: V, otherValue: VO) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, null, Missing | 'value'>;
  join<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (key: K, value: V, otherValue: VO) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, null, Missing | 'value'>;
  join(other: AnyTable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'inner', given);
  }

  /**
   * As `join` by a foreign key, but each row of this table has a result: with null where the foreign key is null, or the
   * other table has no row of it.
   */
  leftJoin<KO, VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<KO, VO, GoneO, MissingO>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (value: V, otherValue: VO | null) => Synchronous<VR>,
    joined: ForeignKeyJoined<V, VO, VR, Missing, MissingO>,
  ): KTable<K, VR, Gone>;
  leftJoin<KO, VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<KO, VO, GoneO, MissingO>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (key: K, value: V, otherValue: VO | null) => Synchronous<VR>,
    joined: ForeignKeyJoined<V, VO, VR, Missing, MissingO>,
  ): KTable<K, VR, Gone>;
  /** As `join`, but each row of this table has a result: with null where the other has no row. */
  leftJoin<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (value: V, otherValue: VO | null) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, Gone, Missing | 'value'>;
  leftJoin<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (key: K, value: V, otherValue: VO | null) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, Gone, Missing | 'value'>;
  leftJoin(other: AnyTable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'left', given);
  }

  /** As `join`, but each row of either table has a result: with null on the side that has no row. */
  outerJoin<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (value: V | null, otherValue: VO | null) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, null, Missing | 'value'>;
  outerJoin<VO, VR, GoneO extends null, MissingO extends RecordPart>(
    other: KTable<K, VO, GoneO, MissingO>,
    joiner: (key: K, value: V | null, otherValue: VO | null) => Synchronous<VR>,
    named?: Named,
  ): KTable<K, VR, null, Missing | 'value'>;
  outerJoin(other: AnyTable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'outer', given);
  }

  /**
   * Groups the rows by another key: `selector` answers a row's group, and what of the row is aggregated. A row for which it
   * answers null for one of them is in no group. When a row changes, the selector is called with what it was, too.
   *
   * @example
   * users.groupBy((_id, user) => [user.region, user], { key: stringSerde, value: userSerde }).count({ name: 'by-region' })
   */
  groupBy<KR, VR>(
    selector: (key: K, value: V) => readonly [Synchronous<KR> | null, Synchronous<VR> | null],
    grouped: GroupedRows<KR, VR>,
  ): KGroupedTable<KR, VR> {
    requireSynchronous('groupBy', { selector });
    requireOldValues(this.changes);
    const name = this.graph.name('KTABLE-SELECT');
    const { key } = grouped;
    const identityOf = (group: KR) => Buffer.from(key.serialize(name, group)).toString('latin1');
    const node = this.graph.operator(
      name,
      latestChanges(this, name),
      regroup(selector as (key: K, value: V) => readonly [KR | null, VR | null], identityOf),
    );
    return new KGroupedTable(this.graph, node, grouped);
  }

  /** By their keys; or by a foreign key, which comes before the joiner. */
  #join(other: AnyTable, kind: JoinKind, given: readonly unknown[]): unknown {
    if (typeof given[1] === 'function') return this.#joinByForeignKey(other, kind, given);
    const [joiner, named = {}] = given as readonly [AnyJoiner, Named | undefined];
    requireSynchronous(JOIN_OPERATORS[kind], { joiner });
    const { graph } = this;
    const name = graph.named(named, 'KTABLE-MERGE');
    if (other.graph !== graph) throw new TopologyError(`"${name}" joins a table of another builder`);
    const [left, right] = [joinedRows(this, name), joinedRows(other, name)];
    if (kind !== 'inner') requireOldValues(this.changes);
    if (kind === 'outer') requireOldValues(other.changes);
    const joined = { kind, join: joinOf(joiner), left, right };
    const sideNode = (side: JoinSide, sideName: string, parent: GraphNode, stores: readonly StoreDefinition[]) => {
      const compile = (task: TaskContext, forward: Forward) =>
        compileTableJoinSide({ ...joined, name: sideName, side }, task, forward);
      return graph.processor(sideName, parent, compile, stores, { joins: true });
    };
    const nameOf = (prefix: string, suffix: string) =>
      graph.named(named.name === undefined ? {} : { name: `${name}-${suffix}` }, prefix);
    const latest = [latestChanges(this, `${name}-left`), latestChanges(other, `${name}-right`)] as const;
    const ofLeft = sideNode('left', nameOf('KTABLE-JOINTHIS', 'join-this'), latest[0], right.stores);
    const ofRight = sideNode('right', nameOf('KTABLE-JOINOTHER', 'join-other'), latest[1], left.stores);
    const merged = graph.operator(name, ofLeft, passOn);
    ofRight.children.push(merged);
    const serdes = { key: this.serdes.key, value: undefined } as Serdes<K, unknown>;
    return new KTable(graph, merged, serdes, changesOfBoth(this.changes, other.changes), joinedTableRows(joined));
  }

  #joinByForeignKey(other: AnyTable, kind: JoinKind, given: readonly unknown[]): KTable<K, unknown> {
    const [foreignKey, joiner, joined] = given as readonly [
      (value: unknown, key: unknown) => unknown,
      AnyJoiner,
      ForeignKeyJoined<unknown, unknown, unknown>,
    ];
    requireSynchronous(JOIN_OPERATORS[kind], { foreignKey, joiner });
    if (kind === 'outer') throw new TopologyError('there is no outer join by a foreign key; take leftJoin');
    requireOldValues(this.changes);
    // As in Kafka Streams: a filter of either is told what its rows were.
    requireOldValues(other.changes);
    const { changes, node, rows, serdes } = foreignKeyJoin<K>({
      left: this,
      right: other,
      isLeft: kind === 'left',
      foreignKey,
      joiner,
      joined,
    });
    return new KTable(this.graph, node, serdes, changes, rows);
  }

  #filter(predicate: (key: K, value: V) => boolean, keep: boolean, named: Named): KTable<K, V, null, Missing> {
    requireSynchronous('filter', { predicate });
    this.changes.sendOldValues = true;
    const node = this.graph.operator(this.graph.named(named, 'KTABLE-FILTER'), this.node, filterTable(predicate, keep));
    const rowOf = (key: unknown, value: unknown) => (predicate(key as K, value as V) === keep ? value : null);
    const rows = this.rows && derivedRows(this.rows, rowOf);
    return new KTable(this.graph, node, this.serdes, this.changes, rows, this.windows);
  }
}

/** What follows cannot do without what a row was. */
function requireOldValues(changes: TableChanges): void {
  changes.areRequired = true;
  changes.sendOldValues = true;
}

/** What is asked of a table that is made of two is asked of both. */
function changesOfBoth(one: TableChanges, other: TableChanges): TableChanges {
  return {
    get sendOldValues() {
      return one.sendOldValues && other.sendOldValues;
    },
    set sendOldValues(asked) {
      one.sendOldValues ||= asked;
      other.sendOldValues ||= asked;
    },
    get areRequired() {
      return one.areRequired === true && other.areRequired === true;
    },
    set areRequired(asked) {
      one.areRequired ||= asked;
      other.areRequired ||= asked;
    },
  };
}
