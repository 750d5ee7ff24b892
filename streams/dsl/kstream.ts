import type { Serde } from '../serde/serde.js';
import type { LevelKeyValueStore } from '../state/key-value/key-value-store.js';
import { type Graph, requireSynchronous } from '../topology/graph.js';
import type { Processor, ProcessorContext, ProcessorSupplier, StreamRecord } from '../topology/processor.js';
import { isTimestamp } from '../topology/timestamp.js';
import type { GraphNode, RepartitionNode, SinkNode, StoreDefinition, TaskContext } from '../topology/topology.js';
import { TopologyError } from '../topology/topology.js';
import { KGroupedStream } from './kgrouped-stream.js';
import type { Grouped, NotNull, Produced, Repartitioned, Serdes } from './options.js';

type Predicate<K, V> = (key: K, value: V) => boolean;

/** A stream of records. Every operator makes a new stream and leaves this one as it is. */
export class KStream<K, V> {
  /** Made by `StreamsBuilder#stream` and by operators. */
  constructor(
    readonly graph: Graph,
    readonly node: GraphNode,
    readonly serdes: Serdes<K, V>,
    /** True when the key has changed: records of a key may be in different partitions. */
    readonly keyChanged: boolean,
  ) {}

  filter<VR extends V>(predicate: (key: K, value: V) => value is VR): KStream<K, VR>;
  filter(predicate: Predicate<K, V>): KStream<K, V>;
  filter(predicate: Predicate<K, V>): KStream<K, V> {
    requireSynchronous('filter', { predicate });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-FILTER'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        try {
          if (!predicate(key as K, value as V)) return;
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(key, value, timestamp);
      },
    );
    return new KStream(this.graph, node, this.serdes, this.keyChanged);
  }

  filterNot(predicate: Predicate<K, V>): KStream<K, V> {
    requireSynchronous('filterNot', { predicate });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-FILTER'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        try {
          if (predicate(key as K, value as V)) return;
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(key, value, timestamp);
      },
    );
    return new KStream(this.graph, node, this.serdes, this.keyChanged);
  }

  map<KR, VR>(mapper: (key: K, value: V) => readonly [KR, VR]): KStream<KR, VR> {
    requireSynchronous('map', { mapper });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-MAP'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        let newKey: KR;
        let newValue: VR;
        try {
          [newKey, newValue] = mapper(key as K, value as V);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(newKey, newValue, timestamp);
      },
    );
    return new KStream<KR, VR>(this.graph, node, NO_SERDES, true);
  }

  mapValues<VR>(mapper: (value: V, key: K) => VR): KStream<K, VR> {
    requireSynchronous('mapValues', { mapper });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-MAPVALUES'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        let newValue: VR;
        try {
          newValue = mapper(value as V, key as K);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(key, newValue, timestamp);
      },
    );
    return new KStream<K, VR>(this.graph, node, { ...this.serdes, value: undefined }, this.keyChanged);
  }

  flatMap<KR, VR>(mapper: (key: K, value: V) => Iterable<readonly [KR, VR]>): KStream<KR, VR> {
    requireSynchronous('flatMap', { mapper });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-FLATMAP'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        try {
          for (const [newKey, newValue] of mapper(key as K, value as V)) forward(newKey, newValue, timestamp);
        } catch (error) {
          failed(error, key, value, timestamp);
        }
      },
    );
    return new KStream<KR, VR>(this.graph, node, NO_SERDES, true);
  }

  flatMapValues<VR>(mapper: (value: V, key: K) => Iterable<VR>): KStream<K, VR> {
    requireSynchronous('flatMapValues', { mapper });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-FLATMAPVALUES'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        try {
          for (const newValue of mapper(value as V, key as K)) forward(key, newValue, timestamp);
        } catch (error) {
          failed(error, key, value, timestamp);
        }
      },
    );
    return new KStream<K, VR>(this.graph, node, { ...this.serdes, value: undefined }, this.keyChanged);
  }

  /** Looks at each record and passes it on. */
  peek(action: (key: K, value: V) => void): KStream<K, V> {
    requireSynchronous('peek', { action });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-PEEK'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        try {
          action(key as K, value as V);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(key, value, timestamp);
      },
    );
    return new KStream(this.graph, node, this.serdes, this.keyChanged);
  }

  selectKey<KR>(selector: (key: K, value: V) => KR): KStream<KR, V> {
    requireSynchronous('selectKey', { selector });
    const node = this.graph.operator(
      this.graph.name('KSTREAM-KEY-SELECT'),
      this.node,
      (forward, failed) => (key, value, timestamp) => {
        let newKey: KR;
        try {
          newKey = selector(key as K, value as V);
        } catch (error) {
          failed(error, key, value, timestamp);
          return;
        }
        forward(newKey, value, timestamp);
      },
    );
    return new KStream<KR, V>(this.graph, node, { key: undefined, value: this.serdes.value }, true);
  }

  /** Sends each record to the first branch whose predicate it meets. */
  split(): BranchedKStream<K, V> {
    return new BranchedKStream(this);
  }

  merge(other: KStream<K, V>): KStream<K, V> {
    if (other.graph !== this.graph) throw new TopologyError('streams of two builders cannot be merged');
    const node = this.graph.operator(this.graph.name('KSTREAM-MERGE'), this.node, (forward) => forward);
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

  /** Sends records by way of an internal topic to the partition of their key. Null keys are passed over. */
  repartition(options: Repartitioned<K, V> = {}): KStream<NotNull<K>, V> {
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

  /** Groups by a new key. Records for which it is null are passed over. */
  groupBy<KR>(selector: (key: K, value: V) => KR | null, grouped: Grouped<KR, V>): KGroupedStream<KR, V> {
    const selected = this.selectKey(selector);
    const serdes = { key: grouped.key, value: grouped.value ?? this.serdes.value } as Serdes<KR, V>;
    return new KGroupedStream(this.graph, selected.node, serdes, true, grouped.name);
  }

  /** Null keys are passed over. */
  groupByKey(grouped: Partial<Grouped<NotNull<K>, V>> = {}): KGroupedStream<NotNull<K>, V> {
    const key = needSerde(grouped.key ?? this.serdes.key, 'key', 'groupByKey');
    const serdes = { key, value: grouped.value ?? this.serdes.value } as Serdes<NotNull<K>, V>;
    return new KGroupedStream(this.graph, this.node, serdes, this.keyChanged, grouped.name);
  }

  /** Writes the stream to a topic, which must exist. */
  to(topic: string, produced: Produced<K, V> = {}): void {
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

  #sinkKeySerde(topic: string, { key = this.serdes.key }: Produced<K, V>): Serde<NotNull<K>> | undefined {
    if (key === null || (key === undefined && this.serdes.keyIsNull === true)) return undefined;
    if (key !== undefined) return key;
    throw new TopologyError(
      `the sink to "${topic}" needs a serde for the key, which an operator has made or a window is part of; pass ` +
        '{ key: … }, or { key: null } to write the records without keys',
    );
  }

  /** Runs a processor of the user's own over the stream, with the stores it names. */
  process<KR, VR>(
    supplier: ProcessorSupplier<K, V, KR, VR>,
    options: { readonly name?: string; readonly stores?: readonly StoreDefinition[] } = {},
  ): KStream<KR, VR> {
    const stores = options.stores ?? [];
    const name = options.name ?? this.graph.name('KSTREAM-PROCESSOR');
    if (typeof supplier !== 'function') {
      throw new TopologyError(
        `process takes a function that makes a processor for each task: pass () => … for "${name}"`,
      );
    }
    const made = new WeakSet<object>();
    const node = this.graph.processor(
      name,
      this.node,
      (task, forward) => {
        const processor: Processor<K, V, KR, VR> = supplier();
        requireSynchronous(`the processor "${name}"`, { init: processor.init, process: processor.process });
        if (made.has(processor)) {
          throw new TopologyError(
            `the processor "${name}" is one for all tasks; make a new one with each call: () => new …`,
          );
        }
        made.add(processor);
        const context = processorContext<KR, VR>(name, task, stores, (record) => {
          const { timestamp } = record;
          if (!isTimestamp(timestamp)) {
            throw new RangeError(
              `the processor "${name}" forwards a record whose timestamp, ${String(timestamp)}, is not a time: it must ` +
                'be whole milliseconds since 1970, up to the year 9999',
            );
          }
          const pass = () => forward(record.key, record.value, record.timestamp);
          if (record.headers === undefined) pass();
          else task.withHeaders(record.headers, pass);
        });
        return {
          init: () => processor.init?.(context),
          process: (key, value, timestamp) => {
            try {
              processor.process({ key: key as K, value: value as V, timestamp, headers: task.headers });
            } catch (error) {
              task.failed(name, error, key, value, timestamp);
            }
          },
          close: () => processor.close?.(),
        };
      },
      stores,
    );
    return new KStream<KR, VR>(this.graph, node, NO_SERDES, true);
  }
}

/** The branches of a `split`, in the order in which they are tried. */
export class BranchedKStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #predicates: Predicate<K, V>[] = [];
  readonly #names: string[] = [];

  constructor(stream: KStream<K, V>) {
    this.#stream = stream;
  }

  branch(name: string, predicate: Predicate<K, V>): this {
    requireSynchronous(`the branch "${name}"`, { predicate });
    if (this.#names.includes(name)) throw new TopologyError(`two branches are named "${name}"; give one another name`);
    this.#names.push(name);
    this.#predicates.push(predicate);
    return this;
  }

  /** Records that no branch took go to this one. */
  defaultBranch(name: string): Record<string, KStream<K, V>> {
    return this.branch(name, () => true).noDefaultBranch();
  }

  /** Records that no branch took are dropped. */
  noDefaultBranch(): Record<string, KStream<K, V>> {
    const { graph, node, serdes, keyChanged } = this.#stream;
    const predicates = this.#predicates;
    const name = graph.name('KSTREAM-BRANCH');
    const split = graph.processor(name, node, (task, _forward, branches) => ({
      process: (key, value, timestamp) => {
        let taken: number;
        try {
          taken = predicates.findIndex((predicate) => predicate(key as K, value as V));
        } catch (error) {
          task.failed(name, error, key, value, timestamp);
          return;
        }
        branches[taken]?.(key, value, timestamp);
      },
    }));
    const streams = this.#names.map((branchName) => {
      const branch = graph.operator(`${name}-${branchName}`, split, (forward) => forward);
      return [branchName, new KStream<K, V>(graph, branch, serdes, keyChanged)] as const;
    });
    return Object.fromEntries(streams);
  }
}

