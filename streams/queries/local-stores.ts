import type { StoreView } from '../state/read-only-stores.js';
import type { Position } from './state-query.js';

/** One partition of a store, whose task is this process's. */
export interface LocalStore {
  readonly partition: number;
  /** False while it is restored. */
  readonly isActive: boolean;
  readonly view: StoreView;
  /** What was committed when it was asked for. */
  position(): Position;
}

/** The stores of this process's tasks, which come and go. */
export interface LocalStores {
  /** How many partitions the store has in all processes; undefined where the topology has no such store. */
  partitions(store: string): number | undefined;
  /** Whether all that are to be here are. */
  readonly isSettled: boolean;
  find(store: string): readonly LocalStore[];
}
