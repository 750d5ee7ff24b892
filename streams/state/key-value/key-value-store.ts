import { keyOfText, keyText } from '../../serde/key-text.js';
import { type Serde, SerdePendingError } from '../../serde/serde.js';
import type { StoreView } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import type { ChangelogAppend, FlushFailure, StateStore } from '../state-store.js';
import { requireOpen } from '../store-errors.js';
import { CommittedKeyValueStore } from './committed-key-value-store.js';

/** A store of the Processor API: reads and writes are synchronous. */
export interface KeyValueStore<K, V> {
  /** Answers the key's value, of what was written since the last commit, too; undefined when there is none. */
  get(key: K): V | undefined;
  /**
   * Sets the key's value; null or undefined deletes it. It is durable with the commit that takes the record being
   * processed. A property, so that a store of other values is not taken for this one.
   */
  readonly put: (key: K, value: V | null | undefined) => void;
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
  /**
   * Whether `get` answers the very object that was put, which saves a serialization with each access: it must not be
   * changed without being put again. Default false: what is put is serialized at once, and each `get` makes a value of
   * it, so that nothing is seen that a restart would lose.
   */
  readonly sharesValues?: boolean;
}

/** Either the value itself or its bytes; both undefined: the key is deleted, or was never there. */
interface Entry<V> {
  readonly value: V | undefined;
  readonly bytes: Buffer | undefined;
}

const NOTHING = { value: undefined, bytes: undefined };

/**
 * Keys and values in LevelDB under an overlay of uncommitted writes. A read looks into the overlay, then into the cache,
 * then into LevelDB.
 */
export class LevelKeyValueStore<K, V> implements KeyValueStore<K, V>, StateStore {
  readonly name: string;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #cachedEntries: number;
  readonly #isHeldAsIs: (value: V) => boolean;
  /** By the latin1 text of the serialized key, which sorts as the bytes do. */
  #overlay = new Map<string, Entry<V>>();
  /** Flushed, and on its way to LevelDB. */
  #flushing = new Map<string, Entry<V>>();
  /** Insertion order is the order of use, the oldest first. */
  readonly #cache = new Map<string, Entry<V>>();
  #database: StateDatabase | undefined;

  /** @param isHeldAsIs whether a value equals, for ever, what its serde makes of its bytes */
  constructor(
    options: KeyValueStoreOptions<K, V>,
    isHeldAsIs: (value: V) => boolean = (value) => options.valueSerde.preserves?.(value) ?? false,
  ) {
    this.name = options.name;
    this.#keySerde = options.keySerde;
    this.#valueSerde = options.valueSerde;
    this.#cachedEntries = options.cachedEntries ?? 100_000;
    this.#isHeldAsIs = options.sharesValues === true ? () => true : isHeldAsIs;
  }

  readonly entries = null;

  get uncommittedEntries(): number {
    return this.#overlay.size;
  }

  get(key: K): V | undefined {
    return this.getAt(this.identity(key));
  }

  put(key: K, value: V | null | undefined): void {
    this.putAt(this.identity(key), value);
  }

  putIfAbsent(key: K, value: V): V | undefined {
    const identity = this.identity(key);
    const before = this.getAt(identity);
    if (before === undefined) this.putAt(identity, value);
    return before;
  }

  delete(key: K): V | undefined {
    const identity = this.identity(key);
    const before = this.getAt(identity);
    this.#overlay.set(identity, NOTHING);
    return before;
  }

