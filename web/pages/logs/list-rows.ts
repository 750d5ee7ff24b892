import type { LogLine } from '../../api/client.js';
import type { LeftOut } from '../../live/live-store.js';

/** A row that stands for lines which came faster than the list can show. */
export interface LeftOutRow {
  readonly id: string;
  readonly leftOut: LeftOut;
}

export type ListRow = LogLine | LeftOutRow;

export const isLeftOut = (row: ListRow): row is LeftOutRow => 'leftOut' in row;

/** The newest first, with a row above each stretch of lines of which some were left out. */
export function rowsOf(lines: readonly LogLine[], leftOut: readonly LeftOut[]): ListRow[] {
  const rows: ListRow[] = [];
  let next = leftOut.length - 1;
  for (const line of lines) {
    for (let gap = leftOut[next]; gap !== undefined && gap.to >= line.time; gap = leftOut[--next]) {
      rows.push({ id: `left-out/${gap.to}/${gap.missed}`, leftOut: gap });
    }
    rows.push(line);
  }
  return rows;
}
