import type { Serde } from '@millrace/streams';
import { AvroSerde, type SchemaRegistry } from '@millrace/streams/avro';
import type { Schema } from 'avsc';

/** A zero, and the number of a schema in four bytes: what Confluent's serializers put before a value. */
const FRAME_BYTES = 5;
const BRACE = 0x7b;
const BRACKET = 0x5b;

/**
 * The values of others' topics as lines: text as it is, JSON also behind the number of a schema, and Avro, where a registry
 * has its schema, as JSON.
 */
export class ValueText implements Serde<string> {
  readonly #schemas: SchemaRegistry;
  readonly #serdes = new Map<number, AvroSerde<unknown>>();

  constructor(schemas: SchemaRegistry) {
    this.#schemas = schemas;
  }

  serialize(_topic: string, text: string): Uint8Array {
    return Buffer.from(text);
  }

  deserialize(topic: string, bytes: Buffer, start: number, end: number): string {
    if (bytes[start] !== 0 || end - start <= FRAME_BYTES) return bytes.toString('utf8', start, end);
    const first = bytes[start + FRAME_BYTES];
    if (first === BRACE || first === BRACKET) {
      const text = bytes.toString('utf8', start + FRAME_BYTES, end);
      if (isJson(text)) return text;
    }
    return JSON.stringify(this.#avro(topic, bytes, start, end), (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  }

  /** @throws SerdePendingError while the schema is fetched; Error when nobody knows it */
  #avro(topic: string, bytes: Buffer, start: number, end: number): unknown {
    const id = bytes.readUInt32BE(start + 1);
    let serde = this.#serdes.get(id);
    if (serde === undefined) {
      serde = AvroSerde.reader(this.#schemas, this.#schemas.schemaById(id) as Schema, id);
      this.#serdes.set(id, serde);
    }
    return serde.deserialize(topic, bytes, start, end);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
