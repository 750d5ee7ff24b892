import type { Serde } from '../../serde/serde.js';
import type { ReadOnlyWindowStore } from '../read-only-stores.js';
import type { StateDatabase } from '../state-database.js';
import { startOfStore, storeKey } from '../store-keys.js';
import { KeyPartials, Partial } from './key-partials.js';
import { scanSliceBlock } from './slice-block.js';
import { BLOCK, blockKey, closedWindowOf, META_KEY, sliceOfKey } from './window-entries.js';
import type { WindowSlices } from './window-slices.js';
import { Windowed } from './windowed.js';

/** Combines a key's partials into the results of the windows `first` to `last`, and visits each that holds any. */
export type CombineWindows<K, A> = (
  key: KeyPartials<K, A>,
  first: number,
  last: number,
  visit: (window: number, aggregate: A) => void,
) => void;

export interface CommittedWindowStoreOptions<K, A> {
  readonly name: string;
  readonly slices: WindowSlices;
  readonly keySerde: Serde<K>;
  readonly aggregateSerde: Serde<A>;
  readonly combine: CombineWindows<K, A>;
  readonly database: StateDatabase;
}

/** What was read of some slices, as of one moment. */
interface Committed<K, A> {
  readonly closedWindow: number;
  /** By the latin1 text of the keys' bytes, in their order. */
  readonly keys: readonly KeyPartials<K, A>[];
}

/**
 * Reads the database alone. The partials in memory hold what was not committed, and are changed in place by who may do so:
 * here they are made anew of what is stored.
 */
export class CommittedWindowStore<K, A> implements ReadOnlyWindowStore<K, A> {
  readonly #options: CommittedWindowStoreOptions<K, A>;

  constructor(options: CommittedWindowStoreOptions<K, A>) {
    this.#options = options;
  }

  async *fetch(key: K, from: number, to: number): AsyncGenerator<[windowStart: number, value: A]> {
    const { keySerde, name, slices } = this.#options;
    const bytes = Buffer.from(keySerde.serialize(name, key));
    for (const { aggregate, window } of await this.#results(from, to, bytes)) {
      yield [slices.windowStart(window), aggregate];
    }
  }

  async *fetchAll(from: number, to: number): AsyncGenerator<[Windowed<K>, A]> {
    const { slices } = this.#options;
    for (const { aggregate, key, window } of await this.#results(from, to, undefined)) {
      yield [new Windowed(key, slices, window), aggregate];
    }
  }

  all(): AsyncGenerator<[Windowed<K>, A]> {
    return this.fetchAll(0, Number.MAX_SAFE_INTEGER);
  }

  /** @param only the bytes of the one key that is asked for */
  async #results(
    from: number,
    to: number,
    only: Buffer | undefined,
  ): Promise<{ key: K; window: number; aggregate: A }[]> {
    const { combine, slices } = this.#options;
    const first = Math.max(0, Math.ceil(from / slices.advanceMs));
    const last = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(to / slices.advanceMs));
    const results: { key: K; window: number; aggregate: A }[] = [];
    if (!(first <= last)) return results;
    const { closedWindow, keys } = await this.#read(slices.firstSlice(first), slices.lastSlice(last), only);
    for (const key of keys) {
      const newest = key.partials.at(-1)?.slice ?? 0;
      combine(
        key,
        Math.max(first, closedWindow + 1),
        Math.min(last, slices.lastWindow(newest)),
        (window, aggregate) => {
          if (aggregate !== null) results.push({ key: key.key, window, aggregate });
        },
      );
    }
    // The order of the keys stays within a window.
    return results.sort((a, b) => a.window - b.window);
  }

  async #read(firstSlice: number, lastSlice: number, only: Buffer | undefined): Promise<Committed<K, A>> {
    const { aggregateSerde, database, keySerde, name } = this.#options;
    const at = (key: Buffer) => storeKey(name, key);
    const start = startOfStore(name);
    const keys = new Map<string, KeyPartials<K, A>>();
    let closedWindow = -1;
    const end = at(Buffer.from([BLOCK + 1]));
    for await (const [entryKey, value] of database.entriesBehind(at(META_KEY), at(blockKey(firstSlice, 0)), end)) {
      const key = entryKey.subarray(start.length);
      if (key[0] !== BLOCK) {
        closedWindow = closedWindowOf(value);
        continue;
      }
      const slice = sliceOfKey(key);
      if (slice > lastSlice) break;
      scanSliceBlock(value, (firstWindow, timeOffsetMs, keyStart, keyEnd, aggregateStart, aggregateEnd) => {
        if (only !== undefined && only.compare(value, keyStart, keyEnd) !== 0) return;
        const identity = value.toString('latin1', keyStart, keyEnd);
        let partials = keys.get(identity);
        if (partials === undefined) {
          partials = new KeyPartials<K, A>(keySerde.deserialize(name, value, keyStart, keyEnd), identity);
          keys.set(identity, partials);
        }
        const aggregate = aggregateSerde.deserialize(name, value, aggregateStart, aggregateEnd);
        hold(partials, slice, firstWindow, timeOffsetMs, aggregate);
      });
    }
    const inOrder = [...keys].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, partials]) => partials);
    return { closedWindow, keys: inOrder };
  }
}

/** Slices are read in their order; a later entry replaces an earlier. */
function hold<K, A>(
  key: KeyPartials<K, A>,
  slice: number,
  firstWindow: number,
  timeOffsetMs: number,
  aggregate: A,
): void {
  let partial = key.at(slice, firstWindow);
  if (partial === undefined) {
    partial = new Partial(slice, firstWindow, aggregate);
    const { partials } = key;
    const later = partials.findIndex((other) => other.slice === slice && other.firstWindow > firstWindow);
    if (later < 0) partials.push(partial);
    else partials.splice(later, 0, partial);
    if (firstWindow > 0) key.cut = true;
  }
  partial.aggregate = aggregate;
  partial.timeOffsetMs = timeOffsetMs;
}
