import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';

/** Hands each record to the branch of the first predicate that it meets, and to none where it meets none. */
export function compileBranch<K, V>(
  name: string,
  predicates: readonly ((key: K, value: V) => boolean)[],
  task: TaskContext,
  branches: readonly { readonly name: string; readonly forward: Forward }[],
): CompiledNode {
  const passed = branches.map((branch) => task.countsOut(branch.name));
  const all = task.countsOut(name);
  return {
    process: (key, value, timestamp) => {
      let taken: number;
      try {
        taken = predicates.findIndex((predicate) => predicate(key as K, value as V));
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      const count = passed[taken];
      if (count === undefined) return;
      count.out++;
      all.out++;
      branches[taken]?.forward(key, value, timestamp);
    },
  };
}
