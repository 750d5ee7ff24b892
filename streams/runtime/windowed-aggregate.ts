import type { Serde } from '../serde/serde.js';
import { type Aggregation, oldValue } from '../state/aggregation.js';
import { readSliceBlock } from '../state/slice-block.js';
import type { WindowSlices } from '../state/window-slices.js';
import { type KeyPartials, WindowStore } from '../state/window-store.js';
import type { CompiledNode, Forward, TableChanges, TaskContext } from './topology.js';
import { committedWindow, foldWindows } from './window-fold.js';
import { Windowed } from './windowed.js';

/**
 * `onUpdate`: every window that changed, once a commit. `onWindowClose`: every window once, when stream time has passed
 * its end and the grace period.
 */
export type EmitStrategy = 'onUpdate' | 'onWindowClose';

export interface WindowedAggregateOptions<K, V, A> {
  readonly name: string;
  readonly slices: WindowSlices;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
  readonly aggregation: Aggregation<K, V, A>;
  readonly keySerde: Serde<K>;
  readonly changes: TableChanges;
}

export function createWindowStore<K, V, A>(options: WindowedAggregateOptions<K, V, A>): WindowStore<K, A> {
  return new WindowStore<K, A>({
    name: options.name,
    slices: options.slices,
    keySerde: options.keySerde,
    aggregateSerde: options.aggregation.serde,
    initializer: options.aggregation.initializer,
  });
}

/**
 * Adds records to the partials of a store. What is late is decided here: a record counts in those of its windows that
 * its own source partition's stream time has not yet passed by the grace period. So it depends on the partition's
 * contents alone, not on when a task was scheduled.
 */
export class WindowedAdder<K, V, A> {
  readonly #options: WindowedAggregateOptions<K, V, A>;
  readonly #task: TaskContext;
  readonly #store: WindowStore<K, A>;
  readonly #slices: WindowSlices;
  readonly #add: (key: K, value: V, aggregate: A) => A;
  readonly #closeDelayMs: number;

  constructor(options: WindowedAggregateOptions<K, V, A>, task: TaskContext, store: WindowStore<K, A>) {
    this.#options = options;
    this.#task = task;
    this.#store = store;
    this.#slices = options.slices;
    this.#add = options.aggregation.add;
    this.#closeDelayMs = options.slices.sizeMs + options.graceMs;
  }

