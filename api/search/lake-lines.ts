import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LakeError } from '../../lake/lake-error.js';
import { type QueryResult, runQuery } from '../../lake/query/run-query.js';
import type { LiveRecord } from '../live/record-ring.js';
import type { Range } from '../parameters.js';
import { Problem } from '../problems.js';
import type { LogSource } from '../records.js';
import { Gate } from './gate.js';
import type { Term, TermValue } from './log-query.js';

const WITHIN_MS = 20_000;
const ROW_COLUMNS = 4;
/** Each is a process that may take both cores. */
const SEARCHES = new Gate(2, 30);

/** What of the lake can be searched as lines, and the columns that hold texts and numbers. */
const VIEWS = {
  services: {
    view: 'service',
    texts: ['service', 'level', 'message', 'endpoint', 'method', 'user_id', 'session_id', 'request_id', 'ip', 'source'],
    numbers: ['response_time', 'status', 'bytes'],
    booleans: ['is_anomaly'],
  },
  requests: {
    view: 'access',
    texts: ['server', 'client_ip', 'method', 'host', 'country'],
    numbers: ['status', 'request_time', 'bytes'],
    booleans: [],
  },
  sensors: { view: 'sensor', texts: ['sensor_id'], numbers: ['temperature', 'pressure'], booleans: ['is_anomaly'] },
} as const;

type View = (typeof VIEWS)[keyof typeof VIEWS];

/** Lines that come before a position, in the order of lists: the newest first. */
export interface LakePosition {
  readonly time: number;
  readonly partition: number;
  readonly offset: number;
}

