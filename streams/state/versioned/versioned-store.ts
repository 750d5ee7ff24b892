import { bytesSerde } from '../../serde/bytes.js';
import type { Serde } from '../../serde/serde.js';
import { LevelKeyValueStore } from '../key-value/key-value-store.js';
import type { StoreView } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import type { ChangelogAppend, FlushFailure, StateStore } from '../state-store.js';
import { requireOpen } from '../store-errors.js';
import { CommittedVersionedStore } from './committed-versioned-store.js';
import {
  type History,
  historySerde,
  latestOf,
  type VersionedRecord,
  validAt,
  validWithin,
  withoutOlder,
  withVersion,
} from './history.js';
import { keyEntry, TIME_ENTRY, timeOf } from './versioned-entries.js';

/**
 * A store of the Processor API that keeps what each key was and when; reads and writes are synchronous. Times are in
 * milliseconds since the epoch. The store's own time is the latest of a `put`. Versions that are older than that time less the
 * history retention are refused, and of such a time the store knows a key's value only where it is still the latest.
 */
export interface VersionedKeyValueStore<K, V> {
  /**
   * Sets what the key is from this time on, up to the next version; null deletes it. A version of the same time is replaced.
   * A property, so that a store of other values is not taken for this one.
   *
   * @returns until when it is valid: the time of the next version, or Infinity for the latest; undefined where it was
   *   refused, because it is older than the history retention
   */
  readonly put: (key: K, value: V | null, timestamp: number) => number | undefined;
  /** Deletes the key from this time on. @returns what was valid then, as `get` answers it */
  delete(key: K, timestamp: number): VersionedRecord<V> | undefined;
  /**
   * The latest version; with `asOf`, the one that was valid then. Undefined where the key was deleted, or had no value yet;
   * and for a time before the history retention, unless the latest version is that old.
   */
  get(key: K, asOf?: number): VersionedRecord<V> | undefined;
  /** The versions that were valid at any time from one to another, both included, in the order of time. */
  history(key: K, from?: number, to?: number): VersionedRecord<V>[];
}

export interface VersionedStoreOptions<K, V> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly historyRetentionMs: number;
}

/**
 * A key's whole history is one entry of a key-value store, of which the changelog is compacted: a change costs the versions
 * that the key has within the retention. One entry more holds the store's time.
 */
export class LevelVersionedStore<K, V> implements VersionedKeyValueStore<K, V>, StateStore {
  readonly name: string;
  readonly entries = null;
  readonly #options: VersionedStoreOptions<K, V>;
  readonly #histories: LevelKeyValueStore<Buffer, History>;
  #database: StateDatabase | undefined;
  #time = -1;
  #committedTime = -1;

  constructor(options: VersionedStoreOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
    const { name } = options;
    // Histories are not changed: they need not be made of their bytes with each access.
    const serdes = { keySerde: bytesSerde, valueSerde: historySerde };
    this.#histories = new LevelKeyValueStore({ name, ...serdes, sharesValues: true });
  }

  get uncommittedEntries(): number {
    return this.#histories.uncommittedEntries;
  }

  get changelogNeededFrom(): number {
    return this.#histories.changelogNeededFrom;
  }

  put(key: K, value: V | null, timestamp: number): number | undefined {
    if (timestamp < this.#oldestAsked) return undefined;
    const { name, valueSerde } = this.#options;
    // A copy, for a serde may write the next into the same bytes.
    const bytes = value === null || value === undefined ? null : Buffer.from(valueSerde.serialize(name, value));
    this.#time = Math.max(this.#time, timestamp);
    const identity = this.#identity(key);
    const { history, index } = withVersion(this.#histories.getAt(identity) ?? [], { timestamp, bytes });
    const kept = withoutOlder(history, this.#oldestAsked);
    this.#histories.putAt(identity, kept.length === 0 ? null : kept);
    return history[index + 1]?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  delete(key: K, timestamp: number): VersionedRecord<V> | undefined {
    const before = this.get(key, timestamp);
    this.put(key, null, timestamp);
    return before;
  }

  get(key: K, asOf?: number): VersionedRecord<V> | undefined {
    const history = this.#histories.getAt(this.#identity(key)) ?? [];
    const record = asOf === undefined ? latestOf(history) : validAt(history, asOf, this.#oldestAsked);
    return record && this.#read(record);
  }

  history(key: K, from = 0, to = Number.POSITIVE_INFINITY): VersionedRecord<V>[] {
    const history = this.#histories.getAt(this.#identity(key)) ?? [];
    return validWithin(history, from, to, this.#oldestAsked).map((record) => this.#read(record));
  }

  /** Whether there are any versions of the key, deletions among them. */
  has(key: K): boolean {
    return this.#histories.getAt(this.#identity(key)) !== undefined;
  }

  /** The time of the latest version, which may be a deletion; -1 when there is none. */
  latestTime(key: K): number {
    return this.#histories.getAt(this.#identity(key))?.at(-1)?.timestamp ?? -1;
  }

  serializedKey(key: K): Uint8Array {
    const { keySerde, name } = this.#options;
    return keySerde.serialize(name, key);
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    await this.#histories.open(database);
    this.#time = this.#committedTime = timeOf(this.#histories.get(TIME_ENTRY));
  }

  restore(key: Buffer, value: Buffer | null): void {
    this.#histories.restore(key, value);
    if (!key.equals(TIME_ENTRY) || value === null) return;
    this.#time = this.#committedTime = timeOf(historySerde.deserialize(this.name, value, 0, value.length));
  }

  flush(changelog: ChangelogAppend, failed: FlushFailure): void {
    if (this.#time !== this.#committedTime) {
      this.#committedTime = this.#time;
      this.#histories.put(TIME_ENTRY, [{ timestamp: this.#time, bytes: null }]);
    }
    this.#histories.flush(changelog, failed);
  }

  committed(): void {
    this.#histories.committed();
  }

  view(): StoreView {
    const database = requireOpen(this.name, this.#database);
    return { kind: 'versioned', store: new CommittedVersionedStore<K, V>(this.#options, database) };
  }

  get #oldestAsked(): number {
    return this.#time - this.#options.historyRetentionMs;
  }

  #identity(key: K): string {
    return keyEntry(this.serializedKey(key)).toString('latin1');
  }

  #read({ value, ...times }: VersionedRecord<Buffer>): VersionedRecord<V> {
    const { name, valueSerde } = this.#options;
    return { value: valueSerde.deserialize(name, value, 0, value.length), ...times };
  }
}
