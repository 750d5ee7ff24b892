import type { Serde } from '../serde/serde.js';
import { type KeyValueStoreOptions, LevelKeyValueStore } from '../state/key-value/key-value-store.js';
import { Graph } from '../topology/graph.js';
import { planTopology } from '../topology/plan.js';
import type { KeyValueStoreDefinition } from '../topology/processor.js';
import {
  type SourceNode,
  type StoreSerdes,
  type TimestampExtractor,
  type Topology,
  TopologyError,
} from '../topology/topology.js';
import { GlobalKTable } from './global-ktable.js';
import { KStream } from './kstream.js';
import { KTable } from './ktable.js';
import type {
  Consumed,
  ConsumedWithoutKey,
  MaterializedTable,
  Named,
  NullHandling,
  Serdes,
  WithNulls,
  WithoutNulls,
} from './options.js';
import { processorStore } from './processor-store.js';
import { sourceTable } from './source-table.js';

/**
 * Where a topology starts.
 *
 * @example
 * const builder = new StreamsBuilder();
 * builder
 *   .stream('words', { key: stringSerde, value: stringSerde })
 *   .groupBy((_key, word) => word, { key: stringSerde })
 *   .count({ name: 'counts' })
 *   .toStream()
 *   .to('word-counts', { key: stringSerde, value: numberSerde });
 * const topology = builder.build();
 */
