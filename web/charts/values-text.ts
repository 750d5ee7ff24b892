/** What a chart shows, as it was given to be drawn. */
export interface ValueColumn {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** Columns divided by tabs, as a spreadsheet takes them in: times in ISO 8601, values as exact as they are. */
export function valuesText(times: readonly number[], columns: readonly ValueColumn[]): string {
  const rows = times.map((time, index) => [
    new Date(time).toISOString(),
    ...columns.map(({ values }) => values[index] ?? ''),
  ]);
  return [['time', ...columns.map(({ name }) => name)], ...rows].map((row) => row.join('\t')).join('\n');
}
