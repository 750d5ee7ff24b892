import { type Headers, NO_HEADERS } from '../../log/log.js';
import type { Serde } from '../../serde/serde.js';
import { type Aggregation, oldValue } from '../../state/aggregation.js';
import {
  type KeySlidingWindows,
  type SlidingWindow,
  SlidingWindowStore,
} from '../../state/windows/sliding-window-store.js';
import type { CompiledNode, Forward, StoreContents, TableChanges, TaskContext } from '../../topology/topology.js';
import { slide } from './slide.js';
import type { EmitStrategy } from './windowed-aggregate.js';

interface SlidingAggregateOptions<K, V, A> {
  readonly name: string;
  readonly differenceMs: number;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
  readonly aggregation: Aggregation<K, V, A>;
  readonly keySerde: Serde<K>;
  readonly changes: TableChanges;
}

export function createSlidingWindowStore<K, V, A>(options: SlidingAggregateOptions<K, V, A>): SlidingWindowStore<K, A> {
  return new SlidingWindowStore({ ...options, aggregateSerde: options.aggregation.serde });
}

export function slidingContents<K, V, A>({
  aggregation,
  differenceMs,
  keySerde,
}: SlidingAggregateOptions<K, V, A>): StoreContents {
  const windows = `a time difference of ${differenceMs} ms`;
  return { kind: 'windows', keys: keySerde.format, values: aggregation.serde.format, windows };
}

/** count, reduce and aggregate over sliding windows. Each window that has changed is forwarded once a commit. */
export function compileSlidingAggregate<K, V, A>(
  options: SlidingAggregateOptions<K, V, A>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const {
    aggregation,
    changes,
    changes: { sendOldValues },
    differenceMs,
    emit,
    graceMs,
    keySerde,
    name,
  } = options;
  const store = task.store(name) as SlidingWindowStore<K, A>;
  const sent = task.countsOut(name);
  let counted = 0;

  /** Windows are closed by the record's own partition, or, when it was left out as silent, by the task's watermark. */
  const closedBefore = () => Math.max(task.partitionTime - graceMs, store.closedBefore);

  const reportLate = (timestamp: number, windows: number, dropped: boolean) => {
    const latenessMs = closedBefore() + graceMs - timestamp;
    // The first of its windows ends at the record.
    task.reportLate({ node: name, latenessMs, graceNeededMs: latenessMs, windows, dropped });
  };

  const send = (key: K, window: SlidingWindow<A>, headers: Headers, old: A | null | undefined) => {
    const windowed = store.windowed(key, window);
    const { timestamp, value } = window.aggregate;
    sent.out++;
    if (headers.length === 0) forward(windowed, value, timestamp, old);
    else task.withHeaders(headers, () => forward(windowed, value, timestamp, old));
  };

  const emitChanged = () => {
    for (const key of store.dirtyKeys) {
      const committed = key.committed ?? [];
      let at = 0;
      for (const window of key.sessions) {
        while ((committed[at]?.start ?? Number.POSITIVE_INFINITY) < window.start) at++;
        const before = committed[at]?.start === window.start ? committed[at] : undefined;
        if (before === window) continue;
        const old = sendOldValues ? oldValue(aggregation, before?.aggregate.value, changes) : undefined;
        send(key.key, window, window.headers, old);
      }
    }
  };

  const emitClosed = (time: number) => {
    const results: { readonly key: KeySlidingWindows<K, A>; readonly window: SlidingWindow<A> }[] = [];
    for (const key of store.keysWithEnds(store.closedBefore, time)) {
      for (const window of key.sessions) {
        const end = store.endOf(window);
        const isClosing = end >= store.closedBefore && end < time;
        if (isClosing && window.aggregate.value !== null) results.push({ key, window });
      }
    }
    const order = (key: KeySlidingWindows<K, A>) => key.order(name, keySerde);
    results.sort((a, b) => a.window.start - b.window.start || (order(a.key) < order(b.key) ? -1 : 1));
    for (const { key, window } of results) send(key.key, window, NO_HEADERS, sendOldValues ? null : undefined);
  };

  const closeBefore = (time: number) => {
    if (time <= store.closedBefore) return;
    if (emit === 'onWindowClose') emitClosed(time);
    store.closeBefore(time);
  };

  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined || value === null || value === undefined) {
        task.reportSkipped(name, key === null || key === undefined ? 'null key' : 'null value');
        return;
      }
      if (timestamp + differenceMs < closedBefore()) {
        reportLate(timestamp, 1, true);
        return;
      }
      const held = store.key(key as K);
      try {
        const record = { key: held.key, value: value as V, timestamp, headers: task.headers };
        const update = slide(held.sessions, record, closedBefore(), store, aggregation);
        store.update(held, update.windows, update.added);
        if (update.counted > 0) counted++;
        if (update.missed > 0) reportLate(timestamp, update.missed, update.counted === 0);
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
      } finally {
        store.forget(held);
      }
    },
    flush: () => {
      if (counted > 0) task.reportCounted(name, counted);
      counted = 0;
      if (emit === 'onUpdate') emitChanged();
      store.dropDeleted();
      closeBefore(task.watermark - graceMs);
    },
    drain: () => {
      if (emit === 'onWindowClose') closeBefore(store.lastWindowEnd() + 1);
    },
  };
}
