import type { Aggregation } from '../../state/aggregation.js';
import type { KeyPartials, Partial } from '../../state/windows/key-partials.js';
import type { WindowSlices } from '../../state/windows/window-slices.js';

export type Visit<A> = (window: number, aggregate: A, timestamp: number) => void;

/**
 * Combines a key's partials into the results of the windows `first` to `last`, and visits each window that holds any.
 * Where there is none it goes on at the next that there is: the work is that of what the key holds, however far apart.
 *
 * Where the aggregate can be undone, a window costs the slices that enter and leave it. Where it cannot, running
 * aggregates from a pivot to both sides make it two merges amortised ("two stacks", Tangwongsan, Hirzel and Schneider,
 * "Low-latency sliding-window aggregation in worst-case constant time", DEBS 2017, section 2).
 */
export function foldWindows<K, V, A>(
  key: KeyPartials<K, A>,
  slices: WindowSlices,
  aggregation: Aggregation<K, V, A>,
  first: number,
  last: number,
  visit: Visit<A>,
): void {
  const { merge, subtract } = aggregation;
  if (merge === undefined || first === last || key.cut) foldEach(key, slices, merge, first, last, visit);
  else if (subtract !== undefined) foldSliding(key.partials, slices, merge, subtract, first, last, visit);
  else foldTwoStacks(key.partials, slices, merge, first, last, visit);
}

function timestampOf<A>(slices: WindowSlices, partial: Partial<A>): number {
  return slices.sliceStart(partial.slice) + partial.timeOffsetMs;
}

/** The plain definition: every window by itself. The only one that knows partials that some windows leave out. */
function foldEach<K, A>(
  key: KeyPartials<K, A>,
  slices: WindowSlices,
  merge: ((left: A, right: A) => A) | undefined,
  first: number,
  last: number,
  visit: Visit<A>,
): void {
  const { partials } = key;
  let start = indexFrom(partials, slices.firstSlice(first));
  let next: number;
  for (let window = first; window <= last; window = next) {
    const firstSlice = slices.firstSlice(window);
    const lastSlice = slices.lastSlice(window);
    while (start < partials.length && (partials[start] as Partial<A>).slice < firstSlice) start++;
    let found: Partial<A> | undefined;
    let aggregate: A | undefined;
    let timestamp = 0;
    for (let i = start; i < partials.length; i++) {
      const partial = partials[i] as Partial<A>;
      if (partial.slice > lastSlice) break;
      if (partial.firstWindow > window) continue;
      aggregate =
        found === undefined || merge === undefined ? partial.aggregate : merge(aggregate as A, partial.aggregate);
      timestamp = Math.max(timestamp, timestampOf(slices, partial));
      found = partial;
    }
    if (found !== undefined) visit(window, aggregate as A, timestamp);
    next = found === undefined ? nextWindow(partials, slices, start, window + 1) : window + 1;
  }
}

/** The first window, from the given one on, that counts one of the partials from `start` on; Infinity when there is none. */
function nextWindow<A>(partials: readonly Partial<A>[], slices: WindowSlices, start: number, from: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (let i = start; i < partials.length; i++) {
    const { firstWindow, slice } = partials[i] as Partial<A>;
    const first = slices.firstWindow(slice);
    if (first >= next) break;
    const window = Math.max(first, firstWindow, from);
    if (window <= slices.lastWindow(slice)) next = Math.min(next, window);
  }
  return next;
}

/** What the window was at the last commit; undefined when it held nothing then. */
export function committedWindow<K, V, A>(
  key: KeyPartials<K, A>,
  slices: WindowSlices,
  { merge }: Aggregation<K, V, A>,
  window: number,
): A | undefined {
  const { partials } = key;
  const lastSlice = slices.lastSlice(window);
  let aggregate: A | undefined;
  for (let i = indexFrom(partials, slices.firstSlice(window)); i < partials.length; i++) {
    const { committed, firstWindow, slice } = partials[i] as Partial<A>;
    if (slice > lastSlice) break;
    if (firstWindow > window || committed === undefined) continue;
    aggregate = aggregate === undefined || merge === undefined ? committed : merge(aggregate, committed);
  }
  return aggregate;
}