const NO_SERDES = { key: undefined, value: undefined };

function needSerde<T>(serde: Serde<T> | undefined, what: 'key' | 'value', where: string): Serde<T> {
  if (serde === undefined) throw new TopologyError(`${where} needs a serde for the ${what}; pass { ${what}: … }`);
  return serde;
}

function processorContext<KR, VR>(
  name: string,
  task: TaskContext,
  stores: readonly StoreDefinition[],
  forward: (record: StreamRecord<KR, VR>) => void,
): ProcessorContext<KR, VR> {
  return {
    applicationId: task.applicationId,
    taskId: task.id,
    get recordMetadata() {
      return task.recordMetadata;
    },
    get currentStreamTimeMs() {
      return Math.max(task.streamTime, task.recordStreamTime);
    },
    get currentSystemTimeMs() {
      return task.now();
    },
    forward,
    stateStore: <K, V>(storeName: string) => {
      if (!stores.some((store) => store.name === storeName)) {
        throw new TopologyError(
          `the processor "${name}" is not connected to the store "${storeName}"; name it in its stores`,
        );
      }
      return task.store(storeName) as LevelKeyValueStore<K, V>;
    },
    schedule: (intervalMs, type, punctuator) => task.schedule(name, intervalMs, type, punctuator),
    commit: () => task.requestCommit(),
  };
}
