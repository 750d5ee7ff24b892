/** A historical report: a SELECT over one kind. */
export interface Report {
  readonly name: string;
  /** What its rows are. */
  readonly title: string;
  /** What it is about. */
  readonly kind: string;
  /** What that is called when there is none. */
  readonly kindTitle: string;
  /** The columns without which it has nothing to say. */
  readonly needs: readonly string[];
  /** @param rows what follows FROM: the kind's rows of the time that is asked for */
  sql(rows: string, limit: number): string;
}

/** A failed request or a record of a failure. */
const SERVICE_ERROR = "(coalesce(status, 0) >= 500 OR level IN ('ERROR', 'CRITICAL'))";
const HOUR = `date_trunc('hour', "timestamp")`;

const service = { kind: 'service', kindTitle: 'service logs' };
const access = { kind: 'access', kindTitle: 'access logs' };
const alert = { kind: 'alert', kindTitle: 'alerts' };

/** All reports, in the order in which they are printed. */
export const REPORTS: readonly Report[] = [
  {
    ...service,
    name: 'endpoints',
    title: 'endpoints with the most requests',
    needs: ['endpoint', 'status', 'level', 'response_time'],
    sql: (rows, limit) =>
      `SELECT endpoint, count(*) AS requests, count(*) FILTER (${SERVICE_ERROR}) AS errors,
         round(avg(response_time), 1) AS mean_ms, round(quantile_cont(response_time, 0.95), 1) AS p95_ms
       FROM ${rows} WHERE endpoint IS NOT NULL GROUP BY endpoint ORDER BY requests DESC, endpoint LIMIT ${limit}`,
  },
  {
    ...service,
    name: 'endpoint-errors',
    title: 'errors by endpoint and hour',
    needs: ['endpoint', 'status', 'level'],
    sql: (rows, limit) =>
      `SELECT endpoint, ${HOUR} AS hour, count(*) FILTER (${SERVICE_ERROR}) AS errors, count(*) AS requests,
         round(100 * errors / requests, 1) AS percent
       FROM ${rows} WHERE endpoint IS NOT NULL GROUP BY ALL HAVING errors > 0
       ORDER BY errors DESC, hour, endpoint LIMIT ${limit}`,
  },
  {
    ...service,
    name: 'sessions',
    title: 'sessions by user',
    needs: ['user_id', 'session_id'],
    sql: (rows, limit) =>
      `WITH session AS (
         SELECT user_id, session_id, count(*) AS records, min("timestamp") AS first, max("timestamp") AS last
         FROM ${rows} WHERE user_id IS NOT NULL AND session_id IS NOT NULL GROUP BY user_id, session_id)
       SELECT user_id, count(*) AS sessions, sum(records)::BIGINT AS records,
         round(avg(epoch_ms(last) - epoch_ms(first)) / 1000, 1) AS mean_s,
         round(max(epoch_ms(last) - epoch_ms(first)) / 1000, 1) AS longest_s, min(first) AS first, max(last) AS last
       FROM session GROUP BY user_id ORDER BY sessions DESC, user_id LIMIT ${limit}`,
  },
  {
    ...service,
    name: 'flagged',
    title: 'records marked as anomalies, by source and level',
    needs: ['is_anomaly', 'source', 'level'],
    sql: (rows, limit) =>
      `SELECT source, level, count(*) FILTER (CAST(is_anomaly AS BOOLEAN)) AS anomalies, count(*) AS records,
         round(100 * anomalies / records, 1) AS percent
       FROM ${rows} GROUP BY source, level HAVING anomalies > 0 ORDER BY anomalies DESC, source, level LIMIT ${limit}`,
  },
  {
    ...alert,
    name: 'anomalies',
    title: 'alerts by source and type',
    needs: ['id', 'source_kind', 'detector', 'severity', 'entity'],
    // One has a record when it is opened, and one when it is resolved.
    sql: (rows, limit) =>
      `SELECT source_kind, detector, severity, count(DISTINCT id) AS alerts, count(DISTINCT entity) AS entities,
         min("timestamp") AS first, max("timestamp") AS last
       FROM ${rows} GROUP BY source_kind, detector, severity
       ORDER BY alerts DESC, source_kind, detector, severity LIMIT ${limit}`,
  },
  {
    ...access,
    name: 'hosts',
    title: 'hosts with the most requests',
    needs: ['host', 'status', 'request_time'],
    sql: (rows, limit) =>
      `SELECT host, count(*) AS requests, count(*) FILTER (status BETWEEN 400 AND 499) AS "4xx",
         count(*) FILTER (status >= 500) AS "5xx", round(avg(request_time), 3) AS mean_s,
         round(quantile_cont(request_time, 0.95), 3) AS p95_s
       FROM ${rows} GROUP BY host ORDER BY requests DESC, host LIMIT ${limit}`,
  },
  {
    ...access,
    name: 'clients',
    title: 'clients with the most requests',
    needs: ['client_ip', 'country', 'host', 'status'],
    sql: (rows, limit) =>
      `SELECT client_ip, max(country) AS country, count(*) AS requests, count(DISTINCT host) AS hosts,
         count(*) FILTER (status >= 400) AS errors
       FROM ${rows} GROUP BY client_ip ORDER BY requests DESC, client_ip LIMIT ${limit}`,
  },
  {
    ...access,
    name: 'host-errors',
    title: 'errors by host and hour',
    needs: ['host', 'status'],
    sql: (rows, limit) =>
      `SELECT host, ${HOUR} AS hour, count(*) FILTER (status BETWEEN 400 AND 499) AS "4xx",
         count(*) FILTER (status >= 500) AS "5xx", count(*) AS requests,
         round(100 * ("4xx" + "5xx") / requests, 1) AS percent
       FROM ${rows} GROUP BY ALL HAVING "4xx" + "5xx" > 0
       ORDER BY "4xx" + "5xx" DESC, hour, host LIMIT ${limit}`,
  },
];
