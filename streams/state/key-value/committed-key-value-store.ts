import { deserializeWhenReady, type Serde } from '../../serde/serde.js';
import type { ReadOnlyKeyValueStore } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import { endOfStore, startOfStore, storeKey } from '../store-keys.js';

export interface CommittedKeyValueStoreOptions<K, Held, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<Held>;
  readonly database: StateDatabase;
  /** What readers see of what is held. */
  readonly shown: (held: Held) => V;
}

/**
 * Reads the database alone: it holds what was committed, and the store's own layers in memory hold what was not. So a
 * reader costs the task nothing, and sees no object that the task may still change.
 */
export class CommittedKeyValueStore<K, Held, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly #options: CommittedKeyValueStoreOptions<K, Held, V>;

  constructor(options: CommittedKeyValueStoreOptions<K, Held, V>) {
    this.#options = options;
  }

  get(key: K): V | undefined {
    const bytes = this.#options.database.get(this.#databaseKey(key));
    return bytes === undefined ? undefined : this.#valueOf(bytes);
  }

  range(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    return this.#entries(from, to, false);
  }

  all(): AsyncGenerator<[K, V]> {
    return this.#entries(undefined, undefined, false);
  }

  reverseRange(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    return this.#entries(from, to, true);
  }

  reverseAll(): AsyncGenerator<[K, V]> {
    return this.#entries(undefined, undefined, true);
  }

  approximateNumEntries(): Promise<number> {
    const { database, name } = this.#options;
    return database.count(startOfStore(name), endOfStore(name));
  }

  async *#entries(from: K | undefined, to: K | undefined, reverse: boolean): AsyncGenerator<[K, V]> {
    const { database, keySerde, name, shown, valueSerde } = this.#options;
    const start = from === undefined ? startOfStore(name) : this.#databaseKey(from);
    // No key is between one and itself with a zero behind.
    const end = to === undefined ? endOfStore(name) : Buffer.concat([this.#databaseKey(to), Buffer.alloc(1)]);
    if (Buffer.compare(start, end) >= 0) return;
    const keyStart = startOfStore(name).length;
    for await (const [key, bytes] of database.entries(start, end, reverse)) {
      const value = await deserializeWhenReady(valueSerde, name, bytes, 0, bytes.length);
      yield [await deserializeWhenReady(keySerde, name, key, keyStart, key.length), shown(value)];
    }
  }

  #valueOf(bytes: Buffer): V {
    const { name, shown, valueSerde } = this.#options;
    return shown(valueSerde.deserialize(name, bytes, 0, bytes.length));
  }

  #databaseKey(key: K): Buffer {
    const { keySerde, name } = this.#options;
    return storeKey(name, keySerde.serialize(name, key));
  }
}
