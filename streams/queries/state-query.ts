import { MillraceError } from '../errors.js';
import type { HostInfo } from '../runtime/group/group-members.js';

/** Where tasks stand in what they read: by topic and partition, the offset after the last record that an answer counts. */
export type Position = Readonly<Record<string, Readonly<Record<number, number>>>>;

interface Limited {
  /** How many entries a partition answers at most. Default: all. */
  readonly limit?: number | undefined;
}

/** The value of one key. */
export interface KeyQuery<K = unknown> {
  readonly type: 'key';
  readonly key: K;
}

/** Entries in the order of the keys' bytes, from one key to another, both included; without a key: without a bound. */
export interface RangeQuery<K = unknown> extends Limited {
  readonly type: 'range';
  readonly from?: K;
  readonly to?: K;
  /** The last keys first. Default false. */
  readonly descending?: boolean | undefined;
}

/** The windows of one key that start from one time to another, in milliseconds since the epoch, both included. */
export interface WindowKeyQuery<K = unknown> extends Limited {
  readonly type: 'window-key';
  readonly key: K;
  readonly from: number;
  readonly to: number;
}

/** The windows of all keys that start from one time to another, in milliseconds since the epoch, both included. */
export interface WindowRangeQuery extends Limited {
  readonly type: 'window-range';
  readonly from: number;
  readonly to: number;
}

/**
 * The sessions of one key that reach into the time from `from` to `to`, in milliseconds since the epoch, both included: they
 * end at `from` or later, and start at `to` or before. Without a bound: all before it or behind it.
 */
export interface SessionKeyQuery<K = unknown> extends Limited {
  readonly type: 'session-key';
  readonly key: K;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** As `SessionKeyQuery`, of all keys, in the order of the sessions' ends, their starts, and the keys' bytes. */
export interface SessionRangeQuery extends Limited {
  readonly type: 'session-range';
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * The version of one key that was valid at a time, in milliseconds since the epoch; without a time, the latest. Nothing is
 * known of before the history retention, unless the latest version is that old.
 */
export interface VersionedKeyQuery<K = unknown> {
  readonly type: 'versioned-key';
  readonly key: K;
  readonly asOf?: number | undefined;
}

/** The versions of one key that were valid at any time from one to another, both included, in the order of time. */
export interface VersionHistoryQuery<K = unknown> extends Limited {
  readonly type: 'version-history';
  readonly key: K;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The latest first. Default false. */
  readonly descending?: boolean | undefined;
}

export type StateQuery =
  | KeyQuery
  | RangeQuery
  | WindowKeyQuery
  | WindowRangeQuery
  | SessionKeyQuery
  | SessionRangeQuery
  | VersionedKeyQuery
  | VersionHistoryQuery;

/** After Kafka Streams' `StateQueryRequest` (KIP-796). It is data: another process can be sent it. */
export interface StateQueryRequest<Q extends StateQuery = StateQuery> {
  readonly store: string;
  readonly query: Q;
  /** Default: all that are here, or, where the whole application is asked for a key, the partition of the key. */
  readonly partitions?: readonly number[];
  /**
   * Partitions whose answer does not count all records before these offsets answer NOT_UP_TO_BOUND (Kafka Streams'
   * `PositionBound`). With the position of an earlier answer, or of what was written, it reads what was written.
   */
  readonly bound?: Position;
  /**
   * How many changes a state may be behind that answers for its task: a standby, or a task that is being restored.
   * `Infinity`: however many. Without it tasks alone answer (Kafka Streams' `requireActive`).
   */
  readonly maxLag?: number;
}

/**
 * - `NOT_PRESENT`: the partition is another process's.
 * - `NOT_ACTIVE`: its task is being opened, or here is a standby only, and the request says no `maxLag`.
 * - `NOT_UP_TO_BOUND`: it has not come to the bound, or is further behind than `maxLag`.
 * - `DOES_NOT_EXIST`: there is no partition of that number.
 * - `UNKNOWN_QUERY_TYPE`: the store is of another kind than the query.
 * - `STORE_EXCEPTION`: the store could not be read, or a serde does not take the key.
 * - `INVALID_KEY`: the key was sent as JSON, and the store has no keys of its kind.
 *
 * Where the whole application is asked (`Streams#queryAnywhere`), also:
 *
 * - `NOT_AVAILABLE`: no process says that it has the partition and where it can be asked, as in a rebalance.
 * - `UNREACHABLE`: the process that has it does not answer.
 * - `DEADLINE_EXCEEDED`: it has not answered in time.
 * - `REFUSED`: it does not take the token.
 */
export type StateQueryFailure =
  | 'NOT_PRESENT'
  | 'NOT_ACTIVE'
  | 'NOT_UP_TO_BOUND'
  | 'DOES_NOT_EXIST'
  | 'UNKNOWN_QUERY_TYPE'
  | 'STORE_EXCEPTION'
  | 'INVALID_KEY'
  | 'NOT_AVAILABLE'
  | 'UNREACHABLE'
  | 'DEADLINE_EXCEEDED'
  | 'REFUSED';

export interface PartitionSuccess<R> {
  readonly isSuccess: true;
  readonly value: R;
  /** The least that the answer counts: it may count a commit that ended just now. */
  readonly position: Position;
  /** Whether the partition's task has answered, and not a state that follows it. */
  readonly isActive: boolean;
  /** How many changes it was behind, as of a second ago at most; 0 for a task. */
  readonly lag: number;
  /** Who has answered, where that was another process. */
  readonly host?: HostInfo;
}

export interface PartitionFailure {
  readonly isSuccess: false;
  readonly failure: StateQueryFailure;
  readonly message: string;
}

/** What one partition answers. */
export type PartitionAnswer<R> = PartitionSuccess<R> | PartitionFailure;

export interface StateQueryResult<R> {
  readonly partitions: ReadonlyMap<number, PartitionAnswer<R>>;
}

/** A state that cannot be asked. */
export class StateQueryError extends MillraceError<
  | 'UNKNOWN_STORE'
  | 'WRONG_KIND'
  | 'NOT_RUNNING'
  | 'NOT_AVAILABLE'
  /** Entries of another process did not come in time. */
  | 'DEADLINE_EXCEEDED'
  /** The connection to another process ended before its entries did. */
  | 'UNREACHABLE'
  /** The address of `applicationServer.listen` cannot be had. */
  | 'CANNOT_LISTEN'
> {}
