import type { Headers } from '../../log/log.js';
import type { Serde } from '../../serde/serde.js';
import { type Aggregation, oldValue } from '../../state/aggregation.js';
import type { TableStore } from '../../state/key-value/table-store.js';
import type { ValueAndTimestamp } from '../../state/key-value/value-and-timestamp.js';
import { readSliceBlock } from '../../state/windows/slice-block.js';
import type { CompiledNode, Forward, TableChanges, TaskContext } from '../../topology/topology.js';
import { noAggregate } from '../windows/windowed-aggregate.js';

export interface KeyedAggregateOptions<K, V, A> {
  readonly name: string;
  readonly aggregation: Aggregation<K, V, A>;
  readonly keySerde: Serde<K>;
  readonly changes: TableChanges;
}

/** What a commit tells of a row. */
interface Change<K, A> {
  readonly key: K;
  readonly committed: ValueAndTimestamp<A> | undefined;
  timestamp: number;
  /** Of the record that changed it last. */
  headers: Headers;
}

/** count, reduce and aggregate without windows. Each changed key is forwarded once a commit. */
export function compileKeyedAggregate<K, V, A>(
  options: KeyedAggregateOptions<K, V, A>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const {
    aggregation,
    changes,
    changes: { sendOldValues },
    name,
    keySerde,
  } = options;
  const store = task.store(name) as TableStore<K, A>;
  const sent = task.countsOut(name);
  let counted = 0;
  let changed = new Map<string, Change<K, A>>();
  /** Those that are being told. */
  let telling = new Map<string, Change<K, A>>();
  store.tellsLater((identity) => {
    const change = telling.get(identity) ?? changed.get(identity);
    return change && { told: change.committed };
  });

  const update = (key: K, recordTimestamp: number, next: (aggregate: A) => A) => {
    const identity = store.identity(key);
    const before = store.getAt(identity);
    const value = next(before === undefined ? aggregation.initializer() : before.value) as A | null;
    if (value === undefined) throw noAggregate(name);
    const timestamp = before === undefined ? recordTimestamp : Math.max(before.timestamp, recordTimestamp);
    store.putAt(identity, value === null ? null : { value, timestamp });
    const { headers } = task;
    const change = changed.get(identity);
    if (change === undefined) changed.set(identity, { key, committed: before, timestamp, headers });
    else {
      change.timestamp = timestamp;
      change.headers = headers;
    }
  };

  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined || value === null || value === undefined) {
        task.reportSkipped(name, 'null key or value');
        return;
      }
      try {
        update(key as K, timestamp, (aggregate) => aggregation.add(key as K, value as V, aggregate));
        counted++;
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
      }
    },
    mergeBlock: (_slice, block) => {
      const { merge } = aggregation;
      if (merge === undefined) throw new Error(`${name} got partial aggregates, and cannot merge them`);
      readSliceBlock(block, name, keySerde, aggregation.serde, (key, _firstWindow, timestamp, partial) => {
        try {
          update(key, timestamp, (aggregate) => merge(aggregate, partial));
        } catch (error) {
          task.failed(name, error, key, partial, timestamp);
        }
      });
    },
    flush: () => {
      task.reportCounted(name, counted);
      counted = 0;
      telling = changed;
      changed = new Map();
      for (const [identity, { committed, headers, key, timestamp }] of telling) {
        telling.delete(identity);
        try {
          const old = sendOldValues ? oldValue(aggregation, committed?.value, changes) : undefined;
          const value = store.getAt(identity)?.value ?? null;
          sent.out++;
          if (headers.length === 0) forward(key, value, timestamp, old);
          else task.withHeaders(headers, () => forward(key, value, timestamp, old));
        } catch (error) {
          task.failed(name, error, key, undefined, timestamp);
        }
      }
    },
  };
}
