import type { Serde } from '../../serde/serde.js';
import type { ReadOnlyVersionedStore } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import { storeKey } from '../store-keys.js';
import { type History, historySerde, latestOf, type VersionedRecord, validAt, validWithin } from './history.js';
import { keyEntry, TIME_ENTRY, timeOf } from './versioned-entries.js';

interface CommittedVersionedStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly historyRetentionMs: number;
}

/** Reads the database alone: it holds what was committed. */
export class CommittedVersionedStore<K, V> implements ReadOnlyVersionedStore<K, V> {
  readonly #options: CommittedVersionedStoreOptions<K, V>;
  readonly #database: StateDatabase;

  constructor(options: CommittedVersionedStoreOptions<K, V>, database: StateDatabase) {
    this.#options = options;
    this.#database = database;
  }

  get(key: K, asOf?: number): VersionedRecord<V> | undefined {
    const history = this.#history(key);
    const record = asOf === undefined ? latestOf(history) : validAt(history, asOf, this.#oldestAsked());
    return record && this.#read(record);
  }

  history(key: K, from = 0, to = Number.POSITIVE_INFINITY): VersionedRecord<V>[] {
    return validWithin(this.#history(key), from, to, this.#oldestAsked()).map((record) => this.#read(record));
  }

  #history(key: K): History {
    const { keySerde, name } = this.#options;
    return this.#entry(keyEntry(keySerde.serialize(name, key))) ?? [];
  }

  #oldestAsked(): number {
    return timeOf(this.#entry(TIME_ENTRY)) - this.#options.historyRetentionMs;
  }

  #entry(key: Buffer): History | undefined {
    const { name } = this.#options;
    const bytes = this.#database.get(storeKey(name, key));
    return bytes && historySerde.deserialize(name, bytes, 0, bytes.length);
  }

  #read({ value, ...times }: VersionedRecord<Buffer>): VersionedRecord<V> {
    const { name, valueSerde } = this.#options;
    return { value: valueSerde.deserialize(name, value, 0, value.length), ...times };
  }
}
