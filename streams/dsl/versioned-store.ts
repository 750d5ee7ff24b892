import type { Serde } from '../serde/serde.js';
import { LevelVersionedStore } from '../state/versioned/versioned-store.js';
import type { VersionedStoreDefinition } from '../topology/processor.js';
import { type Duration, toMilliseconds } from './duration.js';
import { processorStore } from './processor-store.js';

export interface VersionedStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** How far back, from the latest time that was put, the store takes versions and can be asked. */
  readonly historyRetention: Duration;
}

/**
 * Defines a store for `KStream#process` that keeps what each key was and when (KIP-889); as `keyValueStore`. A key's versions
 * are written together: it is for keys that change now and then within the history retention.
 *
 * @example const prices = versionedStore({ name: 'prices', keySerde: stringSerde, valueSerde: numberSerde, historyRetention: '1h' });
 * @throws TopologyError when a serde is missing
 * @throws ArgumentError when the history retention is no duration
 */
export function versionedStore<K, V>(options: VersionedStoreOptions<K, V>): VersionedStoreDefinition<K, V> {
  const { historyRetention, keySerde, name, valueSerde } = options;
  const store = processorStore(options, 'versions');
  const historyRetentionMs = toMilliseconds(historyRetention, `the history retention of the store "${name}"`);
  return {
    ...store,
    type: 'versioned',
    create: () => new LevelVersionedStore({ name, keySerde, valueSerde, historyRetentionMs }),
  };
}