  add(key: K, value: V, timestamp: number): void {
    if (key === null || key === undefined) {
      this.#task.reportSkipped(this.#options.name, 'null key');
      return;
    }
    if (value === null && this.#options.aggregation.skipsNullValues) {
      this.#task.reportSkipped(this.#options.name, 'null value');
      return;
    }
    if (timestamp < 0) {
      this.#task.reportSkipped(this.#options.name, 'negative timestamp');
      return;
    }
    const slices = this.#slices;
    const store = this.#store;
    // The hot case first: not even the oldest window of the record can be closed.
    const oldestStart = timestamp - slices.sizeMs;
    let firstWindow = 0;
    if (
      oldestStart <= this.#task.recordStreamTime - this.#closeDelayMs ||
      (store.closedWindow >= 0 && oldestStart <= slices.windowStart(store.closedWindow))
    ) {
      firstWindow = this.#firstOpenWindow(timestamp);
      if (firstWindow < 0) return;
    }
    if (this.#options.aggregation.merge === undefined) this.#addToWindows(key, value, timestamp, firstWindow);
    else this.#addToSlice(store.key(key), slices.sliceOf(timestamp), firstWindow, value, timestamp);
  }

  #addToSlice(partials: KeyPartials<K, A>, slice: number, firstWindow: number, value: V, timestamp: number): void {
    const partial = partials.partial(slice, firstWindow, this.#store);
    partial.aggregate = this.#add(partials.key, value, partial.aggregate);
    const offset = timestamp - this.#slices.sliceStart(slice);
    if (offset > partial.timeOffsetMs) partial.timeOffsetMs = offset;
    if (!partial.dirty) this.#store.markDirty(partials, partial);
  }

  #addToWindows(key: K, value: V, timestamp: number, firstOpen: number): void {
    const { first, last } = windowsOf(this.#slices, timestamp);
    for (let window = Math.max(first, firstOpen); window <= last; window++) {
      const partials = this.#store.key(key);
      const partial = partials.partial(window, 0, this.#store);
      // Where the row was deleted, its time was, too.
      if (partial.aggregate === null) partial.timeOffsetMs = 0;
      this.#addToSlice(partials, window, 0, value, timestamp);
    }
  }

  /**
   * The first of the record's windows that is open: 0 when all are, -1 when none is. What is missed is reported.
   */
  #firstOpenWindow(timestamp: number): number {
    const slices = this.#slices;
    const { first, last } = windowsOf(slices, timestamp);
    const closedByTime = slices.lastWindowEndingBy(this.#task.recordStreamTime - this.#options.graceMs);
    const closed = Math.max(closedByTime, this.#store.closedWindow);
    if (closed < first) return 0;
    this.#task.reportLate({
      node: this.#options.name,
      latenessMs: this.#task.recordStreamTime - timestamp,
      graceNeededMs: this.#task.recordStreamTime - slices.windowEnd(first) + 1,
      windows: Math.min(closed, last) - first + 1,
      dropped: closed >= last,
    });
    return closed >= last ? -1 : closed + 1;
  }
}

function windowsOf(slices: WindowSlices, timestamp: number): { first: number; last: number } {
  return {
    first: Math.max(0, Math.floor((timestamp - slices.sizeMs) / slices.advanceMs) + 1),
    last: Math.floor(timestamp / slices.advanceMs),
  };
}

/** count, reduce and aggregate over windows: a store of partials, and results combined from them at each commit. */
export function compileWindowedAggregate<K, V, A>(
  options: WindowedAggregateOptions<K, V, A>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const {
    slices,
    aggregation,
    changes: { sendOldValues },
    graceMs,
  } = options;
  const store = task.store(options.name) as WindowStore<K, A>;
  const adder = new WindowedAdder(options, task, store);

  const emitChanged = () => {
    for (const key of store.dirtyKeys) {
      const emit = (window: number, aggregate: A, timestamp: number) => {
        const old = sendOldValues
          ? oldValue(aggregation, committedWindow(key, slices, aggregation, window))
          : undefined;
        forward(new Windowed(key.key, slices, window), aggregate, timestamp, old);
      };
      if (key.cut) emitChangedWithCuts(key, emit);
      else emitChangedWithout(key, emit);
    }
  };

  const emitChangedWithout = (key: KeyPartials<K, A>, emit: (window: number, aggregate: A, at: number) => void) => {
    let first = -1;
    let last = -1;
    for (const partial of key.partials) {
      if (!partial.dirty) continue;
      const from = slices.firstWindow(partial.slice);
      if (last < 0) first = from;
      else if (from > last + 1) {
        foldWindows(key, slices, aggregation, first, last, emit);
        first = from;
      }
      last = slices.lastWindow(partial.slice);
    }
    if (last >= 0) foldWindows(key, slices, aggregation, first, last, emit);
  };

  const emitChangedWithCuts = (key: KeyPartials<K, A>, emit: (window: number, aggregate: A, at: number) => void) => {
    const changed = new Set<number>();
    for (const partial of key.partials) {
      if (!partial.dirty) continue;
      const from = Math.max(slices.firstWindow(partial.slice), partial.firstWindow);
      for (let window = from; window <= slices.lastWindow(partial.slice); window++) changed.add(window);
    }
    for (const window of [...changed].sort((a, b) => a - b)) {
      foldWindows(key, slices, aggregation, window, window, emit);
    }
  };

  const emitClosed = (closing: number) => {
    const results: { key: KeyPartials<K, A>; window: number; aggregate: A; timestamp: number }[] = [];
    store.forEachKeyThrough(slices.lastSlice(closing), (key) => {
      const oldest = key.partials[0];
      const newest = key.partials.at(-1);
      if (oldest === undefined || newest === undefined) return;
      const first = Math.max(store.closedWindow + 1, slices.firstWindow(oldest.slice));
      const last = Math.min(closing, slices.lastWindow(newest.slice));
      foldWindows(key, slices, aggregation, first, last, (window, aggregate, timestamp) => {
        if (aggregate !== null) results.push({ key, window, aggregate, timestamp });
      });
    });
    results.sort((a, b) => a.window - b.window || (a.key.identity < b.key.identity ? -1 : 1));
    for (const { key, window, aggregate, timestamp } of results) {
      forward(new Windowed(key.key, slices, window), aggregate, timestamp, sendOldValues ? null : undefined);
    }
  };

  const closeThrough = (closing: number) => {
    if (closing <= store.closedWindow) return;
    if (options.emit === 'onWindowClose') emitClosed(closing);
    store.closeThrough(closing);
  };

  return {
    process: adder.add.bind(adder) as Forward,
    mergeBlock: (slice, block) => {
      const { merge } = aggregation;
      if (merge === undefined) throw new Error(`${options.name} got partial aggregates, and cannot merge them`);
      readSliceBlock(
        block,
        options.name,
        options.keySerde,
        aggregation.serde,
        (entryKey, firstWindow, timeOffsetMs, aggregate) => {
          const from = Math.max(
            firstWindow,
            store.closedWindow >= slices.firstWindow(slice) ? store.closedWindow + 1 : 0,
          );
          if (from > slices.lastWindow(slice)) {
            task.reportSkipped(options.name, 'partial aggregate of a closed window');
            return;
          }
          const key = store.key(entryKey);
          const partial = key.partial(slice, from, store);
          partial.aggregate = merge(partial.aggregate, aggregate);
          partial.timeOffsetMs = Math.max(partial.timeOffsetMs, timeOffsetMs);
          store.markDirty(key, partial);
        },
      );
    },
    flush: () => {
      if (options.emit === 'onUpdate') emitChanged();
      closeThrough(slices.lastWindowEndingBy(task.streamTime - graceMs));
    },
    drain: () => {
      const last = store.lastLiveSlice();
      if (options.emit === 'onWindowClose' && last >= 0) closeThrough(slices.lastWindow(last));
    },
  };
}
