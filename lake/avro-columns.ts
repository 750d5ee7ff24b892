import type { Schema } from 'avsc';
import type { ColumnType } from './delta/delta-schema.js';

/** A field's value as the lake has it; times are milliseconds since the epoch, dates days since it. */
export type FieldValue = string | number | boolean | Uint8Array | null;

/** A field of an Avro record, and how its values are stored. */
export interface AvroField {
  readonly name: string;
  readonly type: ColumnType;
  /** @param value as `AvroSerde` gives it: logical types are the numbers that they are */
  store(value: unknown): FieldValue;
}

interface TypeObject {
  readonly type: unknown;
  readonly logicalType?: string;
}

const asIs = (value: unknown) => value as FieldValue;
/** A copy: what is decoded may point into a buffer that is used again. */
const asBytes = (value: unknown) => (value === null ? null : Buffer.from(value as Uint8Array));
const asJson = (value: unknown) => (value === null ? null : JSON.stringify(value));

/** What is not one value, such as an array or a record within a record, is stored as JSON. */
const JSON_TEXT = { type: 'string', store: asJson } as const;

/** The fields of a record's schema; undefined when it is not a record's. */
export function avroFields(schema: Schema): readonly AvroField[] | undefined {
  const record = schema as { type?: unknown; fields?: readonly { name: string; type: unknown }[] };
  if (record.type !== 'record' || record.fields === undefined) return undefined;
  return record.fields.map(({ name, type }) => ({ name, ...storageOf(type) }));
}

function storageOf(type: unknown): Omit<AvroField, 'name'> {
  if (Array.isArray(type)) {
    const branches = type.filter((branch) => branch !== 'null');
    return branches.length === 1 ? storageOf(branches[0]) : JSON_TEXT;
  }
  if (typeof type === 'object' && type !== null) return storageOfObject(type as TypeObject);
  switch (type) {
    case 'boolean':
      return { type: 'boolean', store: asIs };
    case 'int':
    case 'long':
      return { type: 'long', store: asIs };
    case 'float':
    case 'double':
      return { type: 'double', store: asIs };
    case 'string':
      return { type: 'string', store: asIs };
    case 'bytes':
      return { type: 'binary', store: asBytes };
    default:
      return JSON_TEXT;
  }
}

function storageOfObject({ logicalType, type }: TypeObject): Omit<AvroField, 'name'> {
  switch (`${String(type)}:${logicalType ?? ''}`) {
    case 'long:timestamp-millis':
      return { type: 'timestamp', store: asIs };
    case 'long:timestamp-micros':
      return { type: 'timestamp', store: (value) => (value === null ? null : (value as number) / 1000) };
    case 'int:date':
      return { type: 'date', store: asIs };
    default:
      if (type === 'enum') return { type: 'string', store: asIs };
      if (type === 'fixed') return { type: 'binary', store: asBytes };
      return typeof type === 'object' || ['array', 'map', 'record'].includes(String(type))
        ? JSON_TEXT
        : storageOf(type);
  }
}
