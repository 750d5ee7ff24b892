import type { Serde } from '../serde/serde.js';
import { type Aggregation, oldValue } from '../state/aggregation.js';
import { LevelKeyValueStore } from '../state/key-value-store.js';
import { readSliceBlock } from '../state/slice-block.js';
import { type ValueAndTimestamp, valueAndTimestampSerde } from '../state/value-and-timestamp.js';
import type { CompiledNode, Forward, TableChanges, TaskContext } from './topology.js';

export interface KeyedAggregateOptions<K, V, A> {
  readonly name: string;
  readonly aggregation: Aggregation<K, V, A>;
  readonly keySerde: Serde<K>;
  readonly changes: TableChanges;
}

export function createKeyedStore<K, V>(
  name: string,
  keySerde: Serde<K>,
  valueSerde: Serde<V>,
): LevelKeyValueStore<K, ValueAndTimestamp<V>> {
  return new LevelKeyValueStore({ name, keySerde, valueSerde: valueAndTimestampSerde(valueSerde) });
}

/** count, reduce and aggregate without windows. Each changed key is forwarded once a commit. */
export function compileKeyedAggregate<K, V, A>(
  options: KeyedAggregateOptions<K, V, A>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const {
    aggregation,
    changes: { sendOldValues },
    name,
    keySerde,
  } = options;
  const store = task.store(name) as LevelKeyValueStore<K, ValueAndTimestamp<A>>;
  let changed = new Map<unknown, { readonly key: K; readonly committed: A | undefined; timestamp: number }>();

  const update = (key: K, recordTimestamp: number, next: (aggregate: A) => A) => {
    const before = store.get(key);
    const value = next(before === undefined ? aggregation.initializer() : before.value) as A | null;
    const timestamp = before === undefined ? recordTimestamp : Math.max(before.timestamp, recordTimestamp);
    if (value === null) store.delete(key);
    else store.put(key, { value, timestamp });
    const identity = typeof key === 'string' ? key : Buffer.from(keySerde.serialize(name, key)).toString('latin1');
    const change = changed.get(identity);
    if (change === undefined) changed.set(identity, { key, committed: before?.value, timestamp });
    else change.timestamp = timestamp;
  };

  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined || value === null || value === undefined) {
        task.reportSkipped(name, 'null key or value');
        return;
      }
      update(key as K, timestamp, (aggregate) => aggregation.add(key as K, value as V, aggregate));
    },
    mergeBlock: (_slice, block) => {
      const { merge } = aggregation;
      if (merge === undefined) throw new Error(`${name} got partial aggregates, and cannot merge them`);
      readSliceBlock(block, name, keySerde, aggregation.serde, (key, _firstWindow, timestamp, partial) =>
        update(key, timestamp, (aggregate) => merge(aggregate, partial)),
      );
    },
    flush: () => {
      const changes = changed;
      changed = new Map();
      for (const { committed, key, timestamp } of changes.values()) {
        const old = sendOldValues ? oldValue(aggregation, committed) : undefined;
        forward(key, store.get(key)?.value ?? null, timestamp, old);
      }
    },
  };
}
