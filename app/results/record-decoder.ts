import { type Headers, type RecordCursor, SerdePendingError } from '@millrace/streams';
import { AvroSerde, type SchemaRegistry } from '@millrace/streams/avro';
import type { Schema } from 'avsc';

/** A record as people and programs read it. */
export interface DecodedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: unknown;
  readonly headers?: Record<string, string>;
}

/** Decodes values by what they are: Avro in Confluent's wire format, JSON, or text. */
export class RecordDecoder {
  readonly #schemas: SchemaRegistry;
  readonly #serdes = new Map<number, AvroSerde<unknown>>();

  constructor(schemas: SchemaRegistry) {
    this.#schemas = schemas;
  }

  async decode(cursor: RecordCursor): Promise<DecodedRecord> {
    const { headers, keyBytes, keyEnd, keyStart, offset, partition, timestamp, topic } = cursor;
    return {
      partition,
      offset,
      timestamp,
      key: keyStart < 0 ? null : keyBytes.toString('utf8', keyStart, keyEnd),
      value:
        cursor.valueStart < 0 ? null : await this.#value(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd),
      ...(headers.length > 0 ? { headers: headerTexts(headers) } : {}),
    };
  }

  async #value(topic: string, bytes: Buffer, start: number, end: number): Promise<unknown> {
    if (end - start >= 5 && bytes[start] === 0) {
      try {
        return await this.#avro(topic, bytes, start, end);
      } catch {
        // It only looks like Avro.
      }
    }
    const text = bytes.toString('utf8', start, end);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }

  /** As it was written: each schema reads its own records. */
  async #avro(topic: string, bytes: Buffer, start: number, end: number): Promise<unknown> {
    const id = bytes.readUInt32BE(start + 1);
    for (;;) {
      try {
        let serde = this.#serdes.get(id);
        if (serde === undefined) {
          serde = AvroSerde.reader(this.#schemas, this.#schemas.schemaById(id) as Schema, id);
          this.#serdes.set(id, serde);
        }
        return serde.deserialize(topic, bytes, start, end);
      } catch (error) {
        if (!(error instanceof SerdePendingError)) throw error;
        await error.ready;
      }
    }
  }
}

function headerTexts(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, value.toString()]));
}