/** The index of the first partial in the slice or after it. */
function indexFrom<A>(partials: readonly Partial<A>[], slice: number): number {
  let low = 0;
  let high = partials.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((partials[middle] as Partial<A>).slice < slice) low = middle + 1;
    else high = middle;
  }
  return low;
}

function foldSliding<A>(
  partials: readonly Partial<A>[],
  slices: WindowSlices,
  merge: (left: A, right: A) => A,
  subtract: (total: A, part: A) => A,
  first: number,
  last: number,
  visit: Visit<A>,
): void {
  let start = indexFrom(partials, slices.firstSlice(first));
  let end = start;
  let total: A | undefined;
  // That of the newest partial: kept, for most windows have it in common, and a number of this size is allocated.
  let timestamp = 0;
  let firstSlice = slices.firstSlice(first);
  const span = slices.lastSlice(first) - firstSlice;
  const hop = slices.firstSlice(first + 1) - firstSlice;
  for (let window = first; window <= last; window++, firstSlice += hop) {
    const lastSlice = firstSlice + span;
    for (; end < partials.length; end++) {
      const partial = partials[end] as Partial<A>;
      if (partial.slice > lastSlice) break;
      total = start === end ? partial.aggregate : merge(total as A, partial.aggregate);
      timestamp = timestampOf(slices, partial);
    }
    for (; start < end; start++) {
      const partial = partials[start] as Partial<A>;
      if (partial.slice >= firstSlice) break;
      total = subtract(total as A, partial.aggregate);
    }
    if (start < end) {
      visit(window, total as A, timestamp);
      continue;
    }
    if (end === partials.length) return;
    window = Math.max(window, slices.firstWindow((partials[end] as Partial<A>).slice) - 1);
    firstSlice = slices.firstSlice(window);
  }
}

function foldTwoStacks<A>(
  partials: readonly Partial<A>[],
  slices: WindowSlices,
  merge: (left: A, right: A) => A,
  first: number,
  last: number,
  visit: Visit<A>,
): void {
  let start = indexFrom(partials, slices.firstSlice(first));
  let end = start;
  let pivot = start;
  /** front[i] combines the partials from start + i up to the pivot, for the starts that are still to come. */
  let front: A[] = [];
  let frontStart = start;
  let back: A | undefined;
  let timestamp = 0;
  for (let window = first; window <= last; window++) {
    const firstSlice = slices.firstSlice(window);
    const lastSlice = slices.lastSlice(window);
    for (; end < partials.length; end++) {
      const partial = partials[end] as Partial<A>;
      if (partial.slice > lastSlice) break;
      back = end === pivot ? partial.aggregate : merge(back as A, partial.aggregate);
      timestamp = timestampOf(slices, partial);
    }
    while (start < end && (partials[start] as Partial<A>).slice < firstSlice) start++;
    if (start === end) {
      if (end === partials.length) return;
      pivot = end;
      window = Math.max(window, slices.firstWindow((partials[end] as Partial<A>).slice) - 1);
      continue;
    }
    if (start >= pivot) {
      // Everything left is behind the pivot: move the pivot to the end, and combine backwards from it.
      front = new Array<A>(end - start);
      frontStart = start;
      let running: A | undefined;
      for (let i = end - 1; i >= start; i--) {
        const aggregate = (partials[i] as Partial<A>).aggregate;
        running = i === end - 1 ? aggregate : merge(aggregate, running as A);
        front[i - start] = running;
      }
      pivot = end;
    }
    const left = front[start - frontStart] as A;
    visit(window, end === pivot ? left : merge(left, back as A), timestamp);
  }
}
