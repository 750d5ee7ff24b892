import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SerdePendingError } from '../../serde/serde.js';
import type { StoreSerdes } from '../../topology/topology.js';
import type { Position, StateQuery } from '../state-query.js';
import { plainOf } from './plain-values.js';

/** Where instances answer each other's queries; an application that serves them itself mounts the handler there. */
export const STATE_QUERIES_PATH = '/state-queries';

const position = z.record(z.string(), z.record(z.string(), z.number()));
const limit = z.int().nonnegative().optional();
const time = z.number();

/**
 * One partition of a store is asked at a time. Keys and values are, by `encoding`, JSON, or the bytes that the store's
 * serdes make, in Base64.
 */
export const wireRequest = z.strictObject({
  store: z.string(),
  partition: z.int().nonnegative(),
  query: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('key'), key: z.unknown() }),
    z.strictObject({
      type: z.literal('range'),
      ...{ from: z.unknown().optional(), to: z.unknown().optional(), descending: z.boolean().optional(), limit },
    }),
    z.strictObject({ type: z.literal('window-key'), key: z.unknown(), from: time, to: time, limit }),
    z.strictObject({ type: z.literal('window-range'), from: time, to: time, limit }),
    z.strictObject({
      type: z.literal('session-key'),
      ...{ key: z.unknown(), from: time.optional(), to: time.optional(), limit },
    }),
    z.strictObject({ type: z.literal('versioned-key'), key: z.unknown(), asOf: time.optional() }),
    z.strictObject({
      type: z.literal('version-history'),
      ...{ key: z.unknown(), from: time.optional(), to: time.optional(), descending: z.boolean().optional(), limit },
    }),
    z.strictObject({ type: z.literal('session-range'), from: time.optional(), to: time.optional(), limit }),
  ]),
  bound: position.optional(),
  /** Null: however many, for JSON has no infinity. */
  maxLag: z.number().nonnegative().nullable().optional(),
  encoding: z.enum(['bytes', 'json']).default('json'),
  /** The answer is of no use any later. */
  deadlineMs: z.int().positive().max(600_000).default(10_000),
});
export type WireRequest = z.output<typeof wireRequest>;

/**
 * The first line of an answer. A key's value is in it, null where there is none; entries follow, a line each, as
 * `[key, value]`, `[window start, value]`, `[{key, start, end}, value]`, or a version's `[{timestamp, validTo}, value]`, and a
 * last line says that they are all there. A version that is asked for by its key is such a pair.
 */
export const wireAnswer = z.discriminatedUnion('isSuccess', [
  z.object({
    isSuccess: z.literal(true),
    position,
    isActive: z.boolean(),
    lag: z.number(),
    value: z.unknown().optional(),
    hasEntries: z.boolean().optional(),
  }),
  z.object({ isSuccess: z.literal(false), failure: z.string(), message: z.string() }),
]);

/** Behind the entries. */
export const END_OF_ENTRIES = { end: true } as const;

/** How keys and values travel. */
export interface Encoding {
  key(key: unknown): unknown;
  keyOf(sent: unknown): unknown;
  value(value: unknown): unknown;
  valueOf(sent: unknown): unknown;
}

/**
 * What is sent as JSON is what whoever has the store makes of it: the client takes it as it comes.
 *
 * @throws TypeError from what it makes, for a key that is none of the store's
 */
function jsonEncoding(store: string, serdes: StoreSerdes | undefined): Encoding {
  return {
    key: plainOf,
    keyOf(sent) {
      if (serdes !== undefined && !isKeyOf(store, serdes, sent)) {
        throw new TypeError(`the store "${store}" has no key of the kind of ${JSON.stringify(sent)}`);
      }
      return sent;
    },
    value: plainOf,
    valueOf: (sent) => sent,
  };
}

/** A serde may take what it gives back as something else, such as a list for the bytes of a text. */
function isKeyOf(store: string, { key }: StoreSerdes, sent: unknown): boolean {
  try {
    const bytes = Buffer.from(key.serialize(store, sent));
    return isDeepStrictEqual(plainOf(key.deserialize(store, bytes, 0, bytes.length)), sent);
  } catch (error) {
    // What it has to fetch first is for the query to wait for.
    return error instanceof SerdePendingError;
  }
}

/**
 * @param serdes of the store; a client that takes JSON has none
 * @throws Error from what it makes, when something was sent that is no text of Base64, or of which the serde makes nothing
 */
export function encodingOf(name: WireRequest['encoding'], store: string, serdes: StoreSerdes | undefined): Encoding {
  if (name === 'json' || serdes === undefined) return jsonEncoding(store, serdes);
  const { key, value } = serdes;
  const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const decoded = (sent: unknown) => {
    if (typeof sent !== 'string') throw new TypeError('the bytes of a key or value are sent as a text of Base64');
    return Buffer.from(sent, 'base64');
  };
  return {
    key: (one) => encoded(key.serialize(store, one)),
    keyOf(sent) {
      const bytes = decoded(sent);
      return key.deserialize(store, bytes, 0, bytes.length);
    },
    value: (one) => encoded(value.serialize(store, one)),
    valueOf(sent) {
      const bytes = decoded(sent);
      return value.deserialize(store, bytes, 0, bytes.length);
    },
  };
}

/** The query with its keys as they are sent, or, the other way, as they were. */
export function withKeys(query: StateQuery | WireRequest['query'], change: (key: unknown) => unknown): StateQuery {
  switch (query.type) {
    case 'key':
    case 'window-key':
    case 'session-key':
    case 'versioned-key':
    case 'version-history':
      return { ...query, key: change(query.key) };
    case 'range': {
      const { from, to, ...rest } = query;
      return {
        ...rest,
        ...(from !== undefined && { from: change(from) }),
        ...(to !== undefined && { to: change(to) }),
      };
    }
    default:
      return query;
  }
}

/** JSON's keys are texts. */
export function positionOf(sent: z.output<typeof position>): Position {
  return sent as Position;
}
