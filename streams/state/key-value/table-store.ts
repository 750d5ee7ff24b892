import type { StoreView } from '../read-only-stores.js';
import { LevelKeyValueStore } from './key-value-store.js';
import type { ValueAndTimestamp } from './value-and-timestamp.js';

/** What a row was when it was told last; undefined when there was none. */
export interface ToldRow<V> {
  readonly told: ValueAndTimestamp<V> | undefined;
}

/** The rows of a table, each with the time of its newest record; readers see the rows. */
export class TableStore<K, V> extends LevelKeyValueStore<K, ValueAndTimestamp<V>> {
  #untold: (identity: string) => ToldRow<V> | undefined = () => undefined;

  /** @param untold finds, by its `identity`, a row that has changed and of which that is still to be told */
  tellsLater(untold: (identity: string) => ToldRow<V> | undefined): void {
    this.#untold = untold;
  }

  /** As `get`, but a change counts from when it is told. */
  getTold(key: K): ValueAndTimestamp<V> | undefined {
    const identity = this.identity(key);
    const untold = this.#untold(identity);
    return untold === undefined ? this.getAt(identity) : untold.told;
  }

  override view(): StoreView {
    return this.viewOf(({ value }) => value);
  }
}
