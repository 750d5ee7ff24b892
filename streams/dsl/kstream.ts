import { type AnyJoiner, JOIN_OPERATORS, type JoinKind } from '../operators/joins/join.js';
import { processorCompiler } from '../operators/process.js';
import { compileBranch } from '../operators/stateless/branch.js';
import { filter } from '../operators/stateless/filter.js';
import { flatMap, flatMapValues } from '../operators/stateless/flat-map.js';
import { map, mapValues, selectKey } from '../operators/stateless/map.js';
import { passOn } from '../operators/stateless/operator.js';
import { peek } from '../operators/stateless/peek.js';
import type { Serde, SerdeFor } from '../serde/serde.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import type { ProcessorSupplier } from '../topology/processor.js';
import type { GraphNode, RepartitionNode, SinkNode, StoreDefinition } from '../topology/topology.js';
import { TopologyError } from '../topology/topology.js';
import type { AnyTable } from './any-table.js';
import { GlobalKTable } from './global-ktable.js';
import { JoinWindows } from './join-windows.js';
import { KGroupedStream } from './kgrouped-stream.js';
import { KTable } from './ktable.js';
import type {
  Grouped,
  GroupedArgument,
  Joined,
  Named,
  NotNull,
  Produced,
  ProducedArgument,
  RecordPart,
  Repartitioned,
  RepartitionedArgument,
  Serdes,
  StreamJoined,
  TableArgument,
  TableOf,
} from './options.js';
import { needSerde, repartitioned } from './repartition-node.js';
import { sourceTable } from './source-table.js';
import { type JoinedStream, joinWithGlobalTable, joinWithStream, joinWithTable } from './stream-joins.js';
import type { Synchronous } from './synchronous.js';

type Predicate<K, V> = (key: K, value: V) => boolean;

/**
 * A stream of records. Every operator makes a new stream and leaves this one as it is; two operators on one stream each get
 * every record.
 *
 * Functions are synchronous, and must not change the keys and values that they are given: others get the same objects. What
 * they throw is for the processing exception handler.
 *
 * `Missing` says which serdes an operator has made unknown, so that the next one that needs them must be given them. Where a
 * stream is annotated as `KStream<K, V>` that is found out when the topology is built, by a `TopologyError`.
 */
export class KStream<K, V, Missing extends RecordPart = never> {
  /** @internal Made by `StreamsBuilder#stream` and by operators. */
  constructor(
    /** @internal */
    readonly graph: Graph,
    /** @internal */
    readonly node: GraphNode,
    /** @internal */
    readonly serdes: Serdes<K, V>,
    /** @internal True when the key has changed: records of a key may be in different partitions. */
    readonly keyChanged: boolean,
  ) {}

