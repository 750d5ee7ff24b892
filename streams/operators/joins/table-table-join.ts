import type { CompiledNode, Forward, TaskContext } from '../../topology/topology.js';
import type { FindRow, TableRows } from '../tables/table-rows.js';
import type { Join, JoinKind, JoinSide } from './join.js';

export interface TableTableJoin {
  readonly kind: JoinKind;
  readonly join: Join;
  readonly left: TableRows;
  readonly right: TableRows;
}

/** A row's result: null where there is none. Null stands for a row that there is not. */
function resultOf({ join, kind }: TableTableJoin, key: unknown, left: unknown, right: unknown): unknown {
  if (left === null && (kind !== 'outer' || right === null)) return null;
  if (right === null && kind === 'inner') return null;
  return join(key, left, right);
}

/** Follows the changes of one side, and joins each with the other side's row. */
export function compileTableJoinSide(
  options: TableTableJoin & { readonly name: string; readonly side: JoinSide },
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const { kind, left, name, right, side } = options;
  const isLeft = side === 'left';
  const findOther = (isLeft ? right : left).told(task);
  const needsOther = kind === 'inner' || (kind === 'left' && !isLeft);
  const passed = task.countsOut(name);
  const joined = (key: unknown, own: unknown, other: unknown) =>
    isLeft ? resultOf(options, key, own, other) : resultOf(options, key, other, own);
  return {
    process: (key, value, timestamp, old) => {
      if (key === null || key === undefined) {
        task.reportSkipped(name, 'null key');
        return;
      }
      const now = value ?? null;
      let result: unknown;
      let before: unknown;
      let time = timestamp;
      try {
        const row = findOther(key);
        const other = row?.value ?? null;
        if (other === null && (needsOther || (now === null && (old ?? null) === null))) return;
        if (row !== undefined && row.timestamp > time) time = row.timestamp;
        result = joined(key, now, other);
        before = old === undefined ? undefined : joined(key, old, other);
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      passed.out++;
      forward(key, result, time, before);
    },
  };
}

/** The rows of the result, each made when it is looked up. */
export function joinedTableRows(options: TableTableJoin): TableRows {
  const { left, right } = options;
  const both =
    (findLeft: FindRow, findRight: FindRow): FindRow =>
    (key) => {
      const [ofLeft, ofRight] = [findLeft(key), findRight(key)];
      const value = resultOf(options, key, ofLeft?.value ?? null, ofRight?.value ?? null);
      if (value === null || value === undefined) return undefined;
      return { value, timestamp: Math.max(ofLeft?.timestamp ?? -1, ofRight?.timestamp ?? -1) };
    };
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    current: (task) => both(left.current(task), right.current(task)),
    told: (task) => both(left.told(task), right.told(task)),
  };
}
