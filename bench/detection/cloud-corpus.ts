import { join } from 'node:path';
import { csvFiles, csvRows, type Series, timestampMs } from './csv-series.js';

/** A labelled event: rows in a row that experts marked as anomalous, both ends included. */
export interface Event {
  readonly first: number;
  readonly last: number;
}

export interface CloudSeries extends Series {
  readonly events: readonly Event[];
}

/** Reads a copy of Microsoft's Cloud Monitoring Dataset: CSV files of TimeStamp, Value, Label. */
export function readCloud(directory: string): CloudSeries[] {
  const data = join(directory, 'data');
  return csvFiles(data).map((name) => {
    // Some rows have no value.
    const rows = csvRows(data, name).filter(([, value]) => value !== '');
    const events: { first: number; last: number }[] = [];
    rows.forEach(([, , label], row) => {
      if (Number(label) !== 1) return;
      const last = events.at(-1);
      if (last?.last === row - 1) last.last = row;
      else events.push({ first: row, last: row });
    });
    return {
      name,
      timestampsMs: rows.map(([time = '']) => timestampMs(time)),
      values: rows.map(([, value]) => Number(value)),
      events,
    };
  });
}