export interface LakeSearch {
  readonly source: LogSource;
  readonly terms: readonly Term[];
  readonly range: Range;
  readonly before?: LakePosition | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Whether the lake keeps such lines at all. */
export function isInLake(directory: string | undefined, source: LogSource): directory is string {
  return directory !== undefined && Object.hasOwn(VIEWS, source) && existsSync(join(directory, '_delta_log'));
}

/** Searches the lake, in the process of queries. @throws Problem */
export async function lakeLines(directory: string, search: LakeSearch): Promise<LiveRecord[]> {
  const view = VIEWS[search.source as keyof typeof VIEWS];
  const names = [...view.texts, ...view.numbers, ...view.booleans];
  const rows = await rowsOf(directory, lakeSql(view, search), { maxRows: search.limit, signal: search.signal });
  return rows.map((row) => {
    const [time, topic, partition, offset] = row;
    const value = Object.fromEntries(names.map((name, index) => [name, row[index + ROW_COLUMNS] ?? null]));
    return {
      ...{ topic: String(topic), partition: Number(partition), offset: Number(offset), time: Number(time), key: null },
      value: { ...value, timestamp: Number(time) },
    };
  });
}

async function rowsOf(
  directory: string,
  sql: string,
  options: { readonly maxRows: number; readonly signal: AbortSignal },
): Promise<QueryResult['rows']> {
  try {
    const search = () => runQuery(directory, sql, { ...options, timeoutMs: WITHIN_MS });
    return (await SEARCHES.pass(options.signal, search)).rows;
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    // What was never stored has no view yet.
    if (error.code === 'NO_TABLE' || /there is no table/i.test(error.message)) return [];
    throw new Problem(503, 'lake-failed', `The stored lines cannot be searched now: ${error.message}.`, {
      cause: error,
    });
  }
}

/** What lines of the view are told apart by in a histogram: as `classOf` has it for those in memory. */
const CLASSES = {
  service: 'level',
  access: "CAST(status // 100 AS VARCHAR) || 'xx'",
  sensor: "CASE WHEN is_anomaly THEN 'anomaly' ELSE 'other' END",
} as const;

export interface LakeCount {
  readonly time: number;
  readonly name: string;
  readonly count: number;
}

/** Counts lines of the lake by steps and classes, however many there are. @throws Problem */
export async function lakeCounts(
  directory: string,
  search: Omit<LakeSearch, 'before' | 'limit'>,
  step: number,
): Promise<LakeCount[]> {
  const view = VIEWS[search.source as keyof typeof VIEWS];
  const conditions = conditionsSql(view, search);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const at = `(epoch_ms(timestamp) // ${Math.trunc(step)}) * ${Math.trunc(step)}`;
  const sql = `SELECT ${at} AS at, ${CLASSES[view.view]} AS class, count(*) AS lines FROM ${view.view}${where} GROUP BY 1, 2`;
  const rows = await rowsOf(directory, sql, { maxRows: 100_000, signal: search.signal });
  return rows.map(([time, name, count]) => ({ time: Number(time), name: String(name), count: Number(count) }));
}

export function lakeSql(view: View, search: Omit<LakeSearch, 'signal' | 'source'>): string {
  const { before, limit } = search;
  const conditions = conditionsSql(view, search);
  if (before !== undefined) {
    const { offset, partition, time } = before;
    conditions.push(
      `(epoch_ms(timestamp), kafka_partition, kafka_offset) < (${Math.trunc(time)}, ${Math.trunc(partition)}, ${Math.trunc(offset)})`,
    );
  }
  const columns = [...view.texts, ...view.numbers, ...view.booleans].map((name) => `"${name}"`).join(', ');
  return (
    `SELECT epoch_ms(timestamp) AS at, topic, kafka_partition, kafka_offset, ${columns} FROM ${view.view}` +
    (conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`) +
    ` ORDER BY timestamp DESC, kafka_partition DESC, kafka_offset DESC LIMIT ${Math.trunc(limit)}`
  );
}

function conditionsSql(view: View, { range, terms }: Pick<LakeSearch, 'range' | 'terms'>): string[] {
  const conditions = terms.map((term) => termSql(view, term));
  // Files of other days are passed over unopened.
  if (Number.isFinite(range.from)) {
    conditions.push(`date >= ${instantSql(range.from)}::DATE`, `timestamp >= ${instantSql(range.from)}`);
  }
  if (Number.isFinite(range.to)) {
    conditions.push(`date <= ${instantSql(range.to)}::DATE`, `timestamp < ${instantSql(range.to)}`);
  }
  return conditions;
}

function instantSql(ms: number): string {
  return `make_timestamp_ms(${Math.trunc(ms)})`;
}

/** As the matcher of lines in memory has it. */
function termSql(view: View, { field, isNegated, values }: Term): string {
  const any = values.map((value) => (field === undefined ? wordSql(view, value) : fieldSql(view, field, value)));
  const fits = `(${any.join(' OR ')})`;
  return isNegated ? `NOT coalesce(${fits}, false)` : `coalesce(${fits}, false)`;
}

function wordSql({ texts }: View, value: TermValue): string {
  return texts.map((name) => `coalesce(${textSql(`"${name}"`, value, true)}, false)`).join(' OR ');
}

function fieldSql(view: View, field: string, value: TermValue): string {
  const isText = (view.texts as readonly string[]).includes(field);
  const isNumber = (view.numbers as readonly string[]).includes(field);
  const isBoolean = (view.booleans as readonly string[]).includes(field);
  if (!isText && !isNumber && !isBoolean)
    return value.kind === 'text' && value.text.toLowerCase() === 'null' ? 'true' : 'false';
  const column = `"${field}"`;
  if (value.kind === 'compare') return isNumber ? `${column} ${value.operator} ${value.number}` : 'false';
  if (value.kind === 'range') return isNumber ? `${column} BETWEEN ${value.least} AND ${value.most}` : 'false';
  if (value.kind === 'text' && value.text.toLowerCase() === 'null') return `${column} IS NULL`;
  if (isText) return textSql(column, value, field === 'message');
  if (value.kind === 'text' && isNumber) {
    return /^-?\d+(\.\d+)?$/.test(value.text) ? `${column} = ${value.text}` : 'false';
  }
  return textSql(`CAST(${column} AS VARCHAR)`, value, false);
}

function textSql(column: string, value: TermValue, isWithin: boolean): string {
  if (value.kind === 'wildcard') {
    const pattern = value.pattern
      .toLowerCase()
      .split('*')
      .map((part) => part.replace(/[\\%_]/g, '\\$&'))
      .join('%');
    return `lower(${column}) LIKE ${textLiteral(isWithin ? `%${pattern}%` : pattern)} ESCAPE '\\'`;
  }
  const text = value.kind === 'text' ? textLiteral(value.text.toLowerCase()) : "''";
  return isWithin ? `contains(lower(${column}), ${text})` : `lower(${column}) = ${text}`;
}

function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''").replaceAll('\0', '')}'`;
}
