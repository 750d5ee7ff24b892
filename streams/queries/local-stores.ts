import type { StoreView } from '../state/read-only-stores.js';
import type { Position } from './state-query.js';

/** One partition of a store, of a task that this process runs. */
export interface LocalStore {
  readonly partition: number;
  /** False while it is restored. */
  readonly isActive: boolean;
  readonly view: StoreView;
  /** What was committed when it was asked for; of one that is not active, what is known of that. */
  position(): Position;
  /** How one that is not active stands to its task; missing where the store does not tell. */
  readonly following?: FollowingStore;
}

/** A state that is brought up to date by its changelog. */
export interface FollowingStore {
  /** How many changes it is behind, as of a second ago at most. */
  lag(): Promise<number>;
  /** Whether it counts all records before these offsets. */
  reaches(bound: Position): Promise<boolean>;
}

/** The stores of this process's tasks, which come and go. */
export interface LocalStores {
  /** How many partitions the store has in all processes; undefined where the topology has no such store. */
  partitions(store: string): number | undefined;
  /** Whether all that are to be here are. */
  readonly isSettled: boolean;
  /** Those of tasks. */
  find(store: string): readonly LocalStore[];
  /** Those that are kept for tasks of other processes. */
  standbys(store: string): readonly LocalStore[];
}