  /**
   * Keeps the records for which the predicate is true. Keys, partitions and serdes stay as they are; a null value is given
   * to the predicate, and a type guard narrows what comes after it.
   *
   * @example stream.filter((_key, value) => value !== null)
   */
  filter<VR extends V>(predicate: (key: K, value: V) => value is VR, named?: Named): KStream<K, VR, Missing>;
  filter(predicate: Predicate<K, V>, named?: Named): KStream<K, V, Missing>;
  filter(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V, Missing> {
    requireSynchronous('filter', { predicate });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-FILTER'), this.node, filter(predicate, true));
    return new KStream<K, V, Missing>(this.graph, node, this.serdes, this.keyChanged);
  }

  /** Drops the records for which the predicate is true; else as `filter`. */
  filterNot(predicate: Predicate<K, V>, named: Named = {}): KStream<K, V, Missing> {
    requireSynchronous('filterNot', { predicate });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-FILTER'), this.node, filter(predicate, false));
    return new KStream<K, V, Missing>(this.graph, node, this.serdes, this.keyChanged);
  }

  /**
   * Makes a new key and value of each record. Neither serde is known afterwards, and the key may be another: an aggregate or
   * `repartition` behind it sends records through a repartition topic first. Where the key stays, `mapValues` costs none.
   *
   * @example stream.map((_id, order) => [order.customer, order.amount])
   */
  map<KR, VR>(
    mapper: (key: K, value: V) => readonly [Synchronous<KR>, Synchronous<VR>],
    named: Named = {},
  ): KStream<KR, VR, 'key' | 'value'> {
    requireSynchronous('map', { mapper });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-MAP'), this.node, map(mapper));
    return new KStream<KR, VR, 'key' | 'value'>(this.graph, node, NO_SERDES, true);
  }

  /**
   * Makes a new value of each record, of a null one, too. The key and its partition stay, so that nothing is repartitioned;
   * the value's serde is not known afterwards.
   */
  mapValues<VR>(mapper: (value: V, key: K) => Synchronous<VR>, named: Named = {}): KStream<K, VR, Missing | 'value'> {
    requireSynchronous('mapValues', { mapper });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-MAPVALUES'), this.node, mapValues(mapper));
    return new KStream<K, VR, Missing | 'value'>(
      this.graph,
      node,
      { ...this.serdes, value: undefined },
      this.keyChanged,
    );
  }

  /**
   * Makes any number of records of each, one after the other, with its time. As behind `map`, neither serde is known and an
   * aggregate repartitions first.
   */
  flatMap<KR, VR>(
    mapper: (key: K, value: V) => Iterable<readonly [Synchronous<KR>, Synchronous<VR>]>,
    named: Named = {},
  ): KStream<KR, VR, 'key' | 'value'> {
    requireSynchronous('flatMap', { mapper });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-FLATMAP'), this.node, flatMap(mapper));
    return new KStream<KR, VR, 'key' | 'value'>(this.graph, node, NO_SERDES, true);
  }

  /** Makes any number of values of each record, under its key and time: nothing is repartitioned. */
  flatMapValues<VR>(
    mapper: (value: V, key: K) => Iterable<Synchronous<VR>>,
    named: Named = {},
  ): KStream<K, VR, Missing | 'value'> {
    requireSynchronous('flatMapValues', { mapper });
    const node = this.graph.operator(
      this.graph.named(named, 'KSTREAM-FLATMAPVALUES'),
      this.node,
      flatMapValues(mapper),
    );
    return new KStream<K, VR, Missing | 'value'>(
      this.graph,
      node,
      { ...this.serdes, value: undefined },
      this.keyChanged,
    );
  }

  /**
   * Looks at each record and passes it on as it is. It may see a record twice: a commit that fails is processed again.
   * Nothing waits for what it starts, which is why a promise is refused.
   */
  peek<R>(action: (key: K, value: V) => Synchronous<R>, named: Named = {}): KStream<K, V, Missing> {
    requireSynchronous('peek', { action });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-PEEK'), this.node, peek(action));
    return new KStream<K, V, Missing>(this.graph, node, this.serdes, this.keyChanged);
  }

  /**
   * Gives each record another key. Its partition is no longer that of its key, so that an aggregate or `repartition` behind
   * it sends records through a repartition topic first; `to` does that by writing. The key's serde is not known afterwards.
   * A record whose new key is null is passed over by aggregates.
   */
  selectKey<KR>(selector: (key: K, value: V) => Synchronous<KR>, named: Named = {}): KStream<KR, V, Missing | 'key'> {
    requireSynchronous('selectKey', { selector });
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-KEY-SELECT'), this.node, selectKey(selector));
    return new KStream<KR, V, Missing | 'key'>(this.graph, node, { key: undefined, value: this.serdes.value }, true);
  }

  /**
   * Sends each record to the first branch whose predicate it meets. The branches are there, by their names, when the last
   * of them is given: `defaultBranch` or `noDefaultBranch`.
   *
   * @example
   * const { large, small } = orders
   *   .split()
   *   .branch('large', (_id, order) => order.amount > 1000)
   *   .defaultBranch('small');
   */
  split(named: Named = {}): BranchedKStream<K, V, Missing> {
    return new BranchedKStream(this, named);
  }

  /**
   * Puts the records of both streams into one, as they come: no order holds between the two. Each serde is this stream's,
   * or the other's where this one does not know it. An aggregate behind it wants both to be partitioned alike.
   *
   * @throws TopologyError when the streams are of two builders
   */
  merge<OtherMissing extends RecordPart>(
    other: KStream<K, V, OtherMissing>,
    named: Named = {},
  ): KStream<K, V, Missing & OtherMissing> {
    if (other.graph !== this.graph) throw new TopologyError('streams of two builders cannot be merged');
    const node = this.graph.operator(this.graph.named(named, 'KSTREAM-MERGE'), this.node, passOn);
    other.node.children.push(node);
    return new KStream(
      this.graph,
      node,
      {
        key: this.serdes.key ?? other.serdes.key,
        value: this.serdes.value ?? other.serdes.value,
        keyIsNull: this.serdes.keyIsNull === true && other.serdes.keyIsNull === true,
      },
      this.keyChanged || other.keyChanged,
    );
  }

  /**
   * Sends records by way of an internal topic to the partition of their key, whether or not the key has changed. Records with
   * a null key are passed over, and counted as skipped; null values go through.
   *
   * @throws TopologyError when a serde is not known
   */
  repartition(...given: RepartitionedArgument<K, V, Missing>): KStream<NotNull<K>, V> {
    const [options = {}] = given as readonly [options?: Repartitioned<K, V>];
    const name = options.name ?? this.graph.name('KSTREAM-REPARTITION');
    const key = needSerde(options.key ?? this.serdes.key, 'key', `repartition "${name}"`);
    const value = needSerde(options.value ?? this.serdes.value, 'value', `repartition "${name}"`);
    const node = this.graph.add<RepartitionNode>(
      {
        kind: 'repartition',
        name,
        children: [],
        topic: `${name}-repartition`,
        keySerde: key as Serde<unknown>,
        valueSerde: value as Serde<unknown>,
        partitions: options.partitions,
        combiner: undefined,
      },
      this.node,
    );
    return new KStream(this.graph, node, { key, value } as Serdes<NotNull<K>, V>, false);
  }

  /**
   * Keeps the latest value of each key as a table; a null value deletes the row. Null keys are passed over, and counted as
   * skipped. Where the key may have changed, records go through `<application>-<name>-repartition` first.
   *
   * @throws TopologyError when a serde is not known
   */
  toTable(...given: TableArgument<K, V, Missing>): KTable<NotNull<K>, NotNull<V>> {
    const [options = {}] = given as readonly [options?: TableOf<K, V>];
    const { graph } = this;
    const nodeName = graph.name('KSTREAM-TOTABLE');
    const where = options.name ?? nodeName;
    const key = needSerde(options.key ?? this.serdes.key, 'key', `the table "${where}"`);
    const value = needSerde(options.value ?? this.serdes.value, 'value', `the table "${where}"`);
    const parent = this.keyChanged ? repartitioned(this, { name: where, key, value }) : this.node;
    const { changes, node, rows, serdes } = sourceTable<NotNull<K>, NotNull<V>>({
      graph,
      parent,
      key,
      value,
      storeName: options.name,
      generateStoreName: () => graph.name('KSTREAM-TOTABLE-STATE-STORE'),
    });
    return new KTable(graph, node, serdes, changes, rows);
  }

  /**
   * Joins each record with the table's row of its key, as the row is when the record is processed: only records of the stream
   * make results, each with its record's time. Records without a row are passed over, and so are those with a null key or
   * value, which are counted as skipped. A joiner with three parameters is given the key first: (key, value, tableValue). Write
   * their types: the compiler infers only those of a joiner of the two values.
   *
   * Stream and table must have the same number of partitions. Where the key may have changed, records go through
   * `<application>-<name>-repartition` first.
   *
   * @example orders.join(customers, (order, customer) => ({ ...order, country: customer.country }))
   * @throws TopologyError when the table has windows or is of another builder, or records are repartitioned and a serde is not
   *   known
   */
  join<VT, VR, Gone extends null, MissingOfTable extends RecordPart>(
    table: KTable<NotNull<K>, VT, Gone, MissingOfTable>,
    joiner: (value: NotNull<V>, tableValue: NotNull<VT>) => Synchronous<VR>,
    joined?: Joined<K, V>,
  ): KStream<NotNull<K>, VR, Missing | 'value'>;
  join<VT, VR, Gone extends null, MissingOfTable extends RecordPart>(
    table: KTable<NotNull<K>, VT, Gone, MissingOfTable>,
    joiner: (key: NotNull<K>, value: NotNull<V>, tableValue: NotNull<VT>) => Synchronous<VR>,
    joined?: Joined<K, V>,
  ): KStream<NotNull<K>, VR, Missing | 'value'>;
  /**
   * Joins each record with those of another stream that have its key and are near it in time. A result has the later of both
   * times. Each side keeps its records in a store for as long as partners may come. Records with a null key or value are
   * passed over, and counted as skipped.
   *
   * @example orders.join(payments, (order, payment) => ({ ...order, payment }), JoinWindows.ofTimeDifferenceAndGrace('1h', '1m'))
   */
  join<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (value: NotNull<V>, otherValue: NotNull<VO>) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<NotNull<K>, VR, Missing | 'value'>;
  join<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (key: NotNull<K>, value: NotNull<V>, otherValue: NotNull<VO>) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<NotNull<K>, VR, Missing | 'value'>;
  /**
   * Joins each record with the row of a global table whose key `keySelector` finds: no repartition, whatever the partitions.
   * The row is what it is here and now, and not as of the record's time. Records without a row, or for which the key is null,
   * are passed over, and so are those with a null value; a null key of the record itself does not matter. A joiner with three
   * parameters is given the record's key first.
   *
   * @example views.join(pages, (_user, { page }) => page, (view, page) => ({ ...view, title: page.title }))
   * @throws TopologyError when the table is of another builder
   */
  join<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: NotNull<V>) => NoInfer<KG> | null,
    joiner: (value: NotNull<V>, tableValue: VG) => Synchronous<VR>,
    named?: Named,
  ): KStream<K, VR, Missing | 'value'>;
  join<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: NotNull<V>) => NoInfer<KG> | null,
    joiner: (key: K, value: NotNull<V>, tableValue: VG) => Synchronous<VR>,
    named?: Named,
  ): KStream<K, VR, Missing | 'value'>;
  join(other: Joinable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'inner', given);
  }

  /**
   * As `join`, but a record without a row, or with a null key, is joined with null.
   *
   * @example orders.leftJoin(customers, (order, customer) => ({ ...order, country: customer?.country ?? 'unknown' }))
   */
  leftJoin<VT, VR, Gone extends null, MissingOfTable extends RecordPart>(
    table: KTable<NotNull<K>, VT, Gone, MissingOfTable>,
    joiner: (value: NotNull<V>, tableValue: NotNull<VT> | null) => Synchronous<VR>,
    joined?: Joined<K, V>,
  ): KStream<K, VR, Missing | 'value'>;
  leftJoin<VT, VR, Gone extends null, MissingOfTable extends RecordPart>(
    table: KTable<NotNull<K>, VT, Gone, MissingOfTable>,
    joiner: (key: K, value: NotNull<V>, tableValue: NotNull<VT> | null) => Synchronous<VR>,
    joined?: Joined<K, V>,
  ): KStream<K, VR, Missing | 'value'>;
  /**
   * As the `join` of two streams, but a record without a partner has a result with null: when none can come in time any more,
   * or at once with a null key.
   */
  leftJoin<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (value: NotNull<V>, otherValue: NotNull<VO> | null) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<K, VR, Missing | 'value'>;
  leftJoin<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (key: K, value: NotNull<V>, otherValue: NotNull<VO> | null) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<K, VR, Missing | 'value'>;
  /** As the `join` with a global table, but a record without a row, or for which the key is null, is joined with null. */
  leftJoin<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: NotNull<V>) => NoInfer<KG> | null,
    joiner: (value: NotNull<V>, tableValue: VG | null) => Synchronous<VR>,
    named?: Named,
  ): KStream<K, VR, Missing | 'value'>;
  leftJoin<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    keySelector: (key: K, value: NotNull<V>) => NoInfer<KG> | null,
    joiner: (key: K, value: NotNull<V>, tableValue: VG | null) => Synchronous<VR>,
    named?: Named,
  ): KStream<K, VR, Missing | 'value'>;
  leftJoin(other: Joinable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'left', given);
  }

  /** As `leftJoin` of two streams, for the records of both. */
  outerJoin<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (value: NotNull<V> | null, otherValue: NotNull<VO> | null) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<K | KO, VR, Missing | 'value'>;
  outerJoin<VO, VR, KO extends NotNull<K> | null, MissingOfOther extends RecordPart>(
    other: KStream<KO, VO, MissingOfOther>,
    joiner: (key: K | NoInfer<KO>, value: NotNull<V> | null, otherValue: NotNull<VO> | null) => Synchronous<VR>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, VO>,
  ): KStream<K | KO, VR, Missing | 'value'>;
  outerJoin(other: Joinable, ...given: readonly unknown[]): unknown {
    return this.#join(other, 'outer', given);
  }

  #join(other: Joinable, kind: JoinKind, given: readonly unknown[]): KStream<K, unknown, 'value'> {
    const { keyChanged, node, serdes } = this.#joined(other, kind, given);
    return new KStream(this.graph, node, serdes as Serdes<K, unknown>, keyChanged);
  }

  #joined(other: Joinable, kind: JoinKind, given: readonly unknown[]): JoinedStream {
    const stream = this as unknown as JoinedStream;
    if (other instanceof GlobalKTable) {
      const [keySelector, joiner, named = {}] = given as readonly [
        (key: unknown, value: unknown) => unknown,
        AnyJoiner,
        Named?,
      ];
      return joinWithGlobalTable(stream, other, kind, { keySelector, joiner, named });
    }
    const [joiner, windows, joined = {}] = given as readonly [
      AnyJoiner,
      unknown,
      StreamJoined<unknown, unknown, unknown>?,
    ];
    requireSynchronous(JOIN_OPERATORS[kind], { joiner });
    if (other instanceof KTable) {
      return joinWithTable(stream, other, kind, { joiner, joined: (windows ?? {}) as Joined<unknown, unknown> });
    }
    if (other instanceof KStream && windows instanceof JoinWindows) {
      return joinWithStream(stream, other as unknown as JoinedStream, kind, { joiner, windows, joined });
    }
    throw new TopologyError(
      'a stream is joined with a table, or with a stream in windows: pass JoinWindows behind the joiner',
    );
  }

  /**
   * Groups by a new key: `selectKey`, then `groupByKey`. The aggregate behind it repartitions first, into
   * `<application>-<name>-repartition`. Records for which the key is null are passed over.
   *
   * @example words.groupBy((_key, word) => word, { key: stringSerde }).count({ name: 'counts' })
   */
  groupBy<KR>(
    selector: (key: K, value: V) => Synchronous<KR> | null,
    grouped: Grouped<KR, V> & { readonly value: SerdeFor<NotNull<V>> },
  ): KGroupedStream<KR, V>;
  groupBy<KR>(
    selector: (key: K, value: V) => Synchronous<KR> | null,
    grouped: Grouped<KR, V>,
  ): KGroupedStream<KR, V, Extract<Missing, 'value'>>;
  groupBy<KR>(selector: (key: K, value: V) => unknown, grouped: Grouped<KR, V>): KGroupedStream<KR, V> {
    requireSynchronous('groupBy', { selector });
    const selected = this.selectKey(selector);
    const serdes = { key: grouped.key, value: grouped.value ?? this.serdes.value } as Serdes<KR, V>;
    return new KGroupedStream(this.graph, selected.node, serdes, true, grouped.name);
  }

  /**
   * Groups by the key that records have. The aggregate behind it repartitions first only where an operator before it may have
   * changed the key. Records with a null key are passed over, and counted as skipped.
   *
   * @throws TopologyError when the key's serde is not known
   */
  groupByKey(
    grouped: GroupedArgument<K, V, Missing>[0] & { readonly value: SerdeFor<NotNull<V>> },
  ): KGroupedStream<NotNull<K>, V>;
  groupByKey(...given: GroupedArgument<K, V, Missing>): KGroupedStream<NotNull<K>, V, Extract<Missing, 'value'>>;
  groupByKey(...given: readonly unknown[]): KGroupedStream<NotNull<K>, V> {
    const [grouped = {}] = given as readonly [grouped?: Partial<Grouped<NotNull<K>, V>>];
    const key = needSerde(grouped.key ?? this.serdes.key, 'key', 'groupByKey');
    const serdes = { key, value: grouped.value ?? this.serdes.value } as Serdes<NotNull<K>, V>;
    return new KGroupedStream(this.graph, this.node, serdes, this.keyChanged, grouped.name);
  }

  /**
   * Writes the stream to a topic, which must exist. A record's partition is that of its key, as Kafka's clients choose it, its
   * time is the record's, and a null value deletes where the topic is compacted. It is visible with the commit that takes it.
   *
   * @throws TopologyError when a serde is not known: of a key that an operator has made, or that has a window
   */
  to(topic: string, ...given: ProducedArgument<K, V, Missing>): void {
    const [produced = {}] = given as readonly [produced?: Produced<K, V>];
    const name = produced.name ?? this.graph.name('KSTREAM-SINK');
    this.graph.add<SinkNode>(
      {
        kind: 'sink',
        name,
        children: [],
        topic,
        keySerde: this.#sinkKeySerde(topic, produced) as Serde<unknown> | undefined,
        valueSerde: needSerde(produced.value ?? this.serdes.value, 'value', `the sink to "${topic}"`) as Serde<unknown>,
      },
      this.node,
    );
  }

  #sinkKeySerde(topic: string, { key = this.serdes.key }: Produced<K, V>): SerdeFor<NotNull<K>> | undefined {
    if (key === null || (key === undefined && this.serdes.keyIsNull === true)) return undefined;
    if (key !== undefined) return key;
    throw new TopologyError(
      `the sink to "${topic}" needs a serde for the key, which an operator has made or a window is part of; pass ` +
        '{ key: … }, or { key: null } to write the records without keys',
    );
  }

  /**
   * Runs a processor of the user's own over the stream, with the stores that `stores` names. What it forwards may have another
   * key: neither serde is known, and an aggregate behind it repartitions first. Its tasks share no memory but the stores,
   * which every processor that names the same definition has in common.
   *
   * A processor is synchronous, and there is no `asyncProcess`: see `Processor#process`.
   *
   * @param supplier makes one processor for each task
   * @throws TopologyError when it is no function
   */
  process<KR, VR>(
    supplier: ProcessorSupplier<K, V, KR, VR>,
    options: { readonly name?: string; readonly stores?: readonly StoreDefinition[] } = {},
  ): KStream<KR, VR, 'key' | 'value'> {
    const stores = options.stores ?? [];
    const name = options.name ?? this.graph.name('KSTREAM-PROCESSOR');
    if (typeof supplier !== 'function') {
      throw new TopologyError(
        `process takes a function that makes a processor for each task: pass () => … for "${name}"`,
      );
    }
    const node = this.graph.processor(name, this.node, processorCompiler(name, supplier, stores), stores);
    return new KStream<KR, VR, 'key' | 'value'>(this.graph, node, NO_SERDES, true);
  }
}

