import { ArgumentError } from '../errors.js';
import { SerdePendingError } from '../serde/serde.js';
import type { StoreView } from '../state/read-only-stores.js';
import type { LocalStore, LocalStores } from './local-stores.js';
import { reaches } from './position.js';
import type { StateQueries } from './state-queries.js';
import type {
  PartitionAnswer,
  PartitionFailure,
  Position,
  StateQuery,
  StateQueryFailure,
  StateQueryRequest,
} from './state-query.js';
import { StateQueryError } from './state-query.js';
import { isClosed, untilMoved } from './store-moved.js';

const WORDS: Readonly<Record<StateQueryFailure, string>> = {
  NOT_PRESENT: 'another process has the partition; ask that one',
  NOT_ACTIVE: 'the task of the partition is being opened; ask again',
  NOT_UP_TO_BOUND: 'the partition has not come to the bound; ask again',
  DOES_NOT_EXIST: 'the store has no partition of that number',
  UNKNOWN_QUERY_TYPE: 'the store is of another kind than the query',
  STORE_EXCEPTION: 'the store could not be read',
  INVALID_KEY: 'the store has no keys of this kind',
  NOT_AVAILABLE: 'no process says that it has the partition and where it can be asked; ask again',
  UNREACHABLE: 'the process that has the partition does not answer',
  DEADLINE_EXCEEDED: 'the process that has the partition has not answered in time',
  REFUSED: 'the process that has the partition does not take the token',
};

/** Answers from the tasks of this process, while they go on, and from the standbys that are here. */
export function localStateQueries(stores: LocalStores): StateQueries {
  const query = async (request: StateQueryRequest): Promise<{ partitions: Map<number, PartitionAnswer<unknown>> }> => {
    checkRequest(request);
    const { maxLag, partitions, store } = request;
    const count = stores.partitions(store);
    if (count === undefined) throw unknownStore(store);
    const here = new Map<number, LocalStore>();
    const standbys = stores.standbys(store);
    for (const one of [...standbys, ...stores.find(store)]) here.set(one.partition, one);
    const all = maxLag === undefined ? stores.find(store).map(({ partition }) => partition) : [...here.keys()];
    const wanted = partitions ?? all.sort((a, b) => a - b);
    const answers = await Promise.all(
      wanted.map(async (partition): Promise<PartitionAnswer<unknown>> => {
        const local = here.get(partition);
        const exists = Number.isInteger(partition) && partition >= 0 && partition < count;
        if (!exists) return failed('DOES_NOT_EXIST');
        if (local === undefined) return failed(stores.isSettled ? 'NOT_PRESENT' : 'NOT_ACTIVE');
        if (standbys.includes(local) && maxLag === undefined) {
          return failed('NOT_ACTIVE', 'here is a standby of the partition only; ask its task, or say a maxLag');
        }
        return answer(local, request, () => stores.isSettled);
      }),
    );
    return { partitions: new Map(wanted.map((partition, i) => [partition, answers[i] ?? failed('NOT_PRESENT')])) };
  };
  return { query: query as StateQueries['query'] };
}

export function unknownStore(name: string): StateQueryError {
  return new StateQueryError(
    'UNKNOWN_STORE',
    `the topology has no store "${name}"; name the store of an aggregate or a table: { name: "${name}" }`,
  );
}

export function failed(failure: StateQueryFailure, message = WORDS[failure]): PartitionFailure {
  return { isSuccess: false, failure, message };
}

/** @throws ArgumentError */
export function checkRequest({ maxLag, query }: StateQueryRequest): void {
  if (maxLag !== undefined && !(maxLag >= 0)) {
    throw new ArgumentError(`maxLag is how many changes a state may be behind, 0 or more, not ${maxLag}`);
  }
  const limit = 'limit' in query ? query.limit : undefined;
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0)) {
    throw new ArgumentError(`the limit of a query is how many entries it answers, not ${limit}`);
  }
}

