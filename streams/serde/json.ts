import type { Serde } from './serde.js';

/**
 * What JSON holds and gives back: a type is one when it extends this of itself. JSON has no `Date`, `Map`, `bigint` or
 * function; a property that is undefined is left out, as its type says. Generic code says so of its parameter:
 * `<T extends Json<T>>`.
 */
export type Json<T> = string | number | boolean | null | (JsonProperties<T> & NotAFunction);

type JsonProperties<T> = { readonly [Name in keyof T]: Name extends 'toJSON' ? ToJson<T> : JsonProperty<T[Name], T> };

/** Only a class that writes itself as JSON may have methods, and what it writes has to be what the class has. */
type JsonProperty<P, Owner> = unknown extends P
  ? P
  : P extends string | number | boolean | null | undefined
    ? P
    : P extends bigint | symbol
      ? never
      : P extends (...given: never) => unknown
        ? Owner extends { toJSON(): infer Written }
          ? Owner extends Written
            ? P
            : never
          : never
        : JsonProperties<P>;

type ToJson<T> = T extends { toJSON(): infer Written } ? (T extends Written ? () => Written : never) : unknown;

type NotAFunction = object & { readonly [Symbol.hasInstance]?: never };

/**
 * A serde for any value that JSON can hold, as UTF-8 text. It is not checked against `T` when it is read.
 *
 * @example jsonSerde<{ readonly user: string; readonly amount: number }>()
 */
export function jsonSerde<T>(...given: unknown extends T ? [] : [theTypeIsNoJson: never]): Serde<T>;
export function jsonSerde<T extends Json<T>>(): Serde<T>;
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
