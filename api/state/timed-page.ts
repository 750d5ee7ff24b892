import type { StateQuery, VersionedRecord, Windowed } from '@millrace/streams';
import { z } from 'zod';
import { type SortKey, writeCursor } from '../parameters.js';
import type { PartitionAnswers } from './partition-answers.js';
import type { RunningStore } from './running-stores.js';
import { cursorOf, type PageRequest, type StoreEntry, type StorePage } from './store-page.js';

type TimedType = 'window' | 'session' | 'versioned';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A kind of store whose entries have times. */
interface TimedKind {
  /** Entries of the range in the order of `orderOf`. */
  entries(answers: PartitionAnswers, partition: number, key: unknown, range: Range): AsyncGenerator<StoreEntry>;
  /** A range that begins with it holds what comes after the entry. */
  orderOf(entry: StoreEntry): number;
}

const KINDS: Readonly<Record<TimedType, TimedKind>> = {
  window: { entries: windowsOf, orderOf: ({ window_start: start = 0 }) => start },
  // Those of one key do not overlap, and those of all come in the order of their ends.
  session: { entries: sessionsOf, orderOf: ({ window_end: end = 0 }) => end },
  versioned: { entries: versionsOf, orderOf: ({ valid_from: from = 0 }) => from },
};

export function isTimed(type: string): type is TimedType {
  return Object.hasOwn(KINDS, type);
}

interface TimedRequest {
  readonly store: RunningStore;
  readonly type: TimedType;
  readonly answers: PartitionAnswers;
  readonly request: PageRequest;
  /** Undefined: all keys; of versions, one has to be given. */
  readonly key: unknown;
}

/** A page of windows, sessions or versions: partition by partition, the earliest first. @throws Problem, KeyMismatch */
export async function timedPage({ answers, key, request, store, type }: TimedRequest): Promise<StorePage> {
  const { entries, orderOf } = KINDS[type];
  const [first = 0, ...after] = cursorOf(request, TIMED_CURSOR);
  const items: StoreEntry[] = [];
  for (let partition = Number(first); partition < store.partitions; partition++) {
    const resumes = partition === first && after.length > 0 ? after : undefined;
    const range = { from: Number(resumes?.[0] ?? request.fromTime), to: request.toTime };
    const found = entries(answers, partition, key, range);
    for await (const entry of resumes === undefined ? found : behind(found, resumes, orderOf)) {
      if (items.length === request.limit) return { items, next_cursor: cursorBehind(items, after, orderOf) };
      items.push(entry);
    }
  }
  return { items, next_cursor: null };
}

async function* windowsOf(
  answers: PartitionAnswers,
  partition: number,
  key: unknown,
  range: Range,
): AsyncGenerator<StoreEntry> {
  if (key === undefined) {
    yield* windowed(answers, partition, { type: 'window-range', ...range });
    return;
  }
  let size: number | undefined;
  for await (const [at, value] of answers.entries(partition, { type: 'window-key', key, ...range })) {
    const start = Number(at);
    size ??= await windowSize(answers, partition, start);
    yield { key, value, partition, window_start: start, ...(size !== undefined && { window_end: start + size }) };
  }
}

/** All windows of a store are as long, and those of a key do not say how long; undefined where that one has closed meanwhile. */
async function windowSize(answers: PartitionAnswers, partition: number, start: number): Promise<number | undefined> {
  const query: StateQuery = { type: 'window-range', from: start, to: start, limit: 1 };
  for await (const [{ window }] of answers.entries<[Windowed<unknown>, unknown]>(partition, query)) {
    return window.end - window.start;
  }
  return undefined;
}

function sessionsOf(
  answers: PartitionAnswers,
  partition: number,
  key: unknown,
  range: Range,
): AsyncGenerator<StoreEntry> {
  const query: StateQuery =
    key === undefined ? { type: 'session-range', ...range } : { type: 'session-key', key, ...range };
  return windowed(answers, partition, query);
}

async function* windowed(answers: PartitionAnswers, partition: number, query: StateQuery): AsyncGenerator<StoreEntry> {
  for await (const [at, value] of answers.entries<[Windowed<unknown>, unknown]>(partition, query)) {
    yield { key: at.key, value, partition, window_start: at.window.start, window_end: at.window.end };
  }
}

async function* versionsOf(
  answers: PartitionAnswers,
  partition: number,
  key: unknown,
  range: Range,
): AsyncGenerator<StoreEntry> {
  const query: StateQuery = { type: 'version-history', key, ...range };
  for await (const { timestamp, validTo, value } of answers.entries<VersionedRecord<unknown>>(partition, query)) {
    yield { key, value, partition, valid_from: timestamp, valid_to: validTo ?? null };
  }
}

/** What comes after the last entry of the page before; where that is gone, after as many of its time as were shown. */
async function* behind(
  entries: AsyncIterable<StoreEntry>,
  [order, key, shown]: SortKey,
  orderOf: TimedKind['orderOf'],
): AsyncGenerator<StoreEntry> {
  const asOld: StoreEntry[] = [];
  let isBehind = false;
  for await (const entry of entries) {
    if (!isBehind && orderOf(entry) === order) {
      asOld.push(entry);
      continue;
    }
    if (!isBehind) yield* rest(asOld, key, shown);
    isBehind = true;
    yield entry;
  }
  if (!isBehind) yield* rest(asOld, key, shown);
}

function rest(asOld: readonly StoreEntry[], key: unknown, shown: unknown): StoreEntry[] {
  const last = asOld.findIndex((entry) => JSON.stringify(entry.key) === key);
  return asOld.slice(last < 0 ? Number(shown) : last + 1);
}

function cursorBehind(
  items: readonly StoreEntry[],
  [orderBefore, , shownBefore]: SortKey,
  orderOf: TimedKind['orderOf'],
): string | null {
  const last = items.at(-1);
  if (last === undefined) return null;
  const { key, partition } = last;
  const order = orderOf(last);
  const shown = items.filter((item) => item.partition === partition && orderOf(item) === order).length;
  const before = items[0]?.partition === partition && orderBefore === order ? Number(shownBefore) : 0;
  return writeCursor([partition, order, JSON.stringify(key), shown + before]);
}

const TIMED_CURSOR = z.tuple([z.int().nonnegative(), z.number(), z.string(), z.int()]);
