import type { Windowed } from '../state/windows/windowed.js';
import type {
  KeyQuery,
  RangeQuery,
  StateQuery,
  StateQueryRequest,
  StateQueryResult,
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
  query(request: StateQueryRequest<StateQuery>): Promise<StateQueryResult<unknown>>;
}
