import type { RecordCursor } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import type { AvroField } from './avro-columns.js';
import { RECORD_COLUMNS, type TableColumns } from './columns.js';
import type { Column } from './delta/delta-schema.js';
import type { OpenDuckDb } from './duckdb.js';
import { type DecodedValue, RecordDecoder, type RecordSchema } from './record-decoder.js';
import type { LakeSource } from './sources.js';
import { StagedRows } from './staged-rows.js';

/** The end of the year 9999: no date is longer than yyyy-mm-dd. */
const LAST_TIME_MS = Date.UTC(10_000, 0) - 1;

/** How the records of a schema become rows of a kind. */
interface RowLayout {
  readonly fields: readonly (AvroField & { readonly column: string })[];
  /** The field that says when the event was. */
  readonly time: AvroField | undefined;
}

/** Makes rows of records: fields find their columns, and each row the hour of its event. */
export class RecordRows {
  readonly #rows: StagedRows;
  readonly #columns: TableColumns;
  readonly #decoder: RecordDecoder;
  /** By kind. */
  readonly #layouts = new Map<string, Map<RecordSchema, RowLayout>>();
  #bytes = 0;
  #undecoded = 0;

  private constructor(rows: StagedRows, columns: TableColumns, decoder: RecordDecoder) {
    this.#rows = rows;
    this.#columns = columns;
    this.#decoder = decoder;
  }

  /** @param columns those of the table, to which fields add theirs */
  static async create(duckDb: OpenDuckDb, registry: SchemaRegistry, columns: TableColumns): Promise<RecordRows> {
    return new RecordRows(await StagedRows.create(duckDb, RECORD_COLUMNS), columns, new RecordDecoder(registry));
  }

  get count(): number {
    return this.#rows.rows;
  }

  /** Of keys and values. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Rows whose value is stored as bytes. */
  get undecoded(): number {
    return this.#undecoded;
  }

  get partitions(): StagedRows['partitions'] {
    return this.#rows.partitions;
  }

  /** The columns that the rows may have. */
  get columns(): readonly Column[] {
    return this.#rows.columns;
  }

  /** Adds the cursor's record. */
  async add(source: LakeSource, cursor: RecordCursor): Promise<void> {
    const { keyBytes, keyEnd, keyStart, timestamp, valueBytes, valueEnd, valueStart } = cursor;
    const decoded = valueStart < 0 ? undefined : await this.#decoder.decode(cursor);
    if (decoded !== undefined) {
      const layout = await this.#layout(source, decoded.schema);
      this.#begin(source.kind, cursor, eventTime(decoded, layout.time, timestamp));
      for (const field of layout.fields) this.#rows.set(field.column, field.store(decoded.value[field.name]));
    } else {
      const raw = valueStart < 0 ? undefined : await this.#column(this.#columns.rawValue());
      this.#begin(source.kind, cursor, within(timestamp) ? timestamp : 0);
      if (raw !== undefined) {
        this.#rows.set(raw, Buffer.from(valueBytes.subarray(valueStart, valueEnd)));
        this.#undecoded++;
      }
    }
    if (keyStart >= 0) this.#rows.set('key', keyBytes.toString('utf8', keyStart, keyEnd));
    this.#bytes += keyEnd - keyStart + (valueEnd - valueStart);
  }

  /** Makes all of them visible to queries. */
  settle(): void {
    this.#rows.settle();
  }

  async clear(): Promise<void> {
    await this.#rows.clear();
    this.#bytes = 0;
    this.#undecoded = 0;
  }

  #begin(kind: string, { offset, partition, timestamp, topic }: RecordCursor, timeMs: number): void {
    const rows = this.#rows;
    rows.begin(kind, timeMs);
    rows.set('topic', topic);
    rows.set('kafka_partition', partition);
    rows.set('kafka_offset', offset);
    rows.set('kafka_timestamp', timestamp);
    rows.set('timestamp', timeMs);
  }

  async #layout({ kind, timeField = 'timestamp' }: LakeSource, schema: RecordSchema): Promise<RowLayout> {
    const ofKind = this.#layouts.get(kind) ?? new Map<RecordSchema, RowLayout>();
    this.#layouts.set(kind, ofKind);
    const known = ofKind.get(schema);
    if (known !== undefined) return known;
    const time = schema.fields.find(({ name, type }) => name === timeField && type === 'timestamp');
    const fields: (AvroField & { column: string })[] = [];
    for (const field of schema.fields) {
      // The column of that name has it already.
      if (field === time && field.name === 'timestamp') continue;
      fields.push({ ...field, column: await this.#column(this.#columns.of(field.name, field.type)) });
    }
    const layout = { fields, time };
    ofKind.set(schema, layout);
    return layout;
  }

  /** @returns its name */
  async #column(column: Column): Promise<string> {
    if (!this.#rows.has(column)) await this.#rows.addColumn(column);
    return column.name;
  }
}

function eventTime({ value }: DecodedValue, time: AvroField | undefined, recordTimestamp: number): number {
  const told = time?.store(value[time.name]);
  if (typeof told === 'number' && within(told)) return told;
  return within(recordTimestamp) ? recordTimestamp : 0;
}

/** Whether it has a date of the usual form. */
function within(timestampMs: number): boolean {
  return timestampMs >= 0 && timestampMs <= LAST_TIME_MS;
}
