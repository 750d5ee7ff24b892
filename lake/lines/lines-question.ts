import type { Json } from '@duckdb/node-api';

/** What is asked of the lines of one kind. */
export interface LinesQuestion {
  /** As files of the table are partitioned by it; the SELECT is from a view of that name. */
  readonly kind: string;
  /** The columns that the SELECT may name besides where a record came from, with DuckDB's types; null where no file has them. */
  readonly columns: Readonly<Record<string, 'VARCHAR' | 'DOUBLE' | 'BOOLEAN'>>;
  /** Files without lines from one time until before another are not opened; milliseconds, or without end. */
  readonly from: number;
  readonly to: number;
  readonly sql: string;
  /** Whether rows are lines, the newest first: then later hours are looked through first, and earlier ones where rows are missing. */
  readonly isNewestFirst: boolean;
  /** As many rows are answered at most. */
  readonly maxRows: number;
}

export interface LinesAnswer {
  readonly rows: readonly (readonly Json[])[];
  /** By the id of a partition's transactions (`transactionId`), the offset after the last record that was looked at. */
  readonly stored: Readonly<Record<string, number>>;
}
