import { MillraceError } from '../errors.js';

/** Where tasks stand in what they read: by topic and partition, the offset after the last record that an answer counts. */
export type Position = Readonly<Record<string, Readonly<Record<number, number>>>>;

/** The value of one key. */
export interface KeyQuery<K = unknown> {
  readonly type: 'key';
  readonly key: K;
}

/** Entries in the order of the keys' bytes, from one key to another, both included; without a key: without a limit. */
export interface RangeQuery<K = unknown> {
  readonly type: 'range';
  readonly from?: K;
  readonly to?: K;
}

/** The windows of one key that start from one time to another, in milliseconds since the epoch, both included. */
export interface WindowKeyQuery<K = unknown> {
  readonly type: 'window-key';
  readonly key: K;
  readonly from: number;
  readonly to: number;
}

/** The windows of all keys that start from one time to another, in milliseconds since the epoch, both included. */
export interface WindowRangeQuery {
  readonly type: 'window-range';
  readonly from: number;
  readonly to: number;
}

export type StateQuery = KeyQuery | RangeQuery | WindowKeyQuery | WindowRangeQuery;

/** After Kafka Streams' `StateQueryRequest` (KIP-796). It is data: another process can be sent it. */
export interface StateQueryRequest<Q extends StateQuery = StateQuery> {
  readonly store: string;
  readonly query: Q;
  /** Default: all that are here. */
  readonly partitions?: readonly number[];
  /** Partitions whose answer does not count all records before these offsets answer NOT_UP_TO_BOUND. */
  readonly bound?: Position;
}

/**
 * - `NOT_PRESENT`: the partition is another process's.
 * - `NOT_ACTIVE`: its task is being opened, and its state may not be whole.
 * - `NOT_UP_TO_BOUND`: it has not come to the bound.
 * - `DOES_NOT_EXIST`: there is no partition of that number.
 * - `UNKNOWN_QUERY_TYPE`: the store is of another kind than the query.
 */
export type StateQueryFailure =
  | 'NOT_PRESENT'
  | 'NOT_ACTIVE'
  | 'NOT_UP_TO_BOUND'
  | 'DOES_NOT_EXIST'
  | 'UNKNOWN_QUERY_TYPE';

/** What one partition answers. The position is the least that the answer counts: it may count a commit that ended just now. */
export type PartitionAnswer<R> =
  | { readonly isSuccess: true; readonly value: R; readonly position: Position }
  | { readonly isSuccess: false; readonly failure: StateQueryFailure; readonly message: string };

export interface StateQueryResult<R> {
  readonly partitions: ReadonlyMap<number, PartitionAnswer<R>>;
}

/** A state that cannot be asked. */
export class StateQueryError extends MillraceError<'UNKNOWN_STORE' | 'WRONG_KIND' | 'NOT_RUNNING' | 'NOT_AVAILABLE'> {}
