import { type AvroField, avroFields } from '../../lake/avro-columns.js';
import { DUCKDB_TYPES } from '../../lake/delta/delta-schema.js';
import { topicSchema } from '../../schemas/subjects.js';
import type { TopicRole } from '../../schemas/topics.js';
import type { LogSource } from '../records.js';
import { COLUMNS, REST, restOf } from './line-text.js';

type Line = Readonly<Record<string, unknown>>;

/** Lines as rows of columns that have types. */
export interface TypedLines {
  /** By its name, DuckDB's type of each column. */
  readonly columns: Readonly<Record<string, string>>;
  /** A row as a line of JSON; times are in milliseconds since the epoch. */
  textOf(line: Line): string;
}

const FIRST = { id: 'VARCHAR', time: DUCKDB_TYPES.timestamp } as const;
/** Topics whose records are lines, by what lines are asked for. */
const ROLES: Partial<Readonly<Record<LogSource, TopicRole>>> = {
  services: 'serviceLogs',
  requests: 'accessLog',
  sensors: 'sensorReadings',
};
/** Of records that are of no schema, numbers that headers have as texts. */
const WHOLE = new Set(['partition', 'offset', 'late_by_ms', 'grace_needed_ms']);

/** By the schema, so that a field that is added to it is a column, too; the time of a line stands first. */
export function typedLinesOf(source: LogSource): TypedLines {
  const role = ROLES[source];
  const fields = role === undefined ? undefined : avroFields(topicSchema(role).schema);
  return fields === undefined
    ? ofHeaders(COLUMNS[source] ?? [])
    : ofSchema(fields.filter(({ name }) => name !== 'timestamp'));
}

function ofSchema(fields: readonly AvroField[]): TypedLines {
  return {
    columns: { ...FIRST, ...Object.fromEntries(fields.map(({ name, type }) => [name, DUCKDB_TYPES[type]])) },
    textOf: (line) =>
      rowOf(
        line,
        fields.map(({ name, store }) => [name, store(line[name] ?? null)]),
      ),
  };
}

function ofHeaders(names: readonly string[]): TypedLines {
  return {
    columns: {
      ...FIRST,
      ...Object.fromEntries(names.map((name) => [name, WHOLE.has(name) ? DUCKDB_TYPES.long : DUCKDB_TYPES.string])),
    },
    textOf: (line) =>
      rowOf(
        line,
        names.map((name) => [name, name === REST ? restOf(line, names) : headerOf(name, line[name])]),
      ),
  };
}

function headerOf(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (WHOLE.has(name)) return /^-?\d{1,18}$/.test(String(value)) ? Number(value) : null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function rowOf({ id, time }: Line, values: readonly (readonly [name: string, value: unknown])[]): string {
  return `${JSON.stringify({ id, time, ...Object.fromEntries(values) })}\n`;
}
