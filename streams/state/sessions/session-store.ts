import { type Serde, SerdePendingError } from '../../serde/serde.js';
import { InternedKeys } from '../interned-keys.js';
import type { StoreView } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import type { ChangelogAppend, FlushFailure, StateStore } from '../state-store.js';
import { requireOpen, unreadable } from '../store-errors.js';
import { storeKey } from '../store-keys.js';
import { CommittedSessionStore } from './committed-session-store.js';
import { LiveSessionStore } from './live-session-store.js';
import { KeySessions, replaced, type Session } from './session.js';
import {
  closedBeforeOf,
  decodeSessions,
  encodeSessions,
  META,
  META_KEY,
  metaOf,
  SESSIONS,
  sessionsKey,
} from './session-entries.js';

/** Into how many parts of time the sessions that are not closed are sorted. */
const END_BUCKETS = 64;

export interface SessionStoreOptions<K, A> {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly aggregateSerde: Serde<A>;
  /** How long after its end a session closes, in milliseconds. */
  readonly openMs: number;
}

/**
 * Sessions by key. Those that are not closed are in memory: that is bounded by the gap and the grace period, never by the
 * length of the run. LevelDB and the changelog hold an entry a key, with all of its sessions, which are few.
 *
 * What is closed is said by one entry, so that it costs no deletion in the changelog: that is cut off before the last
 * change of the key that has gone longest without one.
 */
export class LevelSessionStore<K, A> implements StateStore {
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly #aggregateSerde: Serde<A>;
  readonly #keys: InternedKeys<K, KeySessions<K, A>>;
  /** By the bucket that a session of theirs ends in, or ended in: it may have grown since. */
  readonly #byEnd = new Map<number, Set<KeySessions<K, A>>>();
  readonly #bucketMs: number;
  #dirty: KeySessions<K, A>[] = [];
  #closedBefore = 0;
  #metaDirty = false;
  /** Where the last meta record is in the changelog, or before it; undefined when there is none. */
  #metaChangelogFrom: number | undefined;
  /** Where in the changelog the last record of each key is, or before it; in the order in which they were written. */
  readonly #changelogFrom = new Map<KeySessions<K, A>, number>();
  #changelogEnd = 0;
  #database: StateDatabase | undefined;

  constructor({ aggregateSerde, keySerde, name, openMs }: SessionStoreOptions<K, A>) {
    this.name = name;
    this.keySerde = keySerde;
    this.#aggregateSerde = aggregateSerde;
    this.#bucketMs = Math.max(1, Math.ceil(openMs / END_BUCKETS));
    this.#keys = new InternedKeys(name, keySerde, (key, identity) => new KeySessions(key, identity));
  }

  /** Sessions that end before this time take no more records, here and after a restart. */
  get closedBefore(): number {
    return this.#closedBefore;
  }

  get uncommittedEntries(): number {
    return this.#dirty.length;
  }

  /** Keys whose sessions have changed since the last flush. */
  get dirtyKeys(): readonly KeySessions<K, A>[] {
    return this.#dirty;
  }

  get entries(): number {
    let entries = 0;
    for (const { sessions } of this.allKeys()) entries += sessions.length;
    return entries;
  }

  /** The key's sessions, of which there may be none. */
  key(key: K): KeySessions<K, A> {
    return this.#keys.key(key);
  }

  /** Drops the key when it has no sessions and has not changed. */
  forget(key: KeySessions<K, A>): void {
    if (key.isEmpty) this.#keys.drop(key);
  }

  /** Puts one session in the place of those that were merged into it, or none. */
  replace(key: KeySessions<K, A>, merged: readonly Session<A>[], added: Session<A> | undefined): void {
    this.update(key, replaced(key.sessions, merged, added), added === undefined ? [] : [added]);
  }

  /** Puts others in the place of the key's sessions, in the order of their ends; `added` are those of new bounds. */
  update(key: KeySessions<K, A>, sessions: readonly Session<A>[], added: readonly Session<A>[]): void {
    if (key.committed === undefined) {
      key.committed = key.sessions;
      this.#dirty.push(key);
    }
    key.sessions = sessions;
    for (const { end } of added) this.#index(key, end);
  }

  /** All keys with sessions. */
  allKeys(): KeySessions<K, A>[] {
    return this.keysEndingBefore(Number.POSITIVE_INFINITY);
  }

  /** When the last session ends; -1 when there is none. */
  lastEnd(): number {
    return this.allKeys().reduce((last, { sessions }) => Math.max(last, sessions.at(-1)?.end ?? -1), -1);
  }

  /** The keys with a session that ends before the time, each once. */
  keysEndingBefore(time: number): KeySessions<K, A>[] {
    return this.keysEndingBetween(Number.NEGATIVE_INFINITY, time);
  }

