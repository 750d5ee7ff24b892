import type { Serde } from '../serde/serde.js';
import { stringSerde } from '../serde/string.js';

/** A key of a store in memory. Its bytes are made once, when they are asked for. */
export class StoredKey<K> {
  #bytes: Buffer | undefined;
  #order: string | undefined;

  constructor(
    readonly key: K,
    /** Equal for equal keys, also when they are objects; undefined where the key itself is. */
    readonly identity: string | undefined,
  ) {}

  serialized(topic: string, serde: Serde<K>): Buffer {
    this.#bytes ??= Buffer.from(serde.serialize(topic, this.key));
    return this.#bytes;
  }

  /** A text that sorts as the serialized key does. */
  order(topic: string, serde: Serde<K>): string {
    this.#order ??=
      (serde as Serde<unknown>) === stringSerde
        ? codePointOrder(this.key as string)
        : this.serialized(topic, serde).toString('latin1');
    return this.#order;
  }
}

/**
 * A text that sorts by code units as the given one does by code points, and so by its bytes in UTF-8: they differ in that
 * surrogates, which stand for the code points from 0x10000, come before the code units from 0xE000.
 */
function codePointOrder(text: string): string {
  if (!/[\uD800-\uFFFF]/.test(text)) return text;
  return text.replace(/[\uD800-\uFFFF]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}
