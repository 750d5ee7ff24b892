import type { Serde } from './serde.js';

const NULL = Buffer.from([0]);
const VALUE = Buffer.from([1]);

/** A value that may be null: a byte that says so, then the value. */
export function nullableSerde<T>(serde: Serde<T>): Serde<T | null> {
  return {
    ...(serde.format !== undefined && { format: `${serde.format} or null` }),
    serialize: (topic, value) => (value === null ? NULL : Buffer.concat([VALUE, serde.serialize(topic, value)])),
    deserialize: (topic, bytes, start, end) =>
      bytes[start] === 0 ? null : serde.deserialize(topic, bytes, start + 1, end),
  };
}
