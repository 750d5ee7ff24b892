/** Columns of a table of lines, by their source; the fields of those that can be of any record stand in one of them. */
export const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  services: [
    ...['service', 'level', 'message', 'endpoint', 'method', 'status', 'response_time', 'bytes'],
    ...['user_id', 'session_id', 'request_id', 'ip', 'source', 'is_anomaly'],
  ],
  requests: ['server', 'client_ip', 'method', 'host', 'status', 'request_time', 'bytes', 'country'],
  sensors: ['sensor_id', 'temperature', 'pressure', 'value', 'is_anomaly'],
  'dead-letters': ['reason', 'source', 'partition', 'offset', 'line', 'node', 'task', 'record'],
  late: ['late_for', 'late_by_ms', 'grace_needed_ms', 'source', 'partition', 'offset', 'record'],
};
const FIRST = ['id', 'time'];
/** What is in no column of its own. */
export const REST = 'record';

type Line = Readonly<Record<string, unknown>>;

export function csvHead(source: string): string {
  return `${[...FIRST, ...(COLUMNS[source] ?? [])].map(cellOf).join(',')}\r\n`;
}

/** As RFC 4180 has it; times are ISO 8601. */
export function csvLine(source: string, line: Line): string {
  const columns = COLUMNS[source] ?? [];
  const cells = columns.map((name) => (name === REST ? restOf(line, columns) : line[name]));
  return `${[line['id'], isoTime(line['time']), ...cells].map(cellOf).join(',')}\r\n`;
}

function isoTime(time: unknown): unknown {
  return typeof time === 'number' && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : time;
}

export function restOf(line: Line, columns: readonly string[]): string {
  const known = new Set([...FIRST, ...columns, 'kind']);
  return JSON.stringify(Object.fromEntries(Object.entries(line).filter(([name]) => !known.has(name))));
}

/** Programs take a text that begins so for a formula, and may run it. */
const FORMULA = /^[=+\-@\t\r]/;

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
