import type { Serde } from './serde.js';

/** Any value that JSON can hold, as UTF-8 text. It is not checked against `T` when it is read. */
export function jsonSerde<T>(): Serde<T> {
  return {
    format: 'json',
    serialize(_topic, value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`JSON cannot hold ${typeof value}`);
      if (value instanceof Promise) throw new TypeError('a promise is no value: operators are synchronous');
      return Buffer.from(text);
    },
    deserialize: (_topic, bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as T,
  };
}