  /** What tells keys apart: the latin1 text of the serialized key. */
  identity(key: K): string {
    return keyText(this.#keySerde, this.name, key);
  }

  /** As `get`, by a key's `identity`. */
  getAt(identity: string): V | undefined {
    const { bytes, value } = this.#entry(identity);
    return bytes === undefined ? value : this.#valueOf(bytes);
  }

  /** As `put`, by a key's `identity`. */
  putAt(identity: string, value: V | null | undefined): void {
    this.#overlay.set(identity, value === null || value === undefined ? NOTHING : this.#hold(value));
  }

  all(): AsyncIterable<[K, V]> {
    return this.#entries('', undefined);
  }

  range(from: K, to: K): AsyncIterable<[K, V]> {
    return this.#entries(this.identity(from), this.identity(to));
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
  }

  restore(key: Buffer, value: Buffer | null): void {
    const databaseKey = this.#databaseKey(key.toString('latin1'));
    if (value === null) this.#database?.stageDelete(databaseKey);
    else this.#database?.stagePut(databaseKey, value);
  }

  flush(changelog: ChangelogAppend, failed: FlushFailure): void {
    for (const [identity, entry] of this.#overlay) {
      let value: Buffer | null;
      try {
        value = this.#bytesOf(entry);
      } catch (error) {
        failed(error, this.#keyOf(identity), entry.value);
        continue;
      }
      const databaseKey = this.#databaseKey(identity);
      changelog(Buffer.from(identity, 'latin1'), value);
      if (value === null) this.#database?.stageDelete(databaseKey);
      else this.#database?.stagePut(databaseKey, value);
      this.#flushing.set(identity, entry);
    }
    this.#overlay = new Map();
  }

  committed(): void {
    for (const [identity, entry] of this.#flushing) this.#remember(identity, entry);
    this.#flushing = new Map();
  }

  /** The changelog is compacted by key: it is never cut off. */
  get changelogNeededFrom(): number {
    return 0;
  }

  view(): StoreView {
    return this.viewOf((value) => value);
  }

  protected viewOf<R>(shown: (value: V) => R): StoreView {
    const database = requireOpen(this.name, this.#database);
    const [keySerde, valueSerde] = [this.#keySerde, this.#valueSerde];
    const store = new CommittedKeyValueStore({ name: this.name, keySerde, valueSerde, database, shown });
    return { kind: 'key-value', store };
  }

  #entry(identity: string): Entry<V> {
    const written = this.#overlay.get(identity) ?? this.#flushing.get(identity);
    if (written !== undefined) return written;
    const cached = this.#cache.get(identity);
    if (cached !== undefined) {
      this.#remember(identity, cached);
      return cached;
    }
    const bytes = this.#database?.get(this.#databaseKey(identity));
    let entry: Entry<V> = NOTHING;
    if (bytes !== undefined) {
      const value = this.#valueOf(bytes);
      entry = this.#isHeldAsIs(value) ? { value, bytes: undefined } : { value: undefined, bytes };
    }
    this.#remember(identity, entry);
    return entry;
  }

  #hold(value: V): Entry<V> {
    if (this.#isHeldAsIs(value)) return { value, bytes: undefined };
    return { value: undefined, bytes: Buffer.from(this.#valueSerde.serialize(this.name, value)) };
  }

  /** Null where there is nothing. */
  #bytesOf({ bytes, value }: Entry<V>): Buffer | null {
    if (bytes !== undefined) return bytes;
    return value === undefined ? null : Buffer.from(this.#valueSerde.serialize(this.name, value));
  }

  #valueOf(bytes: Buffer): V {
    try {
      return this.#valueSerde.deserialize(this.name, bytes, 0, bytes.length);
    } catch (error) {
      if (error instanceof SerdePendingError) throw error;
      const { message } = error as Error;
      throw new Error(`the store "${this.name}" holds a value that its serde cannot read: ${message}`, {
        cause: error,
      });
    }
  }

  #keyOf(identity: string): K {
    return keyOfText(this.#keySerde, this.name, identity);
  }

  #remember(identity: string, entry: Entry<V>): void {
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
          yield* this.#read(entry);
        }
        if (overwritten.has(identity)) continue;
        yield [this.#keyOf(identity), this.#valueOf(bytes)];
      }
    }
    for (const entry of written.slice(next)) yield* this.#read(entry);
  }

  *#read([identity, { bytes, value }]: readonly [identity: string, entry: Entry<V>]): Generator<[K, V]> {
    if (bytes !== undefined) {
      yield [this.#keyOf(identity), this.#valueOf(bytes)];
    } else if (value !== undefined) yield [this.#keyOf(identity), value];
  }

  #databaseKey(identity: string): Buffer {
    return Buffer.from(`${this.name}\0${identity}`, 'latin1');
  }
}
