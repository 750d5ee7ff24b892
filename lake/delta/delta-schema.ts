import { z } from 'zod';

/** The types that the lake writes, by Delta's names. A table may have others, from other programs. */
export type ColumnType = 'string' | 'long' | 'integer' | 'double' | 'boolean' | 'binary' | 'timestamp' | 'date';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What DuckDB calls them. */
export const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  long: 'BIGINT',
  integer: 'INTEGER',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  date: 'DATE',
};

const struct = z.looseObject({
  type: z.literal('struct'),
  fields: z.array(
    z.looseObject({
      name: z.string(),
      type: z.unknown(),
      nullable: z.boolean(),
      metadata: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** The columns of a schema string, those of the lake's types. @throws Error when it is none */
export function columnsOf(schemaString: string): Column[] {
  return parse(schemaString).fields.flatMap(({ name, type }) => (isColumnType(type) ? [{ name, type }] : []));
}

/** The names of all columns of a schema string, in lower case: Delta does not tell `Host` from `host`. */
export function columnNames(schemaString: string): Set<string> {
  return new Set(parse(schemaString).fields.map(({ name }) => name.toLowerCase()));
}

/** A schema string of these columns, all of which may be null. */
export function schemaOf(columns: readonly Column[]): string {
  return withColumns('{"type":"struct","fields":[]}', columns);
}

/** The schema string with further columns at its end. */
export function withColumns(schemaString: string, columns: readonly Column[]): string {
  const schema = parse(schemaString);
  const added = columns.map(({ name, type }) => ({ name, type, nullable: true, metadata: {} }));
  return JSON.stringify({ ...schema, fields: [...schema.fields, ...added] });
}

function parse(schemaString: string): z.infer<typeof struct> {
  return struct.parse(JSON.parse(schemaString));
}

function isColumnType(type: unknown): type is ColumnType {
  return typeof type === 'string' && Object.hasOwn(DUCKDB_TYPES, type);
}
