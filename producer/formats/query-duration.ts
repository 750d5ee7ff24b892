const DURATION = /^duration: (\d{1,12}(?:\.\d{1,6})?) ms\b/;

/** The milliseconds that PostgreSQL tells of a query with `log_min_duration_statement`: `duration: 0.485 ms  statement: …`. */
export function queryMs(message: unknown): number | undefined {
  const [, milliseconds] = typeof message === 'string' ? (DURATION.exec(message) ?? []) : [];
  return milliseconds === undefined ? undefined : Number(milliseconds);
}
