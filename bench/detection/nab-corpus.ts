import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvFiles, csvRows, type Series, timestampMs } from './csv-series.js';

/** Rows of a labelled anomaly and around it, both ends included. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

export interface NabFile extends Series {
  readonly windows: readonly Window[];
}

/** What the benchmark's users would pay for each kind of answer. */
export interface CostMatrix {
  readonly tpWeight: number;
  readonly fpWeight: number;
  readonly fnWeight: number;
}

export interface NabCorpus {
  readonly files: readonly NabFile[];
  /** By the profile's name, `standard` first. */
  readonly profiles: Readonly<Record<string, CostMatrix>>;
}

/** Reads a copy of the Numenta Anomaly Benchmark: data/, labels/combined_windows.json, config/profiles.json. */
export function readNab(directory: string): NabCorpus {
  const json = (path: string): unknown => JSON.parse(readFileSync(join(directory, path), 'utf8'));
  const limits = json('labels/combined_windows.json') as Record<string, [string, string][]>;
  const profiles = json('config/profiles.json') as Record<string, { CostMatrix: CostMatrix }>;
  const data = join(directory, 'data');
  return {
    files: csvFiles(data).map((name) => {
      const rows = csvRows(data, name);
      const timestampsMs = rows.map(([time = '']) => timestampMs(time));
      const rowAt = (text: string) => {
        const row = timestampsMs.indexOf(timestampMs(text));
        if (row < 0) throw new Error(`${name} has no row at ${text}, where a window's end is`);
        return row;
      };
      return {
        name,
        timestampsMs,
        values: rows.map(([, value]) => Number(value)),
        windows: (limits[name] ?? []).map(([first, last]) => ({ first: rowAt(first), last: rowAt(last) })),
      };
    }),
    profiles: Object.fromEntries(Object.entries(profiles).map(([name, { CostMatrix }]) => [name, CostMatrix])),
  };
}
