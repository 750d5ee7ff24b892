import { type Headers, NO_HEADERS } from '../../log/log.js';
import type { Serde } from '../../serde/serde.js';
import { type Aggregation, oldValue } from '../../state/aggregation.js';
import type { KeyPartials, LastHeaders, Partial } from '../../state/windows/key-partials.js';
import { readSliceBlock } from '../../state/windows/slice-block.js';
import type { WindowSlices } from '../../state/windows/window-slices.js';
import { WindowStore } from '../../state/windows/window-store.js';
import { Windowed } from '../../state/windows/windowed.js';
import { isFatal } from '../../topology/exception-handlers.js';
import type {
  CompiledNode,
  Forward,
  LateRecord,
  StoreContents,
  TableChanges,
  TaskContext,
} from '../../topology/topology.js';
import { committedWindow, foldWindows, type Visit } from './window-fold.js';

/**
 * `onUpdate`: every window that changed, once a commit. `onWindowClose`: every window once, when the watermark has passed
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
    combine: (key, first, last, visit) => foldWindows(key, options.slices, options.aggregation, first, last, visit),
  });
}

export function windowContents<K, V, A>({
  aggregation,
  keySerde,
  slices,
}: WindowedAggregateOptions<K, V, A>): StoreContents {
  return { kind: 'windows', keys: keySerde.format, values: aggregation.serde.format, windows: slices.describe() };
}

/**
 * Adds records to the partials of a store. What is late is decided here: a record counts in those of its windows that
 * its own source partition's time has not yet passed by the grace period. So it depends on the partition's
 * contents alone, not on when a task was scheduled.
 */
export class WindowedAdder<K, V, A> {
  readonly #options: WindowedAggregateOptions<K, V, A>;
  readonly #task: TaskContext;
  readonly #store: WindowStore<K, A>;
  readonly #slices: WindowSlices;
  readonly #add: (key: K, value: V, aggregate: A) => A;
  readonly #closeDelayMs: number;
  #headersOrder = 0;
  #counted = 0;

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
    if ((value === null || value === undefined) && this.#options.aggregation.skipsNullValues) {
      this.#task.reportSkipped(this.#options.name, 'null value');
      return;
    }
    const slices = this.#slices;
    const store = this.#store;
    // The hot case first: not even the oldest window of the record can be closed.
    const oldestStart = timestamp - slices.sizeMs;
    let firstWindow = 0;
    if (
      oldestStart <= this.#task.partitionTime - this.#closeDelayMs ||
      (store.closedWindow >= 0 && oldestStart <= slices.windowStart(store.closedWindow))
    ) {
      firstWindow = this.#firstOpenWindow(timestamp);
      if (firstWindow < 0) return;
    }
    try {
      if (this.#options.aggregation.merge === undefined) this.#addToWindows(key, value, timestamp, firstWindow);
      else this.#addToSlice(store.key(key), slices.sliceOf(timestamp), firstWindow, value, timestamp);
      this.#counted++;
    } catch (error) {
      store.forget(key);
      this.#task.failed(this.#options.name, error, key, value, timestamp);
    }
  }