/** Without waiting for anything where a task answers. */
function answer(
  local: LocalStore,
  request: StateQueryRequest,
  isSettled: () => boolean,
): PartitionAnswer<unknown> | Promise<PartitionAnswer<unknown>> {
  if (!local.isActive) return answerBehind(local, request, isSettled);
  // First: what is read then is that or later.
  const position = local.position();
  if (!reaches(position, request.bound ?? {})) return failed('NOT_UP_TO_BOUND');
  return read(local, request.query, { position, isActive: true, lag: 0 }, isSettled);
}

async function answerBehind(
  local: LocalStore,
  { bound, maxLag, query }: StateQueryRequest,
  isSettled: () => boolean,
): Promise<PartitionAnswer<unknown>> {
  const { following } = local;
  if (maxLag === undefined || following === undefined) return failed('NOT_ACTIVE');
  try {
    const lag = await following.lag();
    if (lag > maxLag) {
      return failed(
        'NOT_UP_TO_BOUND',
        `the state is ${lag} changes behind, more than the maxLag of ${maxLag}; ask again`,
      );
    }
    if (bound !== undefined && !(await following.reaches(bound))) return failed('NOT_UP_TO_BOUND');
    const position = local.position();
    return await read(local, query, { position, isActive: false, lag }, isSettled);
  } catch (error) {
    return failed('STORE_EXCEPTION', (error as Error).message);
  }
}

function read(
  local: LocalStore,
  query: StateQuery,
  counts: { readonly position: Position; readonly isActive: boolean; readonly lag: number },
  isSettled: () => boolean,
): PartitionAnswer<unknown> | Promise<PartitionAnswer<unknown>> {
  try {
    const asked = ask(local.view, query);
    return asked === undefined ? failed('UNKNOWN_QUERY_TYPE') : { isSuccess: true, value: asked.value, ...counts };
  } catch (error) {
    // As the engine does, where a serde has something to fetch first.
    if (error instanceof SerdePendingError) return error.ready.then(() => read(local, query, counts, isSettled));
    if (isClosed(error)) return failed(isSettled() ? 'NOT_PRESENT' : 'NOT_ACTIVE');
    return failed('STORE_EXCEPTION', (error as Error).message);
  }
}

/** Undefined where the store is of another kind than the query. */
function ask(view: StoreView, query: StateQuery): { readonly value: unknown } | undefined {
  switch (view.kind) {
    case 'key-value': {
      const { store } = view;
      if (query.type === 'key') return { value: store.get(query.key) };
      if (query.type !== 'range') return undefined;
      const { descending = false, from, limit, to } = query;
      return { value: entries(descending ? store.reverseRange(from, to) : store.range(from, to), limit) };
    }
    case 'window': {
      const { store } = view;
      if (query.type === 'window-key') {
        return { value: entries(store.fetch(query.key, query.from, query.to), query.limit) };
      }
      if (query.type !== 'window-range') return undefined;
      return { value: entries(store.fetchAll(query.from, query.to), query.limit) };
    }
    case 'session': {
      const { store } = view;
      if (query.type !== 'session-key' && query.type !== 'session-range') return undefined;
      const { from = 0, limit, to = Number.MAX_SAFE_INTEGER } = query;
      const found =
        query.type === 'session-key' ? store.findSessions(query.key, from, to) : store.findAllSessions(from, to);
      return { value: entries(found, limit) };
    }
    case 'versioned': {
      const { store } = view;
      if (query.type === 'versioned-key') return { value: store.get(query.key, query.asOf) };
      if (query.type !== 'version-history') return undefined;
      const { descending = false, from, key, limit, to } = query;
      const versions = store.history(key, from, to);
      return { value: entries(each(descending ? versions.reverse() : versions), limit) };
    }
  }
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

async function* entries<T>(all: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): AsyncGenerator<T> {
  let left = limit;
  if (left === 0) return;
  for await (const entry of untilMoved(all)) {
    yield entry;
    if (--left === 0) return;
  }
}