  /** The keys with a session that ends at the first time or later, and before the second, each once. */
  keysEndingBetween(from: number, to: number): KeySessions<K, A>[] {
    const found = new Set<KeySessions<K, A>>();
    const [first, last] = [from, to].map((time) => Math.floor(time / this.#bucketMs)) as [number, number];
    for (const [bucket, keys] of this.#byEnd) {
      if (bucket < first || bucket > last) continue;
      for (const key of keys) if (key.sessions.some(({ end }) => end >= from && end < to)) found.add(key);
    }
    return [...found];
  }

  /** Sessions that end before the time take no more records; they are dropped by `flush`. */
  closeBefore(time: number): void {
    if (time <= this.#closedBefore) return;
    this.#closedBefore = time;
    // Where nothing lives, nothing can be emitted twice: an idle store writes nothing.
    if (this.#byEnd.size > 0) this.#metaDirty = true;
  }

  async open(database: StateDatabase): Promise<void> {
    this.#database = database;
    const meta = database.get(this.#databaseKey(META_KEY));
    if (meta) this.#readMeta(meta);
    const prefix = this.#databaseKey(Buffer.from([SESSIONS]));
    for await (const [key, bytes] of database.entries(prefix, this.#databaseKey(Buffer.from([SESSIONS + 1])))) {
      this.#apply(key.subarray(prefix.length), bytes);
    }
  }

  restore(key: Buffer, value: Buffer | null): void {
    const databaseKey = this.#databaseKey(key);
    if (key[0] === META) {
      if (value === null) return;
      this.#database?.stagePut(databaseKey, value);
      this.#readMeta(value);
      this.#expire();
      return;
    }
    if (this.#apply(key.subarray(1), value) && value !== null) this.#database?.stagePut(databaseKey, value);
    else this.#database?.stageDelete(databaseKey);
  }

  flush(changelog: ChangelogAppend, failed: FlushFailure): void {
    this.#expire();
    for (const key of this.#dirty) {
      const before = key.committed ?? [];
      key.committed = undefined;
      try {
        this.#write(key, changelog);
      } catch (error) {
        const newest = key.sessions.at(-1);
        key.sessions = before.filter(({ end }) => end >= this.#closedBefore);
        this.forget(key);
        failed(error, key.key, newest?.aggregate, newest?.end);
      }
    }
    this.#dirty = [];
    if (!this.#metaDirty) return;
    this.#metaDirty = false;
    this.#metaChangelogFrom = this.#changelogEnd;
    const meta = metaOf(this.#closedBefore);
    changelog(META_KEY, meta);
    this.#database?.stagePut(this.#databaseKey(META_KEY), meta);
  }

  committed(changelogEndOffset: number): void {
    this.#changelogEnd = changelogEndOffset;
  }

  get changelogNeededFrom(): number {
    const [oldest = this.#changelogEnd] = this.#changelogFrom.values();
    return Math.min(this.#changelogEnd, this.#metaChangelogFrom ?? this.#changelogEnd, oldest);
  }

  /** What is in memory, of what was not committed, too. */
  live(): LiveSessionStore<K, A, unknown> {
    return new LiveSessionStore<K, A, unknown>(this, (aggregate) => aggregate);
  }

  view(): StoreView {
    return this.viewOf(this.#aggregateSerde);
  }

  /** @param serde of the values as readers see them */
  protected viewOf<V>(serde: Serde<V>): StoreView {
    const database = requireOpen(this.name, this.#database);
    const store = new CommittedSessionStore({ name: this.name, keySerde: this.keySerde, valueSerde: serde, database });
    return { kind: 'session', store };
  }

  #write(key: KeySessions<K, A>, changelog: ChangelogAppend): void {
    const isWritten = this.#changelogFrom.has(key);
    if (key.isEmpty && !isWritten) {
      this.#keys.drop(key);
      return;
    }
    const entryKey = sessionsKey(key.serialized(this.name, this.keySerde));
    const value = key.isEmpty ? null : encodeSessions(this.name, key.sessions, this.#aggregateSerde);
    changelog(entryKey, value);
    // To the end, for they are in the order in which they were written.
    this.#changelogFrom.delete(key);
    if (value === null) {
      this.#keys.drop(key);
      this.#database?.stageDelete(this.#databaseKey(entryKey));
    } else {
      this.#changelogFrom.set(key, this.#changelogEnd);
      this.#database?.stagePut(this.#databaseKey(entryKey), value);
    }
  }

  #index(key: KeySessions<K, A>, end: number): void {
    const bucket = Math.floor(end / this.#bucketMs);
    const keys = this.#byEnd.get(bucket);
    if (keys === undefined) this.#byEnd.set(bucket, new Set([key]));
    else keys.add(key);
  }

  /** Drops the sessions that are closed. */
  #expire(): void {
    const boundary = Math.floor(this.#closedBefore / this.#bucketMs);
    for (const [bucket, keys] of this.#byEnd) {
      if (bucket > boundary) continue;
      for (const key of keys) this.#dropClosed(key);
      if (bucket < boundary) this.#byEnd.delete(bucket);
    }
  }

  #dropClosed(key: KeySessions<K, A>): void {
    const open = key.sessions.filter(({ end }) => end >= this.#closedBefore);
    if (open.length === key.sessions.length) return;
    key.sessions = open;
    if (!key.isEmpty) return;
    this.#keys.drop(key);
    if (!this.#changelogFrom.delete(key)) return;
    this.#database?.stageDelete(this.#databaseKey(sessionsKey(key.serialized(this.name, this.keySerde))));
  }

  #readMeta(meta: Buffer): void {
    this.#closedBefore = Math.max(this.#closedBefore, closedBeforeOf(meta));
    this.#metaChangelogFrom ??= 0;
  }

  /** @returns whether the key has sessions that are not closed */
  #apply(keyBytes: Buffer, value: Buffer | null): boolean {
    try {
      const key = this.#keys.key(this.keySerde.deserialize(this.name, keyBytes, 0, keyBytes.length));
      key.sessions = value === null ? [] : decodeSessions(this.name, value, this.#aggregateSerde, this.#closedBefore);
      this.#changelogFrom.delete(key);
      this.forget(key);
      if (key.isEmpty) return false;
      this.#changelogFrom.set(key, 0);
      for (const { end } of key.sessions) this.#index(key, end);
      return true;
    } catch (error) {
      if (error instanceof SerdePendingError) throw error;
      throw unreadable(this.name, error);
    }
  }

  #databaseKey(key: Buffer): Buffer {
    return storeKey(this.name, key);
  }
}
