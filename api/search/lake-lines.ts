import { z } from 'zod';
import { transactionId } from '../../lake/append.js';
import { LakeError } from '../../lake/lake-error.js';
import type { LakeLines } from '../../lake/lines/lake-lines.js';
import type { LinesAnswer, LinesQuestion } from '../../lake/lines/lines-question.js';
import { topicSchema } from '../../schemas/subjects.js';
import type { TopicRole } from '../../schemas/topics.js';
import type { LiveRecord } from '../live/live-record.js';
import type { Span } from '../live/record-ring.js';
import type { Range } from '../parameters.js';
import { Problem } from '../problems.js';
import type { LogSource } from '../records.js';
import { Gate } from './gate.js';
import type { Term, TermValue } from './log-query.js';

const WITHIN_MS = 20_000;
const ROW_COLUMNS = 4;
const ALL_TIME: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
/** Each is a process that may take both cores. */
const SEARCHES = new Gate(2, 30);

/** What of the lake can be searched as lines, and the columns that hold texts, numbers and maps of texts, which are JSON. */
interface View {
  readonly view: 'service' | 'access' | 'sensor';
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
  readonly maps?: readonly string[];
}

const recordFields = z.object({ fields: z.array(z.object({ name: z.string(), type: z.unknown() })) });

const VIEWS = {
  services: viewOf('service', 'serviceLogs'),
  requests: viewOf('access', 'accessLog'),
  sensors: viewOf('sensor', 'sensorReadings'),
} as const;

/** By the schema, so that a field that is added to it can be searched in the lake, too. */
function viewOf(view: View['view'], role: TopicRole): View {
  const { fields } = recordFields.parse(topicSchema(role).schema);
  const namesOf = (...types: readonly string[]) =>
    fields.filter(({ name, type }) => name !== 'timestamp' && types.includes(typeOf(type))).map(({ name }) => name);
  return {
    ...{ view, texts: namesOf('string'), numbers: namesOf('int', 'long', 'float', 'double') },
    ...{ booleans: namesOf('boolean'), maps: namesOf('map') },
  };
}

/** Of what may be null, the other type. */
function typeOf(type: unknown): string {
  if (Array.isArray(type)) return typeOf(type.find((one) => one !== 'null'));
  return typeof type === 'string' ? type : String((type as { readonly type?: unknown } | undefined)?.type);
}

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
  /** Where in the log lines were; default anywhere. */
  readonly place?: (Span & { readonly topic: string }) | undefined;
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
  const { booleans, maps = [], numbers, texts } = view;
  const names = [...texts, ...numbers, ...booleans, ...maps];
  const { rows, stored } = await rowsOf(lake, search, {
    ...{ sql: lakeSql(view, search), isNewestFirst: true, maxRows: search.limit },
  });
  const records = rows.map((row) => {
    const [time, topic, partition, offset] = row;
    const value = Object.fromEntries(
      names.map((name, index) => {
        const held = row[index + ROW_COLUMNS] ?? null;
        return [name, typeof held === 'string' && maps.includes(name) ? JSON.parse(held) : held];
      }),
    );
    return {
      ...{ topic: String(topic), partition: Number(partition), offset: Number(offset), time: Number(time), key: null },
      value: { ...value, timestamp: Number(time) },
    };
  });
  return { records, stored: storedOf(stored, search.held.topic) };
}

/** A line of the lake by where it was in the log; undefined where the lake does not have it. @throws Problem */
export async function lakeLine(
  lake: LakeLines,
  source: LogSource,
  { offset, partition, topic }: Pick<LiveRecord, 'offset' | 'partition' | 'topic'>,
  signal: AbortSignal,
): Promise<LiveRecord | undefined> {
  const place = { topic, partition, first: offset, last: offset };
  const search = { source, terms: [], range: ALL_TIME, held: { topic, spans: [] }, place, limit: 1, signal };
  return (await lakeLines(lake, search)).records[0];
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
  const { booleans, maps = [], numbers, texts, view } = VIEWS[source as keyof typeof VIEWS];
  const typed = (names: readonly string[], type: 'VARCHAR' | 'DOUBLE' | 'BOOLEAN') =>
    names.map((name) => [name, type] as const);
  const question = {
    ...asked,
    ...{ kind: view, from: range.from, to: Math.min(range.to, (before?.time ?? Number.POSITIVE_INFINITY) + 1) },
    columns: Object.fromEntries([
      ...typed([...texts, ...maps], 'VARCHAR'),
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
  const columns = [...view.texts, ...view.numbers, ...view.booleans, ...(view.maps ?? [])]
    .map((name) => `"${name}"`)
    .join(', ');
  return (
    `SELECT epoch_ms(timestamp) AS at, topic, kafka_partition, kafka_offset, ${columns} FROM ${view.view}` +
    (conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`) +
    ` ORDER BY timestamp DESC, kafka_partition DESC, kafka_offset DESC LIMIT ${Math.trunc(limit)}`
  );
}

function conditionsSql(
  view: View,
  { held, place, range, terms }: Pick<LakeSearch, 'held' | 'place' | 'range' | 'terms'>,
): string[] {
  const conditions = terms.map((term) => termSql(view, term));
  if (place !== undefined) conditions.push(`topic = ${textLiteral(place.topic)} AND ${spanSql(place)}`);
  if (Number.isFinite(range.from)) conditions.push(`timestamp >= ${instantSql(range.from)}`);
  if (Number.isFinite(range.to)) conditions.push(`timestamp < ${instantSql(range.to)}`);
  if (held.spans.length > 0) {
    const spans = held.spans.map(spanSql);
    conditions.push(`NOT (topic = ${textLiteral(held.topic)} AND (${spans.join(' OR ')}))`);
  }
  return conditions;
}

function spanSql({ first, last, partition }: Span): string {
  return `kafka_partition = ${partition} AND kafka_offset BETWEEN ${first} AND ${last}`;
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

function wordSql({ maps = [], texts }: View, value: TermValue): string {
  const columns = [
    ...texts.map((name) => `"${name}"`),
    ...maps.map((name) => `array_to_string(json_extract_string("${name}", '$.*'), chr(10))`),
  ];
  return columns.map((column) => `coalesce(${textSql(column, value, true)}, false)`).join(' OR ');
}

/** A member of a map, whatever the case of its name: what is compared is in lower case, too. */
function memberSql(map: string, name: string, value: TermValue): string {
  const member = `json_extract_string(lower("${map}"), ${textLiteral(`$."${name.replaceAll('"', '')}"`)})`;
  if (value.kind === 'text' && value.text.toLowerCase() === 'null') return `${member} IS NULL`;
  if (value.kind !== 'compare' && value.kind !== 'range') return textSql(member, value, false);
  const number = `CASE WHEN regexp_full_match(${member}, '-?[0-9]+([.][0-9]+)?') THEN CAST(${member} AS DOUBLE) END`;
  return value.kind === 'compare'
    ? `(${number}) ${value.operator} ${value.number}`
    : `(${number}) BETWEEN ${value.least} AND ${value.most}`;
}

function fieldSql(view: View, field: string, value: TermValue): string {
  const [map = '', ...name] = field.split('.');
  if (name.length > 0 && view.maps?.includes(map)) return memberSql(map, name.join('.'), value);
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
