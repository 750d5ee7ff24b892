import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';
import type { Join } from './join.js';

export interface StreamGlobalTableJoinOptions {
  readonly name: string;
  readonly table: string;
  /** The key of the table's row that a record is joined with. */
  readonly keySelector: (key: unknown, value: unknown) => unknown;
  readonly join: Join;
  /** Records without a row are joined with null; else they are passed over. */
  readonly isLeft: boolean;
}

/** Looks up, for each record, a row of a global table as it is here and now. */
export function compileStreamGlobalTableJoin(
  { isLeft, join, keySelector, name, table }: StreamGlobalTableJoinOptions,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const find = task.globalTable(table);
  const passed = task.countsOut(name);
  return {
    process: (key, value, timestamp) => {
      if (value === null || value === undefined) {
        task.reportSkipped(name, 'null value');
        return;
      }
      let joined: unknown;
      try {
        const selected = keySelector(key, value) ?? null;
        if (selected === null && !isLeft) {
          task.reportSkipped(name, 'null key of the table');
          return;
        }
        const row = selected === null ? undefined : find(selected);
        if (row === undefined && !isLeft) return;
        joined = join(key, value, row ?? null);
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      passed.out++;
      forward(key, joined, timestamp);
    },
  };
}
