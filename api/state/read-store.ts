import type { StateQuery } from '@millrace/streams';
import { z } from 'zod';
import { writeCursor } from '../parameters.js';
import { Problem } from '../problems.js';
import { KeyMismatch, type PartitionAnswers } from './partition-answers.js';
import type { RunningStore } from './running-stores.js';
import { cursorOf, type PageRequest, type StoreEntry, type StorePage } from './store-page.js';
import { isTimed, timedPage } from './timed-page.js';

/**
 * A page of a store: partition by partition, in the order of the keys' bytes; of windows, sessions and versions the
 * earliest first.
 *
 * @throws Problem
 */
export async function readStore(
  store: RunningStore,
  answers: PartitionAnswers,
  request: PageRequest,
): Promise<StorePage> {
  const { type } = store;
  if (type === 'key-value') return withKeys(store, request, (keys) => entryPage(store, answers, request, keys));
  if (type === 'versioned' && request.key === undefined) {
    throw new Problem(
      422,
      'key-missing',
      `The store "${store.name}" is versioned: give the key whose versions you want.`,
    );
  }
  if (isTimed(type)) {
    return withKeys(store, request, ({ key }) => timedPage({ store, type, answers, request, key }));
  }
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

const KEY_CURSOR = z.tuple([z.int().nonnegative(), z.string()]);
