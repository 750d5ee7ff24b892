import type { Json } from '@duckdb/node-api';
import { DeltaLog } from '../delta/delta-log.js';
import { identifier, openTableDuckDb } from '../duckdb.js';
import { toJson } from '../query/result-values.js';
import { createViews } from '../query/views.js';
import { viewName } from '../sources.js';
import { REPORTS, type Report } from './report.js';

export interface AnalyzeOptions {
  /** Rows a report. Default 10. */
  readonly limit?: number;
  /** Events from this time on, in milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** Events before this time. */
  readonly untilMs?: number;
}

export interface ReportResult {
  readonly report: Report;
  readonly names: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  /** Why it has no rows, where it could not be made; a line. */
  readonly missing?: string;
}

/** Makes the reports over the table, one after the other. @throws LakeError NO_TABLE */
export async function analyze(
  directory: string,
  reports: readonly Report[] = REPORTS,
  options: AnalyzeOptions = {},
): Promise<ReportResult[]> {
  const snapshot = await new DeltaLog(directory).require();
  const duckDb = await openTableDuckDb(directory);
  try {
    const views = await createViews(duckDb, directory, snapshot);
    const results: ReportResult[] = [];
    for (const report of reports) {
      const view = views.find(({ name }) => name === viewName(report.kind));
      const lacking = report.needs.filter((column) => !view?.columns.includes(column));
      if (view === undefined || lacking.length > 0) {
        const missing =
          view === undefined
            ? `there are no ${report.kindTitle} in the table`
            : `the ${report.kindTitle} in the table have no ${lacking.join(', ')}`;
        results.push({ report, names: [], rows: [], missing });
        continue;
      }
      const result = await duckDb.connection.run(report.sql(rowsOf(view.name, options), options.limit ?? 10));
      results.push({
        report,
        names: result.deduplicatedColumnNames(),
        rows: await result.convertRows(toJson(duckDb.module)),
      });
    }
    return results;
  } finally {
    await duckDb.close();
  }
}

/** The rows of a time; with the date as well, by which whole files are passed over. */
function rowsOf(view: string, { sinceMs, untilMs }: AnalyzeOptions): string {
  const time = (ms: number) => `TIMESTAMPTZ '${new Date(ms).toISOString()}'`;
  const conditions = [
    ...(sinceMs === undefined ? [] : [`date >= CAST(${time(sinceMs)} AS DATE)`, `"timestamp" >= ${time(sinceMs)}`]),
    ...(untilMs === undefined ? [] : [`date <= CAST(${time(untilMs)} AS DATE)`, `"timestamp" < ${time(untilMs)}`]),
  ];
  return conditions.length === 0 ? identifier(view) : `(FROM ${identifier(view)} WHERE ${conditions.join(' AND ')})`;
}
