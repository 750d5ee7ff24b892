import { deserializeWhenReady, type RecordCursor, SerdePendingError } from '@millrace/streams';
import { AvroSerde, type SchemaRegistry } from '@millrace/streams/avro';
import { type AvroField, avroFields } from './avro-columns.js';

/** Confluent's wire format: a zero byte, the schema's id in 4 bytes, the record. */
const PREFIX_BYTES = 5;

/** The fields of one schema; the object is the same for all its records. */
export interface RecordSchema {
  readonly fields: readonly AvroField[];
}

export interface DecodedValue {
  readonly schema: RecordSchema;
  readonly value: Readonly<Record<string, unknown>>;
}

interface SchemaReader extends RecordSchema {
  readonly serde: AvroSerde<Readonly<Record<string, unknown>>>;
}

/** Decodes the values of any topics as they were written: each schema reads its own records. */
export class RecordDecoder {
  readonly #registry: SchemaRegistry;
  readonly #readers = new Map<number, SchemaReader | undefined>();

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
  }

  /** Of a value that is not null. @returns undefined when it is no Avro record that can be decoded */
  async decode({ topic, valueBytes, valueEnd, valueStart }: RecordCursor): Promise<DecodedValue | undefined> {
    if (valueEnd - valueStart < PREFIX_BYTES || valueBytes[valueStart] !== 0) return undefined;
    const id = valueBytes.readUInt32BE(valueStart + 1);
    let reader = this.#readers.get(id);
    if (reader === undefined) {
      if (this.#readers.has(id)) return undefined;
      reader = await this.#readerOf(id);
      if (reader === undefined) return undefined;
    }
    let value: Readonly<Record<string, unknown>>;
    try {
      value = reader.serde.deserialize(topic, valueBytes, valueStart, valueEnd);
    } catch (error) {
      if (!(error instanceof SerdePendingError)) return undefined;
      value = await deserializeWhenReady(reader.serde, topic, valueBytes, valueStart, valueEnd);
    }
    return { schema: reader, value };
  }

  async #readerOf(id: number): Promise<SchemaReader | undefined> {
    for (;;) {
      try {
        const schema = this.#registry.schemaById(id);
        const fields = avroFields(schema);
        const reader =
          fields === undefined
            ? undefined
            : { fields, serde: AvroSerde.reader<Readonly<Record<string, unknown>>>(this.#registry, schema, id) };
        this.#readers.set(id, reader);
        return reader;
      } catch (error) {
        // An id that nobody has given yet may be given later, and is asked for again.
        if (!(error instanceof SerdePendingError)) return undefined;
        await error.ready;
      }
    }
  }
}
