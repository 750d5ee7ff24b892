import type { Serde } from '../../serde/serde.js';
import type { CombineWindows } from './committed-window-store.js';
import type { KeyPartials } from './key-partials.js';
import type { WindowSlices } from './window-slices.js';
import { Windowed } from './windowed.js';

/** The store whose windows are read. */
interface WindowsInMemory<K, A> {
  readonly name: string;
  readonly slices: WindowSlices;
  readonly closedWindow: number;
  forEachKeyThrough(slice: number, visit: (key: KeyPartials<K, A>) => void): void;
}

/** What can be asked of a `LiveWindowStore`, or of several as one. */
export type LiveWindows<K, V> = Pick<LiveWindowStore<K, V>, 'get' | 'fetch' | 'fetchAll' | 'all'>;

/** The windows of an aggregate as they are, of what was not committed, too. Those that are closed are gone. */
export class LiveWindowStore<K, A> {
  readonly #store: WindowsInMemory<K, A>;
  readonly #keySerde: Serde<K>;
  readonly #combine: CombineWindows<K, A>;

  constructor(store: WindowsInMemory<K, A>, keySerde: Serde<K>, combine: CombineWindows<K, A>) {
    this.#store = store;
    this.#keySerde = keySerde;
    this.#combine = combine;
  }

  /** The key's value in the window that starts then, in milliseconds since the epoch; undefined when there is none. */
  get(key: K, windowStart: number): A | undefined {
    return this.fetch(key, windowStart, windowStart)[0]?.[1];
  }

  /** The key's windows that start from `from` to `to`, both included, in the order of time. */
  fetch(key: K, from: number, to: number): [Windowed<K>, A][] {
    const bytes = this.#keySerde.serialize(this.#store.name, key);
    const found = this.#keys().find((one) => one.serialized(this.#store.name, this.#keySerde).equals(bytes));
    return found === undefined ? [] : this.#windows(found, from, to);
  }

  /** As `fetch`, of all keys, in the order of the keys' bytes. */
  fetchAll(from: number, to: number): [Windowed<K>, A][] {
    return this.#keys().flatMap((key) => this.#windows(key, from, to));
  }

  /** All windows of all keys. */
  all(): [Windowed<K>, A][] {
    return this.fetchAll(0, Number.POSITIVE_INFINITY);
  }

  #keys(): KeyPartials<K, A>[] {
    const keys: KeyPartials<K, A>[] = [];
    this.#store.forEachKeyThrough(Number.POSITIVE_INFINITY, (key) => keys.push(key));
    const bytesOf = (key: KeyPartials<K, A>) => key.serialized(this.#store.name, this.#keySerde);
    return keys.sort((one, other) => bytesOf(one).compare(bytesOf(other)));
  }

  #windows(key: KeyPartials<K, A>, from: number, to: number): [Windowed<K>, A][] {
    const { closedWindow, slices } = this.#store;
    const newest = key.partials.at(-1);
    if (newest === undefined) return [];
    const first = Math.max(closedWindow + 1, Math.ceil(from / slices.advanceMs));
    const last = Math.min(slices.lastWindow(newest.slice), Math.floor(to / slices.advanceMs));
    const windows: [Windowed<K>, A][] = [];
    this.#combine(key, first, last, (window, aggregate) => {
      // A window whose row was deleted holds null.
      if (aggregate !== null) windows.push([new Windowed(key.key, slices, window), aggregate]);
    });
    return windows;
  }
}
