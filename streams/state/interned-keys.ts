import type { Serde } from '../serde/serde.js';

/** What a store in memory holds of a key. */
export interface KeyEntry<K> {
  readonly key: K;
  /** See `InternedKeys`: undefined where the key itself tells keys apart. */
  readonly identity: string | undefined;
  readonly isEmpty: boolean;
}

/** The keys that a store in memory holds anything of. They are one where their bytes are. */
export class InternedKeys<K, E extends KeyEntry<K>> {
  readonly #name: string;
  readonly #serde: Serde<K>;
  readonly #make: (key: K, identity: string | undefined) => E;
  /** Keys that are texts or numbers, and exactly what their bytes say. */
  readonly #byKey = new Map<K, E>();
  /** All others, by the latin1 text of their bytes. */
  readonly #byBytes = new Map<string, E>();

  constructor(name: string, serde: Serde<K>, make: (key: K, identity: string | undefined) => E) {
    this.#name = name;
    this.#serde = serde;
    this.#make = make;
  }

  get size(): number {
    return this.#byKey.size + this.#byBytes.size;
  }

  /** What is held of the key, made when there is nothing. */
  key(key: K): E {
    // A map takes 0 and -0 for one.
    const known = typeof key === 'string' || (typeof key === 'number' && key !== 0) ? this.#byKey.get(key) : undefined;
    return known ?? this.#intern(key);
  }

  /** Drops the key when it holds nothing. */
  forget(key: K): void {
    const held = this.#byKey.get(key);
    if (held?.isEmpty) this.#byKey.delete(key);
  }

  /** Finds or makes what belongs to a key that was not found as it is: keys are one where their bytes are. */
  #intern(key: K): E {
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
        const held = this.#make(key, undefined);
        this.#byKey.set(key, held);
        return held;
      }
    }
    const bytes = Buffer.from(serde.serialize(this.#name, key));
    return this.#byBytes.get(bytes.toString('latin1')) ?? this.#internBytes(this.#readKey(bytes), bytes);
  }

  /** @param read what the serde makes of the bytes */
  #internBytes(read: K, bytes: Buffer): E {
    if ((typeof read === 'string' || typeof read === 'number') && read !== 0) {
      const known = this.#byKey.get(read);
      if (known !== undefined) return known;
      const held = this.#make(read, undefined);
      this.#byKey.set(read, held);
      return held;
    }
    const identity = bytes.toString('latin1');
    let held = this.#byBytes.get(identity);
    if (held === undefined) {
      held = this.#make(read, identity);
      this.#byBytes.set(identity, held);
    }
    return held;
  }

  #readKey(keyBytes: Buffer): K {
    return this.#serde.deserialize(this.#name, keyBytes, 0, keyBytes.length);
  }

  drop(key: E): void {
    if (key.identity === undefined) this.#byKey.delete(key.key);
    else this.#byBytes.delete(key.identity);
  }
}
