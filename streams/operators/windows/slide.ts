import type { Headers } from '../../log/log.js';
import type { Aggregation } from '../../state/aggregation.js';
import type { ValueAndTimestamp } from '../../state/key-value/value-and-timestamp.js';
import type { SlidingWindow, SlidingWindowStore } from '../../state/windows/sliding-window-store.js';
import { noAggregate } from './windowed-aggregate.js';

/** A record that is put into windows. */
export interface SlidingRecord<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestamp: number;
  readonly headers: Headers;
}

/** What a record makes of its key's windows. */
export interface SlidingUpdate<A> {
  readonly windows: readonly SlidingWindow<A>[];
  /** Those that were not there. */
  readonly added: readonly SlidingWindow<A>[];
  /** In how many windows the record counts, and for how many it is too late. */
  readonly counted: number;
  readonly missed: number;
}

/**
 * Puts a record into the sliding windows of its key, as in KIP-450: into each that holds its time; into one that ends at it,
 * and one that begins right behind the record before it, which are made where they are not there. And it makes one that begins
 * right behind it where later records are in reach. What the new ones hold of other records is that of a window beside them.
 *
 * @param before in the order of their starts
 * @param closedBefore windows that end before it take no more records
 */
export function slide<K, V, A>(
  before: readonly SlidingWindow<A>[],
  { headers, key, timestamp, value }: SlidingRecord<K, V>,
  closedBefore: number,
  store: SlidingWindowStore<K, A>,
  { add, initializer }: Aggregation<K, V, A>,
): SlidingUpdate<A> {
  const windows = [...before];
  const added: SlidingWindow<A>[] = [];
  let counted = 0;
  let missed = 0;

  const put = (window: SlidingWindow<A>) => {
    const at = firstFrom(windows, window.start);
    if (windows[at]?.start === window.start) windows[at] = window;
    else {
      windows.splice(at, 0, window);
      added.push(window);
    }
  };
  /** Adds the record to what a window holds, where it still takes any. */
  const count = (start: number, held: A, newest: number) => {
    if (store.endOf({ start }) < closedBefore) {
      missed++;
      return;
    }
    const aggregate = add(key, value, held);
    if (aggregate === undefined) throw noAggregate(store.name);
    put(store.window(start, { value: aggregate, timestamp: Math.max(newest, timestamp) }, headers));
    counted++;
  };

  // No window begins before the epoch.
  const leftStart = Math.max(0, timestamp - store.differenceMs);
  const rightStart = timestamp + 1;
  let hasLeft = false;
  let hasRight = false;
  /** What the latest window held that reaches beyond the record, and so all that is behind the record. */
  let behind: ValueAndTimestamp<A> | undefined;
  /** What the latest window held that ends before the record. */
  let ahead: A | undefined;
  /** The time of the record before this one. */
  let previous: number | undefined;
  for (let at = firstFrom(before, rightStart + 1) - 1; at >= 0; at--) {
    const { aggregate, start } = before[at] as SlidingWindow<A>;
    // Its row was deleted: it is not there.
    if (!isHeld(aggregate)) continue;
    if (start === rightStart) {
      hasRight = true;
      continue;
    }
    const end = store.endOf({ start });
    if (end < timestamp) {
      ahead = aggregate.value;
      previous = aggregate.timestamp;
      break;
    }
    if (end > timestamp) behind ??= aggregate;
    count(start, aggregate.value, aggregate.timestamp);
    if (start > leftStart) continue;
    hasLeft = true;
    if (aggregate.timestamp >= timestamp) break;
    // As in Kafka Streams, a window that ended before has the last word, also where it had closed for the record before.
    previous = aggregate.timestamp;
  }
  if (previous !== undefined && store.endOf({ start: previous + 1 }) >= timestamp) {
    const there = before[firstFrom(before, previous + 1)];
    if (there?.start !== previous + 1 || !isHeld(there.aggregate)) count(previous + 1, initializer(), timestamp);
  }
  if (!hasLeft) {
    const isInReach = previous !== undefined && ahead !== undefined && previous >= leftStart;
    count(leftStart, isInReach ? (ahead as A) : initializer(), timestamp);
  }
  if (!hasRight && behind !== undefined && behind.timestamp > timestamp) {
    put(store.window(rightStart, behind, headers));
  }
  return { windows, added, counted, missed };
}

function isHeld<A>(aggregate: ValueAndTimestamp<A | null>): aggregate is ValueAndTimestamp<A> {
  return aggregate.value !== null;
}

/** The place of the first window that starts then or later. */
function firstFrom(windows: readonly { readonly start: number }[], start: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((windows[middle] as { readonly start: number }).start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
