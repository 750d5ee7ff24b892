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

/**
 * The partitions of a store that are here, as one. Tasks come and go: a store that is held on to asks for them each time.
 *
 * @throws StateQueryError
 */
class LocalStore<View> {
  readonly #stores: LocalStores;
  readonly #name: string;
  readonly #kind: StoreType;

  constructor(stores: LocalStores, name: string, kind: StoreType) {
    this.#stores = stores;
    this.#name = name;
    this.#kind = kind;
    this.views();
  }

  protected views(): View[] {
    const name = this.#name;
    if (this.#stores.partitions(name) === undefined) throw unknownStore(name);
    const found = this.#stores.find(name);
    if (!this.#stores.isSettled || found.some(({ isActive }) => !isActive)) {
      throw new StateQueryError('NOT_AVAILABLE', `tasks that have the store "${name}" are being opened; ask again`);
    }
    return found.map(({ view }) => {
      if (view.kind === this.#kind) return view.store as View;
      throw new StateQueryError('WRONG_KIND', `the store "${name}" is one of kind ${view.kind}; ask for it as that`);
    });
  }

  /** What the first partition that has it answers. */
  protected first<T>(read: (view: View) => T | undefined): T | undefined {
    for (const view of this.views()) {
      const found = unlessMoved(() => read(view));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The entries of one partition after the other. */
  protected async *entries<T>(of: (view: View) => AsyncIterable<T>): AsyncGenerator<T> {
    for (const view of this.views()) yield* untilMoved(of(view));
  }
}

/** All partitions of a key-value store that are here, as one. Entries come partition by partition. */
export class LocalKeyValueStore<K, V>
  extends LocalStore<ReadOnlyKeyValueStore<K, V>>
  implements ReadOnlyKeyValueStore<K, V>
{
  constructor(stores: LocalStores, name: string) {
    super(stores, name, 'key-value');
  }

  get(key: K): V | undefined {
    return this.first((view) => view.get(key));
  }

  range(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    return this.entries((view) => view.range(from, to));
  }

  all(): AsyncGenerator<[K, V]> {
    return this.range(undefined, undefined);
  }

  reverseRange(from: K | undefined, to: K | undefined): AsyncGenerator<[K, V]> {
    return this.entries((view) => view.reverseRange(from, to));
  }

  reverseAll(): AsyncGenerator<[K, V]> {
    return this.reverseRange(undefined, undefined);
  }

  async approximateNumEntries(): Promise<number> {
    const counts = await Promise.all(this.views().map((view) => view.approximateNumEntries()));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

/** All partitions of a store of windows that are here, as one. Windows come partition by partition. */
export class LocalWindowStore<K, V> extends LocalStore<ReadOnlyWindowStore<K, V>> implements ReadOnlyWindowStore<K, V> {
  constructor(stores: LocalStores, name: string) {
    super(stores, name, 'window');
  }

  fetch(key: K, from: number, to: number): AsyncGenerator<[windowStart: number, value: V]> {
    return this.entries((view) => view.fetch(key, from, to));
  }

  fetchAll(from: number, to: number): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.fetchAll(from, to));
  }

  all(): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.all());
  }
}

/** All partitions of a store of sessions that are here, as one. Sessions come partition by partition. */
export class LocalSessionStore<K, V>
  extends LocalStore<ReadOnlySessionStore<K, V>>
  implements ReadOnlySessionStore<K, V>
{
  constructor(stores: LocalStores, name: string) {
    super(stores, name, 'session');
  }

  fetchSession(key: K, start: number, end: number): V | undefined {
    return this.first((view) => view.fetchSession(key, start, end));
  }

  fetch(key: K): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.fetch(key));
  }

  findSessions(key: K, earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.findSessions(key, earliestEnd, latestStart));
  }

  findAllSessions(earliestEnd: number, latestStart: number): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.findAllSessions(earliestEnd, latestStart));
  }

  all(): AsyncGenerator<[Windowed<K>, V]> {
    return this.entries((view) => view.all());
  }
}

/** All partitions of a versioned store that are here, as one. */
export class LocalVersionedStore<K, V>
  extends LocalStore<ReadOnlyVersionedStore<K, V>>
  implements ReadOnlyVersionedStore<K, V>
{
  constructor(stores: LocalStores, name: string) {
    super(stores, name, 'versioned');
  }

  get(key: K, asOf?: number): VersionedRecord<V> | undefined {
    return this.first((view) => view.get(key, asOf));
  }

  history(key: K, from?: number, to?: number): VersionedRecord<V>[] {
    return this.views().flatMap((view) => unlessMoved(() => view.history(key, from, to)));
  }
}
