import type { Serde } from '../serde/serde.js';
import type { StateDatabase } from './state-database.js';
import type { ChangelogAppend, StateStore } from './state-store.js';

/** A store of the Processor API: reads and writes are synchronous. */
export interface KeyValueStore<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  /** Answers what was there before, and puts the value only when nothing was. */
  putIfAbsent(key: K, value: V): V | undefined;
  /** Answers what was there. */
  delete(key: K): V | undefined;
  /** Entries in the order of the keys' bytes, uncommitted writes among them. For punctuators and queries. */
  all(): AsyncIterable<[K, V]>;
  /** As `all`, from one key to another, both included. */
  range(from: K, to: K): AsyncIterable<[K, V]>;
}

export interface KeyValueStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** Entries kept in memory besides the uncommitted ones. Default 100,000. */
  readonly cachedEntries?: number;
}

interface Entry<K, V> {
  readonly key: K;
  /** Undefined: the key is deleted. */
  readonly value: V | undefined;
}

/**
 * Keys and values in LevelDB under an overlay of uncommitted writes. A read looks into the overlay, then into the cache,
 * then into LevelDB.
 */
export class LevelKeyValueStore<K, V> implements KeyValueStore<K, V>, StateStore {
  readonly name: string;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #cachedEntries: number;
  /** By the latin1 text of the serialized key, which sorts as the bytes do. */
  #overlay = new Map<string, Entry<K, V>>();
  /** Flushed, and on its way to LevelDB. */
  #flushing = new Map<string, Entry<K, V>>();
  /** Insertion order is the order of use, the oldest first. */
  readonly #cache = new Map<string, Entry<K, V>>();
  #database: StateDatabase | undefined;

  constructor(options: KeyValueStoreOptions<K, V>) {
    this.name = options.name;
    this.#keySerde = options.keySerde;
    this.#valueSerde = options.valueSerde;
    this.#cachedEntries = options.cachedEntries ?? 100_000;
  }

  get uncommittedEntries(): number {
    return this.#overlay.size;
  }

  get(key: K): V | undefined {
    return this.#get(this.#identity(key), key);
  }

  put(key: K, value: V): void {
    this.#overlay.set(this.#identity(key), { key, value });
  }

  putIfAbsent(key: K, value: V): V | undefined {
    const identity = this.#identity(key);
    const before = this.#get(identity, key);
    if (before === undefined) this.#overlay.set(identity, { key, value });
    return before;
  }

  delete(key: K): V | undefined {
    const identity = this.#identity(key);
    const before = this.#get(identity, key);
    this.#overlay.set(identity, { key, value: undefined });
    return before;
  }

  all(): AsyncIterable<[K, V]> {
    return this.#entries('', undefined);
  }

  range(from: K, to: K): AsyncIterable<[K, V]> {
    return this.#entries(this.#identity(from), this.#identity(to));
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
  }

  restore(key: Buffer, value: Buffer | null): void {
    const databaseKey = this.#databaseKey(key.toString('latin1'));
    if (value === null) this.#database?.stageDelete(databaseKey);
    else this.#database?.stagePut(databaseKey, value);
  }

  flush(changelog: ChangelogAppend): void {
    for (const [identity, entry] of this.#overlay) {
      const key = Buffer.from(identity, 'latin1');
      const databaseKey = this.#databaseKey(identity);
      if (entry.value === undefined) {
        changelog(key, null);
        this.#database?.stageDelete(databaseKey);
      } else {
        const value = Buffer.from(this.#valueSerde.serialize(this.name, entry.value));
        changelog(key, value);
        this.#database?.stagePut(databaseKey, value);
      }
      this.#flushing.set(identity, entry);
    }
    this.#overlay = new Map();
  }

  committed(): number {
    for (const [identity, entry] of this.#flushing) this.#remember(identity, entry);
    this.#flushing = new Map();
    // The changelog is compacted by key: it is never cut off.
    return 0;
  }

  #get(identity: string, key: K): V | undefined {
    const written = this.#overlay.get(identity) ?? this.#flushing.get(identity);
    if (written !== undefined) return written.value;
    const cached = this.#cache.get(identity);
    if (cached !== undefined) {
      this.#remember(identity, cached);
      return cached.value;
    }
    const bytes = this.#database?.get(this.#databaseKey(identity));
    const value = bytes && this.#valueSerde.deserialize(this.name, bytes, 0, bytes.length);
    this.#remember(identity, { key, value });
    return value;
  }

  #remember(identity: string, entry: Entry<K, V>): void {
    this.#cache.delete(identity);
    this.#cache.set(identity, entry);
    if (this.#cache.size <= this.#cachedEntries) return;
    const oldest = this.#cache.keys().next();
    if (!oldest.done) this.#cache.delete(oldest.value);
  }

  async *#entries(from: string, to: string | undefined): AsyncGenerator<[K, V]> {
    const inRange = (identity: string) => identity >= from && (to === undefined || identity <= to);
    const written = [...new Map([...this.#flushing, ...this.#overlay])]
      .filter(([identity]) => inRange(identity))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const overwritten = new Set(written.map(([identity]) => identity));
    let next = 0;
    if (this.#database !== undefined) {
      const prefix = this.#databaseKey('');
      const end = this.#databaseKey('');
      end[end.length - 1] = 1;
      for await (const [databaseKey, bytes] of this.#database.entries(this.#databaseKey(from), end)) {
        const identity = databaseKey.toString('latin1', prefix.length);
        if (!inRange(identity)) break;
        for (let entry = written[next]; entry !== undefined && entry[0] < identity; entry = written[++next]) {
          if (entry[1].value !== undefined) yield [entry[1].key, entry[1].value];
        }
        if (overwritten.has(identity)) continue;
        const keyBytes = Buffer.from(identity, 'latin1');
        yield [
          this.#keySerde.deserialize(this.name, keyBytes, 0, keyBytes.length),
          this.#valueSerde.deserialize(this.name, bytes, 0, bytes.length),
        ];
      }
    }
    for (const [, entry] of written.slice(next)) {
      if (entry.value !== undefined) yield [entry.key, entry.value];
    }
  }

  #identity(key: K): string {
    const bytes = this.#keySerde.serialize(this.name, key);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }

  #databaseKey(identity: string): Buffer {
    return Buffer.from(`${this.name}\0${identity}`, 'latin1');
  }
}