  /** Tells how many records were added since this was last called. */
  reportCounted(): void {
    if (this.#counted > 0) this.#task.reportCounted(this.#options.name, this.#counted);
    this.#counted = 0;
  }

  #addToSlice(partials: KeyPartials<K, A>, slice: number, firstWindow: number, value: V, timestamp: number): void {
    let partial = partials.at(slice, firstWindow);
    const before = partial === undefined ? this.#store.initializer() : partial.aggregate;
    const aggregate = this.#add(partials.key, value, before);
    if (aggregate === undefined) throw noAggregate(this.#options.name);
    // Not before there is something in it: what throws leaves no window behind.
    if (partial === undefined) partial = partials.partial(slice, firstWindow, aggregate, this.#store);
    else partial.aggregate = aggregate;
    this.keepHeaders(partials, partial);
    const offset = timestamp - this.#slices.sliceStart(slice);
    if (offset > partial.timeOffsetMs) partial.timeOffsetMs = offset;
    if (!partial.dirty) this.#store.markDirty(partials, partial);
  }

  /** What is sent of a window has the headers of the record that changed it last. */
  keepHeaders(partials: KeyPartials<K, A>, partial: Partial<A>): void {
    const { headers } = this.#task;
    if (headers.length > 0 || partials.headers !== undefined) this.#setHeaders(partials, partial, headers);
  }

  #setHeaders(partials: KeyPartials<K, A>, partial: Partial<A>, headers: Headers): void {
    partials.headers ??= new Map();
    partials.headers.set(partial, { headers, order: ++this.#headersOrder });
  }

  #addToWindows(key: K, value: V, timestamp: number, firstOpen: number): void {
    const { first, last } = windowsOf(this.#slices, timestamp);
    for (let window = Math.max(first, firstOpen); window <= last; window++) {
      const partials = this.#store.key(key);
      const partial = partials.at(window, 0);
      // Where the row was deleted, its time was, too.
      if (partial?.aggregate === null) partial.timeOffsetMs = 0;
      this.#addToSlice(partials, window, 0, value, timestamp);
    }
  }

  /**
   * The first of the record's windows that is open: 0 when all are, -1 when none is. What is missed is reported.
   */
  #firstOpenWindow(timestamp: number): number {
    const slices = this.#slices;
    const { first, last } = windowsOf(slices, timestamp);
    const closedByTime = slices.lastWindowEndingBy(this.#task.partitionTime - this.#options.graceMs);
    const closed = Math.max(closedByTime, this.#store.closedWindow);
    if (closed < first) return 0;
    this.#task.reportLate(lateRecord(this.#options, this.#task, this.#store, timestamp, first, last));
    return closed >= last ? -1 : closed + 1;
  }
}

export function noAggregate(name: string): TypeError {
  return new TypeError(`the aggregate "${name}" became undefined; return it from add, or null to delete the row`);
}

/** What there is to say of a record that came too late for some of its windows, from `first` to `last`. */
function lateRecord<K, V, A>(
  { graceMs, name, slices }: WindowedAggregateOptions<K, V, A>,
  task: TaskContext,
  store: WindowStore<K, A>,
  timestamp: number,
  first: number,
  last: number,
): LateRecord {
  // Windows are closed by the partition's own time, or, when it was left out as silent, by the task's watermark.
  let time = task.partitionTime;
  let closed = slices.lastWindowEndingBy(time - graceMs);
  if (store.closedWindow > closed) {
    closed = store.closedWindow;
    time = Math.max(time, task.watermark, slices.windowEnd(closed) + graceMs);
  }
  return {
    node: name,
    latenessMs: time - timestamp,
    graceNeededMs: time - slices.windowEnd(first) + 1,
    windows: Math.min(closed, last) - first + 1,
    dropped: closed >= last,
  };
}

function windowsOf(slices: WindowSlices, timestamp: number): { first: number; last: number } {
  return {
    first: Math.max(0, Math.floor((timestamp - slices.sizeMs) / slices.advanceMs) + 1),
    last: Math.floor(timestamp / slices.advanceMs),
  };
}

/** The windows from `first` to `last` that any of the partials is for, in order. */
function windowsWithin<A>(
  partials: readonly Partial<A>[],
  slices: WindowSlices,
  first: number,
  last: number,
): number[] {
  const windows = new Set<number>();
  for (const { firstWindow, slice } of partials) {
    const to = Math.min(last, slices.lastWindow(slice));
    for (let window = Math.max(first, slices.firstWindow(slice), firstWindow); window <= to; window++) {
      windows.add(window);
    }
  }
  return [...windows].sort((a, b) => a - b);
}

/** Those of the record that changed the window last. */
function headersOf<K, A>(key: KeyPartials<K, A>, slices: WindowSlices, window: number): Headers {
  let newest: LastHeaders | undefined;
  for (const [partial, last] of key.headers ?? []) {
    const isOfWindow =
      partial.dirty &&
      partial.slice >= slices.firstSlice(window) &&
      partial.slice <= slices.lastSlice(window) &&
      partial.firstWindow <= window;
    if (isOfWindow && (newest === undefined || last.order > newest.order)) newest = last;
  }
  return newest?.headers ?? NO_HEADERS;
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
    changes,
    changes: { sendOldValues },
    graceMs,
  } = options;
  const store = task.store(options.name) as WindowStore<K, A>;
  const adder = new WindowedAdder(options, task, store);
  const sent = task.countsOut(options.name);

  /** The last window that was visited. */
  let visited = -1;

  /** As `foldWindows`, but where a merge throws, only the window that it is for is left out. */
  const fold = (key: KeyPartials<K, A>, first: number, last: number, visit: Visit<A>) => {
    visited = -1;
    try {
      foldWindows(key, slices, aggregation, first, last, visit);
    } catch (error) {
      if (isFatal(error)) throw error;
      foldSingly(key, Math.max(first, visited + 1), last, visit);
    }
  };

  const foldSingly = (key: KeyPartials<K, A>, first: number, last: number, visit: Visit<A>) => {
    for (const window of windowsWithin(key.partials, slices, first, last)) {
      try {
        foldWindows(key, slices, aggregation, window, window, visit);
      } catch (cause) {
        const at = slices.windowStart(window);
        task.failed(options.name, cause, new Windowed(key.key, slices, window), undefined, at);
      }
    }
  };

  /** Apart, for a closure costs the memory of what it holds in each call of the function that it is in. */
  const forwardWithHeaders = (
    headers: Headers,
    windowed: Windowed<K>,
    aggregate: A,
    timestamp: number,
    old: A | null | undefined,
  ) => task.withHeaders(headers, () => forward(windowed, aggregate, timestamp, old));

  const emitChanged = () => {
    for (const key of store.dirtyKeys) {
      const emit = (window: number, aggregate: A, timestamp: number) => {
        const old = sendOldValues
          ? oldValue(aggregation, committedWindow(key, slices, aggregation, window), changes)
          : undefined;
        const windowed = new Windowed(key.key, slices, window);
        sent.out++;
        if (key.headers === undefined) forward(windowed, aggregate, timestamp, old);
        else forwardWithHeaders(headersOf(key, slices, window), windowed, aggregate, timestamp, old);
        visited = window;
      };
      if (key.cut) emitChangedWithCuts(key, emit);
      else emitChangedWithout(key, emit);
    }
  };

  const emitChangedWithout = (key: KeyPartials<K, A>, emit: Visit<A>) => {
    let first = -1;
    let last = -1;
    for (const partial of key.partials) {
      if (!partial.dirty) continue;
      const from = slices.firstWindow(partial.slice);
      if (last < 0) first = from;
      else if (from > last + 1) {
        fold(key, first, last, emit);
        first = from;
      }
      last = slices.lastWindow(partial.slice);
    }
    if (last >= 0) fold(key, first, last, emit);
  };

  const emitChangedWithCuts = (key: KeyPartials<K, A>, emit: Visit<A>) => {
    const dirty = key.partials.filter((partial) => partial.dirty);
    for (const window of windowsWithin(dirty, slices, 0, Number.POSITIVE_INFINITY)) fold(key, window, window, emit);
  };

  const emitClosed = (closing: number) => {
    const results: { key: KeyPartials<K, A>; window: number; aggregate: A; timestamp: number }[] = [];
    store.forEachKeyThrough(slices.lastSlice(closing), (key) => {
      const oldest = key.partials[0];
      const newest = key.partials.at(-1);
      if (oldest === undefined || newest === undefined) return;
      const first = Math.max(store.closedWindow + 1, slices.firstWindow(oldest.slice));
      const last = Math.min(closing, slices.lastWindow(newest.slice));
      fold(key, first, last, (window, aggregate, timestamp) => {
        if (aggregate !== null) results.push({ key, window, aggregate, timestamp });
        visited = window;
      });
    });
    const order = (key: KeyPartials<K, A>) => key.order(options.name, options.keySerde);
    results.sort((a, b) => a.window - b.window || (order(a.key) < order(b.key) ? -1 : 1));
    sent.out += results.length;
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
    mergeBlock: (slice, block, isSingle) => {
      const { merge } = aggregation;
      if (merge === undefined) throw new Error(`${options.name} got partial aggregates, and cannot merge them`);
      const oldest = slices.firstWindow(slice);
      const newest = slices.lastWindow(slice);
      readSliceBlock(
        block,
        options.name,
        options.keySerde,
        aggregation.serde,
        (entryKey, firstWindow, timeOffsetMs, aggregate) => {
          const from = Math.max(firstWindow, store.closedWindow >= oldest ? store.closedWindow + 1 : 0);
          if (from > firstWindow && from > oldest) {
            if (isSingle) {
              const timestamp = slices.sliceStart(slice) + timeOffsetMs;
              const first = Math.max(firstWindow, oldest);
              const late = lateRecord(options, task, store, timestamp, first, newest);
              task.reportLate({ ...late, isTold: firstWindow > 0 });
            } else if (from > newest) {
              task.reportSkipped(options.name, 'partial aggregate of a closed window');
            }
          }
          if (from > newest) return;
          try {
            const key = store.key(entryKey);
            const before = key.at(slice, from);
            const merged = merge(before === undefined ? store.initializer() : before.aggregate, aggregate);
            const partial = before ?? key.partial(slice, from, merged, store);
            partial.aggregate = merged;
            partial.timeOffsetMs = Math.max(partial.timeOffsetMs, timeOffsetMs);
            adder.keepHeaders(key, partial);
            store.markDirty(key, partial);
            if (isSingle) task.reportCounted(options.name, 1);
          } catch (error) {
            store.forget(entryKey);
            task.failed(options.name, error, entryKey, aggregate, slices.sliceStart(slice) + timeOffsetMs);
          }
        },
      );
    },
    flush: () => {
      adder.reportCounted();
      if (options.emit === 'onUpdate') emitChanged();
      closeThrough(slices.lastWindowEndingBy(task.watermark - graceMs));
    },
    drain: () => {
      const last = store.lastLiveSlice();
      if (options.emit === 'onWindowClose' && last >= 0) closeThrough(slices.lastWindow(last));
    },
  };
}
