import type { VersionedRecord } from './versioned/history.js';
import type { Windowed } from './windows/windowed.js';

/**
 * What a key-value store holds as of the last commit. Reads see no change that is not durable, and what they answer is
 * made of bytes: it is the reader's own.
 */
export interface ReadOnlyKeyValueStore<K, V> {
  get(key: K): V | undefined;
  /** Entries in the order of the keys' bytes, from one key to another, both included; undefined: without a limit. */
  range(from: K | undefined, to: K | undefined): AsyncIterable<[K, V]>;
  all(): AsyncIterable<[K, V]>;
  /** As `range`, in the reverse order. */
  reverseRange(from: K | undefined, to: K | undefined): AsyncIterable<[K, V]>;
  /** As `all`, in the reverse order. */
  reverseAll(): AsyncIterable<[K, V]>;
  /** Goes through the keys, and reads no value. */
  approximateNumEntries(): Promise<number>;
}

/**
 * What a store of windows holds as of the last commit: the windows that still take records. Times are starts of windows,
 * in milliseconds since the epoch, both included.
 */
export interface ReadOnlyWindowStore<K, V> {
  /** The key's windows in order of time. It costs one pass over the slices that they are of. */
  fetch(key: K, from: number, to: number): AsyncIterable<[windowStart: number, value: V]>;
  /** All keys' windows in order of time, and of the keys' bytes. */
  fetchAll(from: number, to: number): AsyncIterable<[Windowed<K>, V]>;
  all(): AsyncIterable<[Windowed<K>, V]>;
}

/**
 * What a store of sessions holds as of the last commit: those that are not closed. A session goes from the time of its first
 * record to that of its last, both included, in milliseconds since the epoch.
 */
export interface ReadOnlySessionStore<K, V> {
  /** The value of the key's session with these first and last times. */
  fetchSession(key: K, start: number, end: number): V | undefined;
  /** The key's sessions in order of time. */
  fetch(key: K): AsyncIterable<[Windowed<K>, V]>;
  /** The key's sessions that end at `earliestEnd` or later, and start at `latestStart` or before, in order of time. */
  findSessions(key: K, earliestEnd: number, latestStart: number): AsyncIterable<[Windowed<K>, V]>;
  /** As `findSessions`, of all keys, in the order of the sessions' ends, their starts, and the keys' bytes. */
  findAllSessions(earliestEnd: number, latestStart: number): AsyncIterable<[Windowed<K>, V]>;
  /** All sessions of all keys, in the same order. */
  all(): AsyncIterable<[Windowed<K>, V]>;
}

/** What a versioned store holds as of the last commit. Times are in milliseconds since the epoch. */
export interface ReadOnlyVersionedStore<K, V> {
  /**
   * The latest version; with `asOf`, the one that was valid then. Undefined where the key was deleted, or had no value yet;
   * and for a time before the history retention, unless the latest version is that old.
   */
  get(key: K, asOf?: number): VersionedRecord<V> | undefined;
  /** The versions that were valid at any time from one to another, both included, in the order of time. */
  history(key: K, from?: number, to?: number): VersionedRecord<V>[];
}

/** A store as readers beside its task see it. */
export type StoreView =
  | { readonly kind: 'key-value'; readonly store: ReadOnlyKeyValueStore<unknown, unknown> }
  | { readonly kind: 'window'; readonly store: ReadOnlyWindowStore<unknown, unknown> }
  | { readonly kind: 'session'; readonly store: ReadOnlySessionStore<unknown, unknown> }
  | { readonly kind: 'versioned'; readonly store: ReadOnlyVersionedStore<unknown, unknown> };
