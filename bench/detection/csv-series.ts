import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Rows of a series as a detector is given them. */
export interface Series {
  readonly name: string;
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

/** Paths of the CSV files in and below `directory`, relative to it, sorted. */
export function csvFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.csv'))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

/** The columns of a CSV file in which no comma is quoted, without its header and quotes. */
export function csvRows(directory: string, path: string): string[][] {
  return readFileSync(join(directory, path), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().replaceAll('"', '').split(','));
}

/** `2014-04-10 07:15:00.000000`, with or without a fraction and a zone; without a zone it is UTC. */
export function timestampMs(text: string): number {
  const iso = text.trim().replace(' ', 'T');
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) ? iso : `${iso}Z`);
  if (Number.isNaN(ms)) throw new Error(`not a time: ${text}`);
  return ms;
}
