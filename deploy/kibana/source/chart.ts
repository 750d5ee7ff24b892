/** What is computed of the documents of a bucket. */
export interface Metric {
  readonly label: string;
  /** Default: how many there are. */
  readonly of?: {
    readonly operation: 'sum' | 'average' | 'max' | 'unique_count' | 'percentile';
    readonly field: string;
    /** With `percentile`. */
    readonly percentile?: number;
  };
}

/** Documents by the values of a field: those with the largest metric. */
export interface Terms {
  readonly label: string;
  readonly field: string;
  readonly type: 'string' | 'ip' | 'boolean';
  readonly size: number;
}

/** Documents by queries of Lucene, each with its label. */
export interface Filters {
  readonly label: string;
  readonly filters: Readonly<Record<string, string>>;
}

/**
 * - `metric`: one figure.
 * - `bars`, `lines`: over time.
 * - `table`, `treemap`: by the values of a field.
 */
export type Shape = 'metric' | 'bars' | 'lines' | 'table' | 'treemap';

export interface Chart {
  readonly title: string;
  readonly index: string;
  readonly shape: Shape;
  readonly query?: string;
  readonly metrics: readonly [Metric, ...Metric[]];
  readonly by?: Terms | Filters;
}
