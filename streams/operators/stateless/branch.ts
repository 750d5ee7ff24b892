import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';

/** Hands each record to the branch of the first predicate that it meets, and to none where it meets none. */
export function compileBranch<K, V>(
  name: string,
  predicates: readonly ((key: K, value: V) => boolean)[],
  task: TaskContext,
  branches: readonly Forward[],
): CompiledNode {
  return {
    process: (key, value, timestamp) => {
      let taken: number;
      try {
        taken = predicates.findIndex((predicate) => predicate(key as K, value as V));
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      branches[taken]?.(key, value, timestamp);
    },
  };
}
