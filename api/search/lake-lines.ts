import { transactionId } from '../../lake/append.js';
import { LakeError } from '../../lake/lake-error.js';
import type { LakeLines } from '../../lake/lines/lake-lines.js';
import type { LinesAnswer, LinesQuestion } from '../../lake/lines/lines-question.js';
import type { LiveRecord } from '../live/live-record.js';
import type { Span } from '../live/record-ring.js';
import type { Range } from '../parameters.js';
import type { LogSource } from '../records.js';
import { Gate } from './gate.js';
import { type LineFields, lineFieldsOf } from './line-fields.js';
import type { Term, TermValue } from './log-query.js';
import {
  type Stored,
  type StoredAnswer,
  type StoredLines,
  StoredLinesAway,
  type StoredQuestion,
  type StoredSearch,
} from './stored-lines.js';

const WITHIN_MS = 20_000;
const ROW_COLUMNS = 4;
const ALL_TIME: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
/** Each is a process that may take both cores. */
const SEARCHES = new Gate(2, 30);

/** What of the lake can be searched as lines; maps are JSON there. */
interface View extends LineFields {
  readonly view: 'service' | 'access' | 'sensor';
}

const VIEWS = {
  services: { view: 'service', ...lineFieldsOf('serviceLogs') },
  requests: { view: 'access', ...lineFieldsOf('accessLog') },
  sensors: { view: 'sensor', ...lineFieldsOf('sensorReadings') },
} as const;

interface LakeSearch extends StoredSearch {
  /** Where in the log lines were; default anywhere. */
  readonly place?: (Span & { readonly topic: string }) | undefined;
}

/** Lines of a Delta Lake table. */
export class StoredInLake implements StoredLines {
  readonly name = 'lake';
  readonly #lake: LakeLines;

  constructor(lake: LakeLines) {
    this.#lake = lake;
  }

  keeps(source: LogSource): boolean {
    return this.#lake.hasTable && Object.hasOwn(VIEWS, source);
  }

  async find(search: StoredSearch) {
    const { records, stored } = await this.#find(search);
    return { records, ...answerOf(stored) };
  }

  async line(
    source: LogSource,
    { offset, partition, topic }: Pick<LiveRecord, 'offset' | 'partition' | 'topic'>,
    signal: AbortSignal,
  ): Promise<LiveRecord | undefined> {
    const place = { topic, partition, first: offset, last: offset };
    const search = { source, terms: [], range: ALL_TIME, held: { topic, spans: [] }, place, limit: 1, signal };
    return (await this.#find(search)).records[0];
  }

  /** However many there are. */
  async counts(question: StoredQuestion, step: number) {
    const view = viewIn(question.source);
    const conditions = conditionsSql(view, question);
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const at = `(epoch_ms(timestamp) // ${Math.trunc(step)}) * ${Math.trunc(step)}`;
    const sql = `SELECT ${at} AS at, ${CLASSES[view.view]} AS class, count(*) AS lines FROM ${view.view}${where} GROUP BY 1, 2`;
    const { rows, stored } = await rowsOf(this.#lake, question, { sql, isNewestFirst: false, maxRows: 100_000 });
    const counts = rows.map(([time, name, count]) => ({
      time: Number(time),
      name: String(name),
      count: Number(count),
    }));
    return { counts, ...answerOf(storedOf(stored, question.held.topic)) };
  }

  async #find(search: LakeSearch): Promise<{ readonly records: LiveRecord[]; readonly stored: Stored }> {
    const view = viewIn(search.source);
    const { booleans, maps = [], numbers, texts } = view;
    const names = [...texts, ...numbers, ...booleans, ...maps];
    const { rows, stored } = await rowsOf(this.#lake, search, {
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
        ...{
          topic: String(topic),
          partition: Number(partition),
          offset: Number(offset),
          time: Number(time),
          key: null,
        },
        value: { ...value, timestamp: Number(time) },
      };
    });
    return { records, stored: storedOf(stored, search.held.topic) };
  }
}

function viewIn(source: LogSource): View {
  return VIEWS[source as keyof typeof VIEWS];
}

/** All of it is looked at, in all fields. */
function answerOf(stored: Stored): StoredAnswer {
  return { stored, isLimited: false, notSearched: [] };
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
  const { booleans, maps = [], numbers, texts, view } = viewIn(source);
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
    throw new StoredLinesAway('lake-failed', `The lake cannot be searched now: ${error.message}.`, error);
  }
}

/** What lines of the view are told apart by in a histogram: as `classOf` has it for those in memory. */
const CLASSES = {
  service: 'level',
  access: "CAST(status // 100 AS VARCHAR) || 'xx'",
  sensor: "CASE WHEN is_anomaly THEN 'anomaly' ELSE 'other' END",
} as const;

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
  const isMap = view.maps?.includes(map) === true;
  if (name.length > 0 && isMap) return memberSql(map, name.join('.'), value);
  const isNull = value.kind === 'text' && value.text.toLowerCase() === 'null';
  if (field === 'timestamp') return isNull ? 'false' : numberSql('epoch_ms(timestamp)', value);
  const column = `"${field}"`;
  const isText = view.texts.includes(field) || isMap;
  if (isText) {
    if (value.kind === 'compare' || value.kind === 'range') return 'false';
    const fits = textSql(column, value, field === 'message');
    return isNull ? `(${column} IS NULL OR ${fits})` : fits;
  }
  const isNumber = view.numbers.includes(field);
  if (!isNumber && !view.booleans.includes(field)) return isNull ? 'true' : 'false';
  if (isNull) return `${column} IS NULL`;
  if (isNumber) return numberSql(column, value);
  return value.kind === 'text' || value.kind === 'wildcard'
    ? textSql(`CAST(${column} AS VARCHAR)`, value, false)
    : 'false';
}

function numberSql(column: string, value: TermValue): string {
  if (value.kind === 'compare') return `${column} ${value.operator} ${value.number}`;
  if (value.kind === 'range') return `${column} BETWEEN ${value.least} AND ${value.most}`;
  if (value.kind === 'text') {
    const number = Number(value.text);
    // As its text is, and no other that is the same number.
    return Number.isFinite(number) && String(number) === value.text.toLowerCase() ? `${column} = ${number}` : 'false';
  }
  const isWhole = `${column} = trunc(${column}) AND abs(${column}) < 1e15`;
  const text = `CASE WHEN ${isWhole} THEN CAST(CAST(${column} AS BIGINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`;
  return textSql(`(${text})`, value, false);
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