export class StreamsBuilder {
  readonly #graph = new Graph();
  readonly #sources: {
    readonly read: string;
    readonly nulls: NullHandling | undefined;
    readonly consumed: Consumed<unknown, unknown>;
    readonly node: SourceNode;
  }[] = [];

  /**
   * Reads one topic or several as a stream, from where the application has come to in them. Keys and values may be null, for
   * any client can write such records; `nulls` says what else is done with them. Without a serde for the keys these are not
   * decoded, and are null. A topic that is read twice alike is one stream.
   *
   * @throws TopologyError when there is no serde for the values
   */
  stream<V>(topics: string | readonly string[], consumed: ConsumedWithoutKey<V> & WithoutNulls): KStream<null, V>;
  stream<K, V>(topics: string | readonly string[], consumed: Consumed<K, V> & WithoutNulls): KStream<K, V>;
  stream<V>(topics: string | readonly string[], consumed: ConsumedWithoutKey<V> & WithNulls): KStream<null, V | null>;
  stream<K, V>(topics: string | readonly string[], consumed: Consumed<K, V> & WithNulls): KStream<K | null, V | null>;
  stream<K, V>(
    topics: string | readonly string[],
    consumed: (Consumed<K, V> | ConsumedWithoutKey<V>) & { readonly nulls?: NullHandling },
  ): unknown {
    const node = this.#sourceOf(topics, consumed, consumed.nulls);
    const { key, value } = consumed;
    const serdes = { key, value, keyIsNull: key === undefined } as Serdes<K | null, V | null>;
    return new KStream<K | null, V | null>(this.#graph, node, serdes, false);
  }

  /**
   * Reads a topic as a table: the latest value of each key; a null value deletes the row. Null keys are passed over, and
   * counted as skipped. The rows are kept in a store of the name that `materialized` gives; with `versioned`, all versions
   * within that time are.
   *
   * @throws TopologyError when a serde is missing
   * @throws ArgumentError when `versioned` is no duration
   */
  table<K, V>(topic: string, consumed: Consumed<K, V>, materialized: MaterializedTable<V> = {}): KTable<K, V> {
    if (consumed.key === undefined) {
      throw new TopologyError(`the table of "${topic}" needs a serde for the keys; pass { key: … }`);
    }
    const graph = this.#graph;
    const { changes, node, rows, serdes } = sourceTable({
      graph,
      parent: this.#source('KSTREAM-SOURCE', topic, consumed),
      key: consumed.key,
      value: consumed.value,
      stored: materialized.value,
      storeName: materialized.name,
      versioned: materialized.versioned,
      generateStoreName: () => graph.name(`${topic}-STATE-STORE`),
    });
    return new KTable(graph, node, serdes, changes, rows);
  }

  /**
   * Reads a topic as a table of which each process has all rows, whatever the partition: for joins by keys that the stream is
   * not partitioned by. The rows are in memory. They are read from the beginning of the topic before the first record is
   * processed, and followed from then on; between them and the streams there is no order in time. Null keys are passed over,
   * and so is what cannot be decoded: both are counted as skipped. The rows are queried by the name that `materialized` gives.
   *
   * @example const countries = builder.globalTable('countries', { key: stringSerde, value: stringSerde }, { name: 'countries' });
   * @throws TopologyError when a serde is missing
   */
  globalTable<K, V>(
    topic: string,
    consumed: Pick<Consumed<K, V>, 'key' | 'value'>,
    materialized: Named = {},
  ): GlobalKTable<K, V> {
    const { key, value } = consumed;
    if (key === undefined || value === undefined) {
      throw new TopologyError(`the global table of "${topic}" needs serdes; pass { key: …, value: … }`);
    }
    const name = this.#graph.named(materialized, `${topic}-STATE-STORE`);
    this.#graph.globalTables.push({ name, topic, serdes: { key, value } as StoreSerdes });
    return new GlobalKTable(this.#graph, name);
  }

  /** A stream that is read twice is one, as in Kafka Streams, where both are read alike. */
  #sourceOf<K, V>(
    topics: string | readonly string[],
    consumed: Consumed<K, V> | ConsumedWithoutKey<V>,
    nulls: NullHandling | undefined,
  ): SourceNode {
    const read = JSON.stringify([topics].flat());
    const known = this.#sources.find(
      (source) =>
        source.read === read &&
        source.nulls === nulls &&
        (['key', 'value', 'timestamp', 'autoOffsetReset'] as const).every(
          (one) => source.consumed[one] === consumed[one],
        ) &&
        (consumed.name === undefined || consumed.name === source.node.name),
    );
    if (known !== undefined) return known.node;
    const node = this.#source('KSTREAM-SOURCE', topics, consumed, nulls);
    this.#sources.push({ read, nulls, consumed: consumed as Consumed<unknown, unknown>, node });
    return node;
  }

  /**
   * Makes the topology of what was built so far; it can be run by any number of `Streams` and test drivers.
   *
   * @throws TopologyError when the parts do not fit together
   */
  build(): Topology {
    return planTopology(this.#graph.nodes, this.#graph.globalTables);
  }

  #source<K, V>(
    prefix: string,
    topics: string | readonly string[],
    consumed: Consumed<K, V> | ConsumedWithoutKey<V>,
    nulls: NullHandling = 'keep',
  ): SourceNode {
    if (consumed.value === undefined) {
      throw new TopologyError(
        `reading "${[topics].flat().join(', ')}" needs a serde for the values; pass { value: … }`,
      );
    }
    return this.#graph.add<SourceNode>({
      kind: 'source',
      name: consumed.name ?? this.#graph.name(prefix),
      children: [],
      topics: typeof topics === 'string' ? [topics] : topics,
      keySerde: consumed.key as Serde<unknown> | undefined,
      valueSerde: consumed.value as Serde<unknown>,
      autoOffsetReset: consumed.autoOffsetReset,
      timestampExtractor: consumed.timestamp as TimestampExtractor<unknown> | undefined,
      nulls,
    });
  }
}

/**
 * Defines a store for `KStream#process`: name it in the `stores` of every processor that shares it, and take it there from
 * `ProcessorContext#stateStore`. Its changes are in `<application>-<name>-changelog`.
 *
 * @example const limits = keyValueStore({ name: 'limits', keySerde: stringSerde, valueSerde: numberSerde });
 * @throws TopologyError when a serde is missing
 */
export function keyValueStore<K, V>(options: KeyValueStoreOptions<K, V>): KeyValueStoreDefinition<K, V> {
  return { ...processorStore(options), type: 'key-value', create: () => new LevelKeyValueStore(options) };
}
