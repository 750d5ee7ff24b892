import type { Aggregator, TableAggregator, TimestampExtractor } from '@millrace/streams';

/** The users' functions that a topology may name; Functions.java has the same. Keys and values are texts or null. */

export function text(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function length(value: unknown): number {
  return text(value)?.length ?? 0;
}

function first(value: unknown): string | null {
  return length(value) === 0 ? null : String(value).slice(0, 1);
}

type Pair = readonly [unknown, unknown];

export const extractors = {
  record: (_value, timestamp) => timestamp,
  length: (value, timestamp) => timestamp + 10 * length(value),
} satisfies Record<string, TimestampExtractor<unknown>>;

export const predicates = {
  evenLength: (_key: unknown, value: unknown) => length(value) % 2 === 0,
  isNull: (_key: unknown, value: unknown) => value === null,
  earlyKey: (key: unknown) => key !== null && String(key) < 'b',
};

export const selectors = {
  all: () => 'all',
  first: (_key: unknown, value: unknown) => first(value),
  length: (_key: unknown, value: unknown) => String(length(value)),
  same: (key: unknown) => key,
};

export const valueMappers = {
  length: (value: unknown) => length(value),
  nullIfOdd: (value: unknown) => (length(value) % 2 === 1 ? null : text(value)),
  withKey: (value: unknown, key: unknown) => `${text(key)}=${text(value)}`,
  same: (value: unknown) => value,
};

export const mappers = {
  swap: (key: unknown, value: unknown): Pair => [text(value), text(key)],
  first: (_key: unknown, value: unknown): Pair => [first(value), text(value)],
  nullValue: (key: unknown): Pair => [key, null],
};

export const flatMappers = {
  letters: (key: unknown, value: unknown): Pair[] => (text(value) ?? '').split('').map((letter) => [letter, text(key)]),
  both: (key: unknown, value: unknown): Pair[] => [
    [key, value],
    [text(value), text(key)],
  ],
};

export const flatValueMappers = {
  letters: (value: unknown): unknown[] => (text(value) ?? '').split(''),
  afterNull: (value: unknown): unknown[] => [null, value],
};

export const reducers = {
  concat: (left: unknown, right: unknown) => bounded(`${whole(text(left))}${whole(text(right))}`),
  last: (_left: unknown, right: unknown) => right,
  greatest: (left: unknown, right: unknown) => (whole(String(left)) < whole(String(right)) ? right : left),
};

/** Texts that grow have an end. */
function bounded(grown: string): string {
  return grown.slice(-60).toWellFormed();
}

/** Halves of characters that meet in memory must not become whole: Kafka Streams writes its state after each record. */
function whole(value: string | null): string {
  return String(value).toWellFormed();
}

function union(left: unknown, right: unknown): string {
  return [...new Set(`${text(left) ?? ''}${text(right) ?? ''}`.split('').map(whole))].sort().join('');
}

export const aggregators = {
  sum: {
    initializer: () => 0,
    add: (_key, value, total) => Number(total) + length(value),
    merge: (left, right) => Number(left) + Number(right),
    subtract: (total, part) => Number(total) - Number(part),
  },
  maxLength: {
    initializer: () => 0,
    add: (_key, value, most) => Math.max(Number(most), length(value)),
    merge: (left, right) => Math.max(Number(left), Number(right)),
  },
  letters: {
    initializer: () => '',
    add: (_key, value, letters) => union(letters, value),
    merge: union,
  },
  /** In the order of arrival: it cannot be merged. */
  arrivals: {
    initializer: () => '',
    add: (_key, value, arrived) => bounded(`${text(arrived)},${text(value)}`),
  },
  /** Deletes its row now and then. */
  untilEven: {
    initializer: () => '',
    add: (_key, value, kept) => (length(value) % 2 === 0 ? null : bounded(`${text(kept)}${text(value)}`)),
  },
} satisfies Record<string, Aggregator<unknown, unknown, unknown>>;

/** How sessions are merged. */
export const mergers = {
  sum: (left: unknown, right: unknown) => Number(left) + Number(right),
  maxLength: (left: unknown, right: unknown) => Math.max(Number(left), Number(right)),
  letters: union,
  arrivals: (left: unknown, right: unknown) => bounded(`${text(left)}|${text(right)}`),
  untilEven: (left: unknown, right: unknown) => bounded(`${text(left)}${text(right)}`),
} satisfies Record<keyof typeof aggregators, (left: unknown, right: unknown) => unknown>;

export function joined(key: unknown, left: unknown, right: unknown): string {
  return `${text(key)}:${text(left)}+${text(right)}`;
}

/** Of the rows of a table, which come and go. */
export const tableAggregators = {
  sum: {
    initializer: () => 0,
    add: (_key, value, total) => Number(total) + length(value),
    subtract: (_key, value, total) => Number(total) - length(value),
  },
  changes: {
    initializer: () => '',
    add: (_key, value, kept) => bounded(`${text(kept)}+${whole(text(value))}`),
    subtract: (_key, value, kept) => bounded(`${text(kept)}-${whole(text(value))}`),
  },
  /** Deletes its row when it is empty. */
  rows: {
    initializer: () => 0,
    add: (_key, _value, rows) => Number(rows) + 1,
    subtract: (_key, _value, rows) => (Number(rows) === 1 ? null : Number(rows) - 1),
  },
} satisfies Record<string, TableAggregator<unknown, unknown, unknown>>;

export type ExtractorName = keyof typeof extractors;
export type PredicateName = keyof typeof predicates;
export type SelectorName = keyof typeof selectors;
export type ValueMapperName = keyof typeof valueMappers;
export type MapperName = keyof typeof mappers;
export type FlatMapperName = keyof typeof flatMappers;
export type FlatValueMapperName = keyof typeof flatValueMappers;
export type ReducerName = keyof typeof reducers;
export type AggregatorName = keyof typeof aggregators;
export type TableAggregatorName = keyof typeof tableAggregators;

/** A function's names, for a generator to choose from. */
export function namesOf<T extends object>(functions: T): readonly (keyof T)[] {
  return Object.keys(functions) as (keyof T)[];
}
