import type { Serde } from './serde.js';
import { stringSerde } from './string.js';

const ASCII = /^[\0-\x7f]*$/;

/** The bytes of a key as latin1 text: what tells keys apart, and in the order of the bytes. */
export function keyText<K>(serde: Serde<K>, topic: string, key: K): string {
  // The text of an ASCII key is the key.
  if ((serde as unknown) === stringSerde && typeof key === 'string' && ASCII.test(key)) return key;
  const bytes = serde.serialize(topic, key);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The key that has this text. */
export function keyOfText<K>(serde: Serde<K>, topic: string, text: string): K {
  const bytes = Buffer.from(text, 'latin1');
  return serde.deserialize(topic, bytes, 0, bytes.length);
}
