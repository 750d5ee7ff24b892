import type { Headers } from '../../log/log.js';
import { keyOfText, keyText } from '../../serde/key-text.js';
import type { Serde } from '../../serde/serde.js';
import type { StoreView } from '../read-only-stores.js';
import { type StateDatabase, StateError } from '../state-database.js';
import type { ChangelogAppend, StateStore } from '../state-store.js';
import { notQueried, unreadable } from '../store-errors.js';
import { endOfStore, startOfStore, storeKey } from '../store-keys.js';
import { decodeRow, encodeRow, type SuppressedRow, sizeOf } from './suppressed-row.js';
import { TimeOrderedQueue } from './time-ordered-queue.js';

export interface SuppressionBufferOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
}

/** A change of a row, as its table tells it. */
export interface RowUpdate<V> {
  /** Orders what is held back; of a row that is there already, the first one stays. */
  readonly time: number;
  readonly timestamp: number;
  readonly headers: Headers;
  readonly value: V | null;
  /** As of `Forward`. */
  readonly old: V | null | undefined;
}

/**
 * The rows of which a change is held back, the last change of each, in the order of their times and of the keys' bytes. They
 * are in memory, as bytes; LevelDB and the changelog have an entry a row, for as long as it is held back.
 */
export class SuppressionBuffer<K, V> implements StateStore {
  readonly name: string;
  readonly #options: SuppressionBufferOptions<K, V>;
  /** By the latin1 text of the keys' bytes. */
  readonly #rows = new Map<string, SuppressedRow>();
  readonly #queue = new TimeOrderedQueue<SuppressedRow>();
  readonly #changed = new Set<string>();
  /** Of which the changelog has an entry. */
  readonly #written = new Set<string>();
  #sizeBytes = 0;
  #database: StateDatabase | undefined;

  constructor(options: SuppressionBufferOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
  }

  get entries(): number {
    return this.#rows.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get uncommittedEntries(): number {
    return this.#changed.size;
  }

  /** The one that is due first. */
  get first(): SuppressedRow | undefined {
    return this.#queue.first;
  }

  identity(key: K): string {
    return keyText(this.#options.keySerde, this.name, key);
  }

  get(identity: string): SuppressedRow | undefined {
    return this.#rows.get(identity);
  }

  put(identity: string, { headers, old, time, timestamp, value }: RowUpdate<V>): void {
    const before = this.#rows.get(identity);
    const prior = before === undefined ? this.#serializeOld(old) : before.prior;
    const row: SuppressedRow = {
      identity,
      time: before?.time ?? time,
      timestamp,
      headers,
      value: value === null ? null : this.#serialize(value),
      prior,
      position: -1,
    };
    this.#replace(before, row);
    this.#changed.add(identity);
  }

  remove(row: SuppressedRow): void {
    this.#replace(row, undefined);
    this.#changed.add(row.identity);
  }

  keyOf({ identity }: SuppressedRow): K {
    return keyOfText(this.#options.keySerde, this.name, identity);
  }

  valueOf(bytes: Buffer): V {
    return this.#options.valueSerde.deserialize(this.name, bytes, 0, bytes.length);
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    const start = startOfStore(this.name);
    for await (const [key, value] of database.entries(start, endOfStore(this.name))) {
      this.#apply(key.toString('latin1', start.length), value);
    }
  }

  restore(key: Buffer, value: Buffer | null): void {
    this.#stage(key, value);
    this.#apply(key.toString('latin1'), value);
  }

  flush(changelog: ChangelogAppend): void {
    for (const identity of this.#changed) {
      const row = this.#rows.get(identity);
      // What has come and gone since the last commit leaves nothing behind.
      if (row === undefined && !this.#written.delete(identity)) continue;
      const key = Buffer.from(identity, 'latin1');
      const value = row === undefined ? null : encodeRow(row);
      if (row !== undefined) this.#written.add(identity);
      changelog(key, value);
      this.#stage(key, value);
    }
    this.#changed.clear();
  }

  committed(): void {}

  /** The changelog is compacted by key: it is never cut off. */
  get changelogNeededFrom(): number {
    return 0;
  }

  view(): StoreView {
    throw notQueried(this.name, 'suppress');
  }

  #serializeOld(old: V | null | undefined): Buffer | null | undefined {
    if (old === undefined) return undefined;
    return old === null ? null : this.#serialize(old);
  }

  #serialize(value: V): Buffer {
    return Buffer.from(this.#options.valueSerde.serialize(this.name, value));
  }

  #stage(key: Buffer, value: Buffer | null): void {
    const databaseKey = storeKey(this.name, key);
    if (value === null) this.#database?.stageDelete(databaseKey);
    else this.#database?.stagePut(databaseKey, value);
  }

  #apply(identity: string, value: Buffer | null): void {
    const before = this.#rows.get(identity);
    try {
      this.#replace(before, value === null ? undefined : decodeRow(this.name, identity, value));
    } catch (error) {
      throw error instanceof StateError ? error : unreadable(this.name, error);
    }
    if (value === null) this.#written.delete(identity);
    else this.#written.add(identity);
  }

  #replace(before: SuppressedRow | undefined, row: SuppressedRow | undefined): void {
    if (before !== undefined) {
      this.#queue.remove(before);
      this.#sizeBytes -= sizeOf(before);
      this.#rows.delete(before.identity);
    }
    if (row === undefined) return;
    this.#queue.add(row);
    this.#sizeBytes += sizeOf(row);
    this.#rows.set(row.identity, row);
  }
}
