import type { LevelKeyValueStore } from '../../state/key-value/key-value-store.js';
import type { ValueAndTimestamp } from '../../state/key-value/value-and-timestamp.js';
import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';

/** Keeps the latest value of each key of a topic, and hands on each change. */
export function compileSourceTable<K, V>(
  storeName: string,
  sendOldValues: boolean,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const rows = task.store(storeName) as LevelKeyValueStore<K, ValueAndTimestamp<V>>;
  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined) {
        task.reportSkipped(storeName, 'null key');
        return;
      }
      const old = sendOldValues ? (rows.get(key as K)?.value ?? null) : undefined;
      if (value === null || value === undefined) rows.delete(key as K);
      else rows.put(key as K, { value: value as V, timestamp });
      forward(key, value, timestamp, old);
    },
  };
}
