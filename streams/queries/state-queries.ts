import type { Duration } from '../dsl/duration.js';
import type { VersionedRecord } from '../state/versioned/history.js';
import type { Windowed } from '../state/windows/windowed.js';
import type {
  KeyQuery,
  RangeQuery,
  SessionKeyQuery,
  SessionRangeQuery,
  StateQuery,
  StateQueryRequest,
  StateQueryResult,
  VersionedKeyQuery,
  VersionHistoryQuery,
  WindowKeyQuery,
  WindowRangeQuery,
} from './state-query.js';

/** Who answers queries: the tasks of this process, or, by the same words, those of another. */
export interface StateQueries {
  /**
   * What was committed, partition by partition.
   *
   * @throws StateQueryError
   */
  query<V>(request: StateQueryRequest<KeyQuery>): Promise<StateQueryResult<V | undefined>>;
  query<K, V>(request: StateQueryRequest<RangeQuery<K>>): Promise<StateQueryResult<AsyncIterable<[K, V]>>>;
  query<V>(request: StateQueryRequest<WindowKeyQuery>): Promise<StateQueryResult<AsyncIterable<[number, V]>>>;
  query<K, V>(request: StateQueryRequest<WindowRangeQuery>): Promise<StateQueryResult<AsyncIterable<[Windowed<K>, V]>>>;
  query<K, V>(
    request: StateQueryRequest<SessionKeyQuery<K> | SessionRangeQuery>,
  ): Promise<StateQueryResult<AsyncIterable<[Windowed<K>, V]>>>;
  query<V>(request: StateQueryRequest<VersionedKeyQuery>): Promise<StateQueryResult<VersionedRecord<V> | undefined>>;
  query<V>(
    request: StateQueryRequest<VersionHistoryQuery>,
  ): Promise<StateQueryResult<AsyncIterable<VersionedRecord<V>>>>;
  query(request: StateQueryRequest<StateQuery>): Promise<StateQueryResult<unknown>>;
}

export interface AnywhereOptions {
  /** By when an answer is to be here, with all its entries. Default 10 s. */
  readonly deadline?: Duration;
}

/** As `StateQueries#query`, of all instances of the application. */
export interface QueryAnywhere {
  <V>(request: StateQueryRequest<KeyQuery>, options?: AnywhereOptions): Promise<StateQueryResult<V | undefined>>;
  <K, V>(
    request: StateQueryRequest<RangeQuery<K>>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<AsyncIterable<[K, V]>>>;
  <V>(
    request: StateQueryRequest<WindowKeyQuery>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<AsyncIterable<[number, V]>>>;
  <K, V>(
    request: StateQueryRequest<WindowRangeQuery>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<AsyncIterable<[Windowed<K>, V]>>>;
  <K, V>(
    request: StateQueryRequest<SessionKeyQuery<K> | SessionRangeQuery>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<AsyncIterable<[Windowed<K>, V]>>>;
  <V>(
    request: StateQueryRequest<VersionedKeyQuery>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<VersionedRecord<V> | undefined>>;
  <V>(
    request: StateQueryRequest<VersionHistoryQuery>,
    options?: AnywhereOptions,
  ): Promise<StateQueryResult<AsyncIterable<VersionedRecord<V>>>>;
  (request: StateQueryRequest<StateQuery>, options?: AnywhereOptions): Promise<StateQueryResult<unknown>>;
}
