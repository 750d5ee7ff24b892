import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../state/read-only-stores.js';
import type { VersionedRecord } from '../state/versioned/history.js';
import type { Windowed } from '../state/windows/windowed.js';
import type { StoreType } from '../topology/topology.js';
import { unknownStore } from './local-state-queries.js';
import type { LocalStores } from './local-stores.js';
import { StateQueryError } from './state-query.js';
import { unlessMoved, untilMoved } from './store-moved.js';

/** All partitions of a key-value store that are here, as one. Entries come partition by partition. */
export class LocalKeyValueStore<K, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly #stores: LocalStores;
  readonly #name: string;

  constructor(stores: LocalStores, name: string) {
    this.#stores = stores;
    this.#name = name;
    this.#views();
  }

  get(key: K): V | undefined {
    for (const view of this.#views()) {
      const value = unlessMoved(() => view.get(key));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  async *range(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    for (const view of this.#views()) yield* untilMoved(view.range(from, to));
  }

  all(): AsyncGenerator<[K, V]> {
    return this.range(undefined, undefined);
  }

  async *reverseRange(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    for (const view of this.#views()) yield* untilMoved(view.reverseRange(from, to));
  }

  reverseAll(): AsyncGenerator<[K, V]> {
    return this.reverseRange(undefined, undefined);
  }

  async approximateNumEntries(): Promise<number> {
    const counts = await Promise.all(this.#views().map((view) => view.approximateNumEntries()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #views(): ReadOnlyKeyValueStore<K, V>[] {
    return activeViews(this.#stores, this.#name, 'key-value') as ReadOnlyKeyValueStore<K, V>[];
  }
}

/** All partitions of a store of windows that are here, as one. Windows come partition by partition. */
export class LocalWindowStore<K, V> implements ReadOnlyWindowStore<K, V> {
  readonly #stores: LocalStores;
  readonly #name: string;

  constructor(stores: LocalStores, name: string) {
    this.#stores = stores;
    this.#name = name;
    this.#views();
  }

  async *fetch(key: K, from: number, to: number): AsyncGenerator<[windowStart: number, value: V]> {
    for (const view of this.#views()) yield* untilMoved(view.fetch(key, from, to));
  }

  async *fetchAll(from: number, to: number): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.fetchAll(from, to));
  }

  async *all(): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.all());
  }

  #views(): ReadOnlyWindowStore<K, V>[] {
    return activeViews(this.#stores, this.#name, 'window') as ReadOnlyWindowStore<K, V>[];
  }
}

/** All partitions of a store of sessions that are here, as one. Sessions come partition by partition. */
export class LocalSessionStore<K, V> implements ReadOnlySessionStore<K, V> {
  readonly #stores: LocalStores;
  readonly #name: string;

  constructor(stores: LocalStores, name: string) {
    this.#stores = stores;
    this.#name = name;
    this.#views();
  }

  fetchSession(key: K, start: number, end: number): V | undefined {
    for (const view of this.#views()) {
      const value = unlessMoved(() => view.fetchSession(key, start, end));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  async *fetch(key: K): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.fetch(key));
  }

  async *findSessions(key: K, earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.findSessions(key, earliestEnd, latestStart));
  }

  async *findAllSessions(earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.findAllSessions(earliestEnd, latestStart));
  }

  async *all(): AsyncGenerator<[Windowed<K>, V]> {
    for (const view of this.#views()) yield* untilMoved(view.all());
  }

  #views(): ReadOnlySessionStore<K, V>[] {
    return activeViews(this.#stores, this.#name, 'session') as ReadOnlySessionStore<K, V>[];
  }
}

/** All partitions of a versioned store that are here, as one. */
export class LocalVersionedStore<K, V> implements ReadOnlyVersionedStore<K, V> {
  readonly #stores: LocalStores;
  readonly #name: string;

  constructor(stores: LocalStores, name: string) {
    this.#stores = stores;
    this.#name = name;
    this.#views();
  }

  get(key: K, asOf?: number): VersionedRecord<V> | undefined {
    for (const view of this.#views()) {
      const record = unlessMoved(() => view.get(key, asOf));
      if (record !== undefined) return record;
    }
    return undefined;
  }

  history(key: K, from?: number, to?: number): VersionedRecord<V>[] {
    return this.#views().flatMap((view) => unlessMoved(() => view.history(key, from, to)));
  }

  #views(): ReadOnlyVersionedStore<K, V>[] {
    return activeViews(this.#stores, this.#name, 'versioned') as ReadOnlyVersionedStore<K, V>[];
  }
}

/** Tasks come and go: a store that is held on to asks for them each time. @throws StateQueryError */
function activeViews(stores: LocalStores, name: string, kind: StoreType): unknown[] {
  if (stores.partitions(name) === undefined) throw unknownStore(name);
  const found = stores.find(name);
  if (!stores.isSettled || found.some(({ isActive }) => !isActive)) {
    throw new StateQueryError('NOT_AVAILABLE', `tasks that have the store "${name}" are being opened; ask again`);
  }
  return found.map(({ view }) => {
    if (view.kind === kind) return view.store;
    throw new StateQueryError('WRONG_KIND', `the store "${name}" is one of kind ${view.kind}; ask for it as that`);
  });
}
