import { transactionId } from '../../lake/append.js';
import { LakeError } from '../../lake/lake-error.js';
import type { LakeLines } from '../../lake/lines/lake-lines.js';
import type { LinesAnswer, LinesQuestion } from '../../lake/lines/lines-question.js';
import type { LiveRecord } from '../live/live-record.js';
import type { Span } from '../live/record-ring.js';
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
    texts: [
      'service',
      'level',
      'message',
      'endpoint',
      'method',
      'user_id',
      'session_id',
      'request_id',
      'ip',
      'source',
      'trace_id',
      'span_id',
    ],
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

/** Records of a topic that are in memory. */
export interface Held {
  readonly topic: string;
  readonly spans: readonly Span[];
}

export interface LakeSearch {
  readonly source: LogSource;
  readonly terms: readonly Term[];
  readonly range: Range;
  readonly before?: LakePosition | undefined;
  /** What is in memory already, and left out. */
  readonly held: Held;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Whether the lake keeps such lines at all. */
export function isInLake(lake: LakeLines | undefined, source: LogSource): lake is LakeLines {
  return lake?.hasTable === true && Object.hasOwn(VIEWS, source);
}

/** How far topics are in the lake: by partition, the offset after the last record that was looked at. */
type Stored = ReadonlyMap<number, number>;

/** Lines of the lake that fit, the newest first. @throws Problem */
export async function lakeLines(
  lake: LakeLines,
  search: LakeSearch,
): Promise<{ readonly records: LiveRecord[]; readonly stored: Stored }> {
  const view = VIEWS[search.source as keyof typeof VIEWS];
  const names = [...view.texts, ...view.numbers, ...view.booleans];
  const { rows, stored } = await rowsOf(lake, search, {
    ...{ sql: lakeSql(view, search), isNewestFirst: true, maxRows: search.limit },
  });
  const records = rows.map((row) => {
    const [time, topic, partition, offset] = row;
    const value = Object.fromEntries(names.map((name, index) => [name, row[index + ROW_COLUMNS] ?? null]));
    return {
      ...{ topic: String(topic), partition: Number(partition), offset: Number(offset), time: Number(time), key: null },
      value: { ...value, timestamp: Number(time) },
    };
  });
  return { records, stored: storedOf(stored, search.held.topic) };
}

function storedOf(stored: LinesAnswer['stored'], topic: string): Stored {
  const start = transactionId({ topic, partition: 0 }).slice(0, -1);
  return new Map(
    Object.entries(stored)
      .filter(([id]) => id.startsWith(start))
      .map(([id, offset]) => [Number(id.slice(start.length)), offset]),
  );
}

async function rowsOf(
  lake: LakeLines,
  { before, range, signal, source }: Pick<LakeSearch, 'before' | 'range' | 'signal' | 'source'>,
  asked: Pick<LinesQuestion, 'sql' | 'isNewestFirst' | 'maxRows'>,
): Promise<LinesAnswer> {
  const { booleans, numbers, texts, view } = VIEWS[source as keyof typeof VIEWS];
  const typed = (names: readonly string[], type: 'VARCHAR' | 'DOUBLE' | 'BOOLEAN') =>
    names.map((name) => [name, type] as const);
  const question = {
    ...{
      ...asked,
      kind: view,
      from: range.from,
      to: Math.min(range.to, (before?.time ?? Number.POSITIVE_INFINITY) + 1),
    },
    columns: Object.fromEntries([
      ...typed(texts, 'VARCHAR'),
      ...typed(numbers, 'DOUBLE'),
      ...typed(booleans, 'BOOLEAN'),
    ]),
  };
  try {
    return await SEARCHES.pass(signal, () => lake.ask(question, { signal, timeoutMs: WITHIN_MS }));
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    if (error.code === 'NO_TABLE') return { rows: [], stored: {} };
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
  lake: LakeLines,
  search: Omit<LakeSearch, 'before' | 'limit'>,
  step: number,
): Promise<{ readonly counts: LakeCount[]; readonly stored: Stored }> {
  const view = VIEWS[search.source as keyof typeof VIEWS];
  const conditions = conditionsSql(view, search);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const at = `(epoch_ms(timestamp) // ${Math.trunc(step)}) * ${Math.trunc(step)}`;
  const sql = `SELECT ${at} AS at, ${CLASSES[view.view]} AS class, count(*) AS lines FROM ${view.view}${where} GROUP BY 1, 2`;
  const { rows, stored } = await rowsOf(lake, search, { sql, isNewestFirst: false, maxRows: 100_000 });
  const counts = rows.map(([time, name, count]) => ({ time: Number(time), name: String(name), count: Number(count) }));
  return { counts, stored: storedOf(stored, search.held.topic) };
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

function conditionsSql(view: View, { held, range, terms }: Pick<LakeSearch, 'held' | 'range' | 'terms'>): string[] {
  const conditions = terms.map((term) => termSql(view, term));
  if (Number.isFinite(range.from)) conditions.push(`timestamp >= ${instantSql(range.from)}`);
  if (Number.isFinite(range.to)) conditions.push(`timestamp < ${instantSql(range.to)}`);
  if (held.spans.length > 0) {
    const spans = held.spans.map(
      ({ first, last, partition }) => `kafka_partition = ${partition} AND kafka_offset BETWEEN ${first} AND ${last}`,
    );
    conditions.push(`NOT (topic = ${textLiteral(held.topic)} AND (${spans.join(' OR ')}))`);
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
