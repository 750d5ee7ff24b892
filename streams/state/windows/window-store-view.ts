import type { Serde } from '../../serde/serde.js';
import type { KeyPartials, WindowStore } from './window-store.js';
import { Windowed } from './windowed.js';

/** The windows of an aggregate as they are, of what was not committed, too. Those that are closed are gone. */
export interface ReadOnlyWindowStore<K, V> {
  /** The key's value in the window that starts then, in milliseconds since the epoch; undefined when there is none. */
  get(key: K, windowStart: number): V | undefined;
  /** The key's windows that start from `from` to `to`, both included, in the order of time. */
  fetch(key: K, from: number, to: number): [Windowed<K>, V][];
  /** As `fetch`, of all keys, in the order of the keys' bytes. */
  fetchAll(from: number, to: number): [Windowed<K>, V][];
  /** All windows of all keys. */
  all(): [Windowed<K>, V][];
}

/** Makes windows of the slices that a store holds. */
export class WindowStoreView<K, A> implements ReadOnlyWindowStore<K, A> {
  readonly #store: WindowStore<K, A>;
  readonly #keySerde: Serde<K>;
  /** Undefined where each window is a slice of its own. */
  readonly #merge: ((left: A, right: A) => A) | undefined;

  constructor(store: WindowStore<K, A>, keySerde: Serde<K>, merge: ((left: A, right: A) => A) | undefined) {
    this.#store = store;
    this.#keySerde = keySerde;
    this.#merge = merge;
  }

  get(key: K, windowStart: number): A | undefined {
    return this.fetch(key, windowStart, windowStart)[0]?.[1];
  }

  fetch(key: K, from: number, to: number): [Windowed<K>, A][] {
    const bytes = this.#keySerde.serialize(this.#store.name, key);
    const found = this.#keys().find((one) => one.serialized(this.#store.name, this.#keySerde).equals(bytes));
    return found === undefined ? [] : [...this.#windows(found, from, to)];
  }

  fetchAll(from: number, to: number): [Windowed<K>, A][] {
    return this.#keys().flatMap((key) => [...this.#windows(key, from, to)]);
  }

  all(): [Windowed<K>, A][] {
    return this.fetchAll(0, Number.POSITIVE_INFINITY);
  }

  #keys(): KeyPartials<K, A>[] {
    const keys: KeyPartials<K, A>[] = [];
    this.#store.forEachKeyThrough(Number.POSITIVE_INFINITY, (key) => keys.push(key));
    const bytesOf = (key: KeyPartials<K, A>) => key.serialized(this.#store.name, this.#keySerde);
    return keys.sort((one, other) => bytesOf(one).compare(bytesOf(other)));
  }

  *#windows(key: KeyPartials<K, A>, from: number, to: number): Generator<[Windowed<K>, A]> {
    const { closedWindow, slices } = this.#store;
    const ordinals = new Set<number>();
    for (const { firstWindow, slice } of key.partials) {
      const first = Math.max(slices.firstWindow(slice), firstWindow, closedWindow + 1);
      for (let window = first; window <= slices.lastWindow(slice); window++) {
        if (slices.windowStart(window) >= from && slices.windowStart(window) <= to) ordinals.add(window);
      }
    }
    for (const window of [...ordinals].sort((one, other) => one - other)) {
      const parts = key.partials.filter(
        ({ firstWindow, slice }) =>
          slice >= slices.firstSlice(window) && slice <= slices.lastSlice(window) && firstWindow <= window,
      );
      const values = parts.map(({ aggregate }) => aggregate);
      const value = this.#merge === undefined ? values.at(-1) : values.reduce(this.#merge);
      // A window whose row was deleted holds null.
      if (value !== undefined && value !== null) yield [new Windowed(key.key, slices, window), value];
    }
  }
}
