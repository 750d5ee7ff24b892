import { partitionForKey } from '../log/partitioner.js';
import type { VersionedRecord } from '../state/versioned/history.js';
import type { LevelVersionedStore, VersionedKeyValueStore } from '../state/versioned/versioned-store.js';

/** The parts of a versioned store that several tasks have, as one: a key is in the part of its partition. */
export class PartitionedVersionedStore<K, V> implements VersionedKeyValueStore<K, V> {
  /** In the order of their partitions. */
  readonly #parts: readonly LevelVersionedStore<K, V>[];

  constructor(parts: readonly LevelVersionedStore<K, V>[]) {
    this.#parts = parts;
  }

  put(key: K, value: V | null, timestamp: number): number | undefined {
    return this.#of(key).put(key, value, timestamp);
  }

  delete(key: K, timestamp: number): VersionedRecord<V> | undefined {
    return this.#of(key).delete(key, timestamp);
  }

  get(key: K, asOf?: number): VersionedRecord<V> | undefined {
    return this.#of(key).get(key, asOf);
  }

  history(key: K, from?: number, to?: number): VersionedRecord<V>[] {
    return this.#of(key).history(key, from, to);
  }

  /** The part that has the key, where a processor has put it into another than that of its partition; else the latter. */
  #of(key: K): LevelVersionedStore<K, V> {
    const [first] = this.#parts as readonly [LevelVersionedStore<K, V>];
    const partition = partitionForKey(first.serializedKey(key), this.#parts.length);
    return this.#parts.find((part) => part.has(key)) ?? this.#parts[partition] ?? first;
  }
}
