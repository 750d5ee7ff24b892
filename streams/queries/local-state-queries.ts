import type { StoreView } from '../state/read-only-stores.js';
import type { LocalStore, LocalStores } from './local-stores.js';
import type { StateQueries } from './state-queries.js';
import type { PartitionAnswer, Position, StateQuery, StateQueryFailure, StateQueryRequest } from './state-query.js';
import { StateQueryError } from './state-query.js';
import { unlessMoved, untilMoved } from './store-moved.js';

const WORDS: Readonly<Record<StateQueryFailure, string>> = {
  NOT_PRESENT: 'another process has the partition; ask that one',
  NOT_ACTIVE: 'the task of the partition is being opened; ask again',
  NOT_UP_TO_BOUND: 'the partition has not come to the bound; ask again',
  DOES_NOT_EXIST: 'the store has no partition of that number',
  UNKNOWN_QUERY_TYPE: 'the store is of another kind than the query',
};

/** Answers from the tasks of this process, while they go on. */
export function localStateQueries(stores: LocalStores): StateQueries {
  const query = async (request: StateQueryRequest): Promise<{ partitions: Map<number, PartitionAnswer<unknown>> }> => {
    const { bound = {}, partitions, store } = request;
    const count = stores.partitions(store);
    if (count === undefined) throw unknownStore(store);
    const here = new Map(stores.find(store).map((one) => [one.partition, one]));
    const wanted = partitions ?? [...here.keys()].sort((a, b) => a - b);
    const answers = new Map<number, PartitionAnswer<unknown>>();
    for (const partition of wanted) {
      const local = here.get(partition);
      const exists = Number.isInteger(partition) && partition >= 0 && partition < count;
      if (!exists) answers.set(partition, failed('DOES_NOT_EXIST'));
      else if (local === undefined) answers.set(partition, failed(stores.isSettled ? 'NOT_PRESENT' : 'NOT_ACTIVE'));
      else answers.set(partition, answer(local, request.query, bound));
    }
    return { partitions: answers };
  };
  return { query: query as StateQueries['query'] };
}

export function unknownStore(name: string): StateQueryError {
  return new StateQueryError(
    'UNKNOWN_STORE',
    `the topology has no store "${name}"; name the store of an aggregate or a table: { name: "${name}" }`,
  );
}

function answer(local: LocalStore, query: StateQuery, bound: Position): PartitionAnswer<unknown> {
  if (!local.isActive) return failed('NOT_ACTIVE');
  // First: what is read then is that or later.
  const position = local.position();
  if (!reaches(position, bound)) return failed('NOT_UP_TO_BOUND');
  const asked = ask(local.view, query);
  return asked === undefined ? failed('UNKNOWN_QUERY_TYPE') : { isSuccess: true, value: asked.value, position };
}

function ask(view: StoreView, query: StateQuery): { readonly value: unknown } | undefined {
  if (view.kind === 'key-value') {
    const { store } = view;
    if (query.type === 'key') return { value: unlessMoved(() => store.get(query.key)) };
    if (query.type === 'range') return { value: untilMoved(store.range(query.from, query.to)) };
    return undefined;
  }
  const { store } = view;
  if (query.type === 'window-key') return { value: untilMoved(store.fetch(query.key, query.from, query.to)) };
  if (query.type === 'window-range') return { value: untilMoved(store.fetchAll(query.from, query.to)) };
  return undefined;
}

/** Of the partitions that the store's task reads; others are other partitions' matter. */
function reaches(position: Position, bound: Position): boolean {
  return Object.entries(bound).every(([topic, offsets]) =>
    Object.entries(offsets).every(([partition, offset]) => {
      const at = position[topic]?.[Number(partition)];
      return at === undefined || at >= offset;
    }),
  );
}

function failed(failure: StateQueryFailure): PartitionAnswer<never> {
  return { isSuccess: false, failure, message: WORDS[failure] };
}
