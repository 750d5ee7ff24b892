import Table from 'cli-table3';
import { columnsOf, print } from './output.js';
import { SafeText } from './safe-text.js';
import { cut, widthOf } from './width.js';

/** Text of others is escaped. */
export type Cell = SafeText | string;

/** What stands beside a cell: a space on either side, and a line. */
const BESIDE_CELL = 3;
const MIN_COLUMN = 6;

/** Prints a table on standard output; on a terminal, its widest columns are cut off so that no line wraps. */
export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const columns = columnsOf(process.stdout);
  const cells = [head, ...rows].map((row) => row.map((cell) => (cell instanceof SafeText ? cell : SafeText.of(cell))));
  const natural = head.map((_, column) => cells.reduce((widest, row) => Math.max(widest, widthAt(row, column)), 0));
  const widths = columns === undefined ? natural : fitted(natural, columns - 1 - BESIDE_CELL * head.length);
  const [top = [], ...below] = cells.map((row) => row.map((cell, column) => `${cut(cell, widths[column] ?? 0)}`));
  const table = new Table({ head: top, style: { head: [], border: [] } });
  table.push(...below);
  print(SafeText.empty.with(() => table.toString()));
}

function widthAt(row: readonly SafeText[], column: number): number {
  return widthOf(row[column] ?? SafeText.empty);
}

/** Takes from the widest columns until they have the width together, or none is wide any more. */
export function fitted(natural: readonly number[], available: number): number[] {
  const widths = natural.map((width) => Math.min(width, Math.max(available, MIN_COLUMN)));
  while (widths.reduce((sum, width) => sum + width, 0) > available) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= MIN_COLUMN) break;
    widths[widest] = width - 1;
  }
  return widths;
}
