import type { Serde } from '../../serde/serde.js';
import { KeyPartials } from './key-partials.js';

/** The keys that have partials. They are one where their bytes are. */
export class WindowKeys<K, A> {
  readonly #name: string;
  readonly #serde: Serde<K>;
  /** Keys that are texts or numbers, and exactly what their bytes say. */
  readonly #byKey = new Map<K, KeyPartials<K, A>>();
  /** All others, by the latin1 text of their bytes. */
  readonly #byBytes = new Map<string, KeyPartials<K, A>>();

  constructor(name: string, serde: Serde<K>) {
    this.#name = name;
    this.#serde = serde;
  }

  get size(): number {
    return this.#byKey.size + this.#byBytes.size;
  }

  /** The key's partials, made when it has none. */
  key(key: K): KeyPartials<K, A> {
    // A map takes 0 and -0 for one.
    const known = typeof key === 'string' || (typeof key === 'number' && key !== 0) ? this.#byKey.get(key) : undefined;
    return known ?? this.#intern(key);
  }

  /** Drops the key when it has no partials. */
  forget(key: K): void {
    const partials = this.#byKey.get(key);
    if (partials !== undefined && partials.partials.length === 0) this.#byKey.delete(key);
  }

  /** Finds or makes what belongs to a key that was not found as it is: keys are one where their bytes are. */
  #intern(key: K): KeyPartials<K, A> {
    const serde = this.#serde;
    if (typeof key === 'string' || (typeof key === 'number' && key !== 0)) {
      let isItself = serde.preserves?.(key);
      if (isItself === undefined) {
        const bytes = Buffer.from(serde.serialize(this.#name, key));
        const read = this.#readKey(bytes);
        isItself = Object.is(read, key);
        if (!isItself) return this.#internBytes(read, bytes);
      }
      if (isItself) {
        const partials = new KeyPartials<K, A>(key, undefined);
        this.#byKey.set(key, partials);
        return partials;
      }
    }
    const bytes = Buffer.from(serde.serialize(this.#name, key));
    return this.#byBytes.get(bytes.toString('latin1')) ?? this.#internBytes(this.#readKey(bytes), bytes);
  }

  /** @param read what the serde makes of the bytes */
  #internBytes(read: K, bytes: Buffer): KeyPartials<K, A> {
    if ((typeof read === 'string' || typeof read === 'number') && read !== 0) {
      const known = this.#byKey.get(read);
      if (known !== undefined) return known;
      const partials = new KeyPartials<K, A>(read, undefined);
      this.#byKey.set(read, partials);
      return partials;
    }
    const identity = bytes.toString('latin1');
    let partials = this.#byBytes.get(identity);
    if (partials === undefined) {
      partials = new KeyPartials<K, A>(read, identity);
      this.#byBytes.set(identity, partials);
    }
    return partials;
  }

  #readKey(keyBytes: Buffer): K {
    return this.#serde.deserialize(this.#name, keyBytes, 0, keyBytes.length);
  }

  drop(key: KeyPartials<K, A>): void {
    if (key.identity === undefined) this.#byKey.delete(key.key);
    else this.#byBytes.delete(key.identity);
  }
}
