import type { StateQuery, Windowed } from '@millrace/streams';
import { z } from 'zod';
import { readCursor, type SortKey, writeCursor } from '../parameters.js';
import { Problem } from '../problems.js';
import { KeyMismatch, type PartitionAnswers } from './partition-answers.js';
import type { RunningStore } from './running-stores.js';

export interface StoreEntry {
  readonly key: unknown;
  readonly value: unknown;
  readonly partition: number;
  readonly window_start?: number;
  readonly window_end?: number;
}

export interface StorePage {
  readonly items: readonly StoreEntry[];
  readonly next_cursor: string | null;
}

/** Of which entries a page is, and after which it begins. */
export interface PageRequest {
  /** As they are given: JSON, or the text itself. */
  readonly key?: string | undefined;
  readonly fromKey?: string | undefined;
  readonly toKey?: string | undefined;
  /** Starts of windows, both included. */
  readonly fromTime: number;
  readonly toTime: number;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A page of a store: partition by partition, in the order of the keys' bytes; of windows the earliest first.
 *
 * @throws Problem
 */
export async function readStore(
  store: RunningStore,
  answers: PartitionAnswers,
  request: PageRequest,
): Promise<StorePage> {
  if (store.type === 'window') return withKeys(store, request, (keys) => windowPage(store, answers, request, keys));
  if (store.type === 'key-value') return withKeys(store, request, (keys) => entryPage(store, answers, request, keys));
  throw new Problem(422, 'kind-of-store', `Values of a store of the kind "${store.type}" are not given here.`);
}

interface Keys {
  readonly key?: unknown;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** A key is JSON where the store has keys of its kind, and the text itself otherwise. */
async function withKeys(
  { name }: RunningStore,
  { fromKey, key, toKey }: PageRequest,
  read: (keys: Keys) => Promise<StorePage>,
): Promise<StorePage> {
  const texts = { key, from: fromKey, to: toKey };
  const given = Object.entries(texts).flatMap(([part, text]) => (text === undefined ? [] : [[part, text] as const]));
  const asJson = given.map(([part, text]) => [part, jsonOf(text)] as const);
  const attempts = [asJson, ...(asJson.every(([, value], i) => value === given[i]?.[1]) ? [] : [given])];
  for (const attempt of attempts) {
    try {
      return await read(Object.fromEntries(attempt));
    } catch (error) {
      if (!(error instanceof KeyMismatch)) throw error;
    }
  }
  const said = given.map(([, text]) => JSON.stringify(text)).join(' or ');
  throw new Problem(
    400,
    'invalid-key',
    `The store "${name}" has no key of the kind of ${said}; keys are JSON or a text.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function entryPage(
  store: RunningStore,
  answers: PartitionAnswers,
  request: PageRequest,
  { from, key, to }: Keys,
): Promise<StorePage> {
  if (key !== undefined) return { items: await valuesOf(store, answers, key), next_cursor: null };
  const [first = 0, after] = cursorOf(request, KEY_CURSOR);
  const shown = { limit: request.limit, items: [] as StoreEntry[] };
  for (let partition = Number(first); partition < store.partitions; partition++) {
    const resumes = partition === first ? after : undefined;
    const start = resumes === undefined ? from : jsonOf(String(resumes));
    const query: StateQuery = {
      ...{ type: 'range', limit: request.limit + 2 },
      ...(start !== undefined && { from: start }),
      ...(to !== undefined && { to }),
    };
    for await (const [entryKey, value] of answers.entries(partition, query)) {
      if (resumes !== undefined && JSON.stringify(entryKey) === resumes) continue;
      const last = shown.items.at(-1);
      if (last !== undefined && shown.items.length === shown.limit) {
        return { items: shown.items, next_cursor: writeCursor([last.partition, JSON.stringify(last.key)]) };
      }
      shown.items.push({ key: entryKey, value, partition });
    }
  }
  return { items: shown.items, next_cursor: null };
}

/** What a processor keeps may be in any partition, and in several. */
async function valuesOf(store: RunningStore, answers: PartitionAnswers, key: unknown): Promise<StoreEntry[]> {
  const asked = await Promise.allSettled(
    Array.from({ length: store.partitions }, (_, partition) => answers.ask(partition, { type: 'key', key })),
  );
  const found = asked.flatMap((answer, partition) =>
    answer.status === 'fulfilled' && answer.value !== undefined ? [{ key, value: answer.value, partition }] : [],
  );
  const failures = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  const mismatch = failures.find((failure) => failure instanceof KeyMismatch);
  if (mismatch !== undefined) throw mismatch;
  // A partition that is away may be the one of the key.
  if (found.length === 0 && failures.length > 0) throw failures[0];
  return found;
}

async function windowPage(
  store: RunningStore,
  answers: PartitionAnswers,
  request: PageRequest,
  { key }: Keys,
): Promise<StorePage> {
  const [first = 0, ...after] = cursorOf(request, WINDOW_CURSOR);
  const items: StoreEntry[] = [];
  for (let partition = Number(first); partition < store.partitions; partition++) {
    const resumes = partition === first && after.length > 0 ? after : undefined;
    const range = { from: Number(resumes?.[0] ?? request.fromTime), to: request.toTime };
    const query: StateQuery =
      key === undefined ? { type: 'window-range', ...range } : { type: 'window-key', key, ...range };
    const entries = windowsOf(answers.entries(partition, query), key, partition);
    for await (const entry of resumes === undefined ? entries : behind(entries, resumes)) {
      if (items.length === request.limit) return { items, next_cursor: windowCursor(items, after) };
      items.push(entry);
    }
  }
  return { items, next_cursor: null };
}

async function* windowsOf(
  entries: AsyncGenerator<[unknown, unknown]>,
  key: unknown,
  partition: number,
): AsyncGenerator<StoreEntry & { readonly window_start: number }> {
  for await (const [at, value] of entries) {
    if (key !== undefined) yield { key, value, partition, window_start: Number(at) };
    else {
      const { key: own, window } = at as Windowed<unknown>;
      yield { key: own, value, partition, window_start: window.start, window_end: window.end };
    }
  }
}

/** What comes after the last entry of the page before; where that is gone, after as many of its window as were shown. */
async function* behind(entries: AsyncIterable<StoreEntry>, [start, key, shown]: SortKey): AsyncGenerator<StoreEntry> {
  const ofWindow: StoreEntry[] = [];
  let isBehind = false;
  for await (const entry of entries) {
    if (!isBehind && entry.window_start === start) {
      ofWindow.push(entry);
      continue;
    }
    if (!isBehind) yield* rest(ofWindow, key, shown);
    isBehind = true;
    yield entry;
  }
  if (!isBehind) yield* rest(ofWindow, key, shown);
}

function rest(ofWindow: readonly StoreEntry[], key: unknown, shown: unknown): StoreEntry[] {
  const last = ofWindow.findIndex((entry) => JSON.stringify(entry.key) === key);
  return ofWindow.slice(last < 0 ? Number(shown) : last + 1);
}

function windowCursor(items: readonly StoreEntry[], [startBefore, , shownBefore]: SortKey): string | null {
  const last = items.at(-1);
  if (last === undefined) return null;
  const { key, partition, window_start: start = 0 } = last;
  const shown = items.filter((item) => item.partition === partition && item.window_start === start).length;
  const before = items[0]?.partition === partition && startBefore === start ? Number(shownBefore) : 0;
  return writeCursor([partition, start, JSON.stringify(key), shown + before]);
}

const partitionNumber = z.int().nonnegative();
const KEY_CURSOR = z.tuple([partitionNumber, z.string()]);
const WINDOW_CURSOR = z.tuple([partitionNumber, z.number(), z.string(), z.int()]);

/** @throws Problem 400 for one of another kind of store */
function cursorOf({ cursor }: PageRequest, kind: typeof KEY_CURSOR | typeof WINDOW_CURSOR): SortKey {
  if (cursor === undefined) return [];
  const { data } = kind.safeParse(readCursor(cursor));
  if (data !== undefined) return data;
  throw new Problem(400, 'invalid-cursor', 'The cursor is none that this store gave; begin without one.');
}
