import type { StoreView } from '../read-only-stores.js';
import { LevelKeyValueStore } from './key-value-store.js';
import type { ValueAndTimestamp } from './value-and-timestamp.js';

/** The rows of a table, each with the time of its newest record; readers see the rows. */
export class TableStore<K, V> extends LevelKeyValueStore<K, ValueAndTimestamp<V>> {
  override view(): StoreView {
    return this.viewOf(({ value }) => value);
  }
}
