import { partitionForKey } from '../log/partitioner.js';
import type { KeyValueStore, LevelKeyValueStore } from '../state/key-value/key-value-store.js';

/** The parts of a store that several tasks have, as one: a key is in the part of its partition. */
export class PartitionedStore<K, V> implements KeyValueStore<K, V> {
  /** In the order of their partitions. */
  readonly #parts: readonly LevelKeyValueStore<K, V>[];

  constructor(parts: readonly LevelKeyValueStore<K, V>[]) {
    this.#parts = parts;
  }

  get(key: K): V | undefined {
    return this.#of(key).get(key);
  }

  put(key: K, value: V | null | undefined): void {
    this.#of(key).put(key, value);
  }

  putIfAbsent(key: K, value: V): V | undefined {
    return this.#of(key).putIfAbsent(key, value);
  }

  delete(key: K): V | undefined {
    return this.#of(key).delete(key);
  }

  all(): AsyncIterable<[K, V]> {
    return this.#merged((part) => part.all());
  }

  range(from: K, to: K): AsyncIterable<[K, V]> {
    return this.#merged((part) => part.range(from, to));
  }

  /** The part that has the key, where a processor has put it into another than that of its partition; else the latter. */
  #of(key: K): LevelKeyValueStore<K, V> {
    const [first] = this.#parts as readonly [LevelKeyValueStore<K, V>];
    const partition = partitionForKey(Buffer.from(first.identity(key), 'latin1'), this.#parts.length);
    return this.#parts.find((part) => part.get(key) !== undefined) ?? this.#parts[partition] ?? first;
  }

  async *#merged(entriesOf: (part: LevelKeyValueStore<K, V>) => AsyncIterable<[K, V]>): AsyncGenerator<[K, V]> {
    const [first] = this.#parts as readonly [LevelKeyValueStore<K, V>];
    const entries: [K, V][] = [];
    for (const part of this.#parts) for await (const entry of entriesOf(part)) entries.push(entry);
    const order = new Map(entries.map((entry) => [entry, first.identity(entry[0])]));
    const orderOf = (entry: [K, V]) => order.get(entry) ?? '';
    yield* entries.sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : Number(orderOf(one) > orderOf(other))));
  }
}
