import type { Serde } from '../serde/serde.js';
import type { Aggregation } from '../state/aggregation.js';
import { LevelKeyValueStore } from '../state/key-value-store.js';
import { readSliceBlock } from '../state/slice-block.js';
import { type ValueAndTimestamp, valueAndTimestampSerde } from '../state/value-and-timestamp.js';
import type { CompiledNode, Forward, TaskContext } from './topology.js';

export interface KeyedAggregateOptions<K, V, A> {
  readonly name: string;
  readonly aggregation: Aggregation<K, V, A>;
  readonly keySerde: Serde<K>;
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
  const { aggregation, name, keySerde } = options;
  const store = task.store(name) as LevelKeyValueStore<K, ValueAndTimestamp<A>>;
  let changed = new Map<unknown, K>();

  const update = (key: K, timestamp: number, next: (aggregate: A) => A) => {
    const before = store.get(key);
    store.put(key, {
      value: next(before === undefined ? aggregation.initializer() : before.value),
      timestamp: before === undefined ? timestamp : Math.max(before.timestamp, timestamp),
    });
    const identity = typeof key === 'string' ? key : Buffer.from(keySerde.serialize(name, key)).toString('latin1');
    if (!changed.has(identity)) changed.set(identity, key);
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
      const keys = changed;
      changed = new Map();
      for (const key of keys.values()) {
        const entry = store.get(key);
        if (entry !== undefined) forward(key, entry.value, entry.timestamp);
      }
    },
  };
}
