import type { VersionedKeyValueStore } from '../../state/versioned/versioned-store.js';
import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';

/**
 * Keeps the versions of each key of a topic, and hands on each that is taken, also one that is older than the latest. What
 * is older than the history retention is dropped, and counted as skipped.
 */
export function compileVersionedSourceTable<K, V>(
  storeName: string,
  sendOldValues: boolean,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const rows = task.store(storeName) as unknown as VersionedKeyValueStore<K, V>;
  return {
    process: (key, value, timestamp) => {
      if (key === null || key === undefined) {
        task.reportSkipped(storeName, 'null key');
        return;
      }
      const old = sendOldValues ? (rows.get(key as K)?.value ?? null) : undefined;
      const isTaken = rows.put(key as K, (value ?? null) as V | null, timestamp) !== undefined;
      if (isTaken) forward(key, value ?? null, timestamp, old);
      else task.reportSkipped(storeName, 'older than the history retention');
    },
  };
}
