import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';
import type { TableRows } from '../tables/table-rows.js';
import type { Join } from './join.js';

export interface StreamTableJoinOptions {
  readonly name: string;
  readonly rows: TableRows;
  readonly join: Join;
  /** Records without a row are joined with null; else they are passed over. */
  readonly isLeft: boolean;
}

/** Looks up the row of each record's key, as it is when the record is processed; of a versioned table, as of the record's time. */
export function compileStreamTableJoin(
  { isLeft, join, name, rows }: StreamTableJoinOptions,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const find = rows.current(task);
  const passed = task.countsOut(name);
  return {
    process: (key, value, timestamp) => {
      const isKeyless = key === null || key === undefined;
      if (value === null || value === undefined || (isKeyless && !isLeft)) {
        task.reportSkipped(name, isKeyless ? 'null key' : 'null value');
        return;
      }
      let joined: unknown;
      try {
        const row = isKeyless ? undefined : find(key, timestamp);
        if (row === undefined && !isLeft) return;
        joined = join(key, value, row === undefined ? null : row.value);
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      passed.out++;
      forward(key, joined, timestamp);
    },
  };
}