/** What a stream is joined with. */
type Joinable = AnyTable | AnyStream | GlobalKTable<never, unknown>;

/** Of which it does not matter what is in it. */
type AnyStream = Pick<JoinedStream, 'graph' | 'keyChanged'>;

/** Streams by the names of their branches. */
export type Branches<K, Values, Missing extends RecordPart> = {
  readonly [Name in keyof Values]: KStream<K, Values[Name], Missing>;
};

/** A name that no branch has yet. */
type NewName<Name extends string, Values> = string extends keyof Values
  ? Name
  : Name extends keyof Values
    ? never
    : Name;

/** The branches of a `split`, in the order in which they are tried. `Values` are the types of their values, by name. */
export class BranchedKStream<K, V, Missing extends RecordPart = never, Values = unknown> {
  readonly #stream: KStream<K, V, Missing>;
  readonly #named: Named;
  readonly #predicates: Predicate<K, V>[] = [];
  readonly #names: string[] = [];

  /** @internal Made by `KStream#split`. */
  constructor(stream: KStream<K, V, Missing>, named: Named = {}) {
    this.#stream = stream;
    this.#named = named;
  }

  /**
   * Adds a branch for what none before it took. Keys, partitions and serdes stay as they are; a type guard narrows the
   * branch's values.
   *
   * @throws TopologyError when there is a branch of that name
   */
  branch<Name extends string, VR extends V>(
    name: NewName<Name, Values>,
    predicate: (key: K, value: V) => value is VR,
  ): BranchedKStream<K, V, Missing, Values & Record<Name, VR>>;
  branch<Name extends string>(
    name: NewName<Name, Values>,
    predicate: Predicate<K, V>,
  ): BranchedKStream<K, V, Missing, Values & Record<Name, V>>;
  branch(name: string, predicate: Predicate<K, V>): unknown {
    requireSynchronous(`the branch "${name}"`, { predicate });
    if (this.#names.includes(name)) throw new TopologyError(`two branches are named "${name}"; give one another name`);
    this.#names.push(name);
    this.#predicates.push(predicate);
    return this;
  }

  /** Ends the split: records that no branch took go to this one. Answers all branches by their names. */
  defaultBranch<Name extends string>(name: NewName<Name, Values>): Branches<K, Values & Record<Name, V>, Missing> {
    return this.branch<Name>(name, () => true).noDefaultBranch();
  }

  /** Ends the split: records that no branch took are dropped. Answers all branches by their names. */
  noDefaultBranch(): Branches<K, Values, Missing> {
    const { graph, node, serdes, keyChanged } = this.#stream;
    const predicates = this.#predicates;
    const name = graph.named(this.#named, 'KSTREAM-BRANCH');
    const names = this.#names.map((branchName) => `${name}-${branchName}`);
    const split = graph.processor(
      name,
      node,
      (task, _forward, branches) =>
        compileBranch(
          name,
          predicates,
          task,
          branches.map((forward, index) => ({ name: names[index] ?? name, forward })),
        ),
      [],
      { splits: true },
    );
    const streams = this.#names.map((branchName) => {
      const branch = graph.operator(`${name}-${branchName}`, split, passOn);
      return [branchName, new KStream<K, V, Missing>(graph, branch, serdes, keyChanged)] as const;
    });
    return Object.fromEntries(streams) as unknown as Branches<K, Values, Missing>;
  }
}

const NO_SERDES = { key: undefined, value: undefined };
