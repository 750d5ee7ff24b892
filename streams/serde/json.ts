import type { Serde } from './serde.js';

/** Any value that JSON can hold, as UTF-8 text. It is not checked against `T` when it is read. */
export function jsonSerde<T>(): Serde<T> {
  return {
    serialize: (_topic, value) => Buffer.from(JSON.stringify(value)),
    deserialize: (_topic, bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as T,
  };
}
