import type { Column, ColumnType } from './delta/delta-schema.js';

/** What the table is partitioned by; their values are in the log and in the paths, not in the files. */
export const PARTITION_COLUMNS = [
  { name: 'kind', type: 'string' },
  { name: 'date', type: 'date' },
  { name: 'hour', type: 'integer' },
] as const satisfies readonly Column[];

/** Where a record came from. */
export const RECORD_COLUMNS = [
  { name: 'topic', type: 'string' },
  { name: 'kafka_partition', type: 'long' },
  { name: 'kafka_offset', type: 'long' },
  { name: 'kafka_timestamp', type: 'timestamp' },
  { name: 'key', type: 'string' },
  { name: 'timestamp', type: 'timestamp' },
] as const satisfies readonly Column[];

/** The bytes of a value that is not Avro, or cannot be decoded. */
const RAW_VALUE: Column = { name: 'raw_value', type: 'binary' };

const OWN = new Set([...PARTITION_COLUMNS, ...RECORD_COLUMNS, RAW_VALUE].map(({ name }) => name));

/**
 * The columns of the table, to which fields of new schemas add theirs.
 *
 * A field has the column of its name where the type is the same, or the column is `double` and the field is `long`. A
 * field of another type has the column `<name>_<type>`, such as `id_string` beside `id`: a column's type never changes,
 * for the files that are there have it, and a topic cannot stop the writing of all others by its choice of names.
 */
export class TableColumns {
  readonly #columns = new Map<string, Column>();

  constructor(columns: readonly Column[] = [...PARTITION_COLUMNS, ...RECORD_COLUMNS]) {
    for (const column of columns) this.#columns.set(column.name.toLowerCase(), column);
  }

  get all(): readonly Column[] {
    return [...this.#columns.values()];
  }

  /** The column for values that could not be decoded; added when there is none yet. */
  rawValue(): Column {
    return this.#columns.get(RAW_VALUE.name) ?? this.#add(RAW_VALUE);
  }

  /** The column that holds the field's values; added when there is none yet. */
  of(field: string, type: ColumnType): Column {
    // What the record says of itself must not be taken for what the log says of it.
    const name = OWN.has(field.toLowerCase()) ? `value_${field}` : field;
    const known = this.#columns.get(name.toLowerCase());
    if (known === undefined) return this.#add({ name, type });
    if (known.type === type || (known.type === 'double' && type === 'long')) return known;
    const typed = `${name}_${type}`;
    const other = this.#columns.get(typed.toLowerCase());
    if (other === undefined) return this.#add({ name: typed, type });
    return other.type === type ? other : this.of(`${typed}_`, type);
  }

  #add(column: Column): Column {
    this.#columns.set(column.name.toLowerCase(), column);
    return column;
  }
}
