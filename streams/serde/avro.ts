import avsc, { type Schema, type Type } from 'avsc';
import type { SchemaRegistry } from './schema-registry.js';
import type { Serde } from './serde.js';

/** Confluent's wire format: a zero byte, the schema's id in 4 bytes, big-endian, then the Avro binary. */
const MAGIC = 0;
const PREFIX_BYTES = 5;

export interface AvroSerdeOptions {
  readonly registry: SchemaRegistry;
  /** Where the schema is registered, by convention `<topic>-value`. */
  readonly subject: string;
  readonly schema: Schema;
}

interface Writer {
  readonly type: Type;
  /** Undefined where the writer's schema is the reader's. */
  readonly resolver: ReturnType<Type['createResolver']> | undefined;
}

/**
 * Avro records in Confluent's wire format. Records written with another version of the schema are resolved to this one.
 * Logical types are read as the numbers that they are.
 */
export class AvroSerde<T> implements Serde<T> {
  readonly #registry: SchemaRegistry;
  readonly #schema: Schema;
  readonly #type: Type;
  readonly #id: number;
  readonly #readers = new Map<number, Writer>();
  /** The schema that the last record was written with: the next is mostly the same. */
  #lastId = -1;
  #lastReader: Writer | undefined;
  #buffer = Buffer.allocUnsafe(1024);

  private constructor(registry: SchemaRegistry, schema: Schema, id: number) {
    this.#registry = registry;
    this.#schema = schema;
    this.#type = avsc.Type.forSchema(schema);
    this.#id = id;
  }

  /** Registers the schema and makes a serde for it. @throws Error when the schema is not one */
  static async create<T>(options: AvroSerdeOptions): Promise<AvroSerde<T>> {
    const id = await options.registry.register(options.subject, options.schema);
    return new AvroSerde<T>(options.registry, options.schema, id);
  }

  /** A serde for reading records of a schema that is registered already. */
  static reader<T>(registry: SchemaRegistry, schema: Schema, id: number): AvroSerde<T> {
    return new AvroSerde<T>(registry, schema, id);
  }

  /** Reads only some of a record's fields, which costs less. What it writes must still have all of them. */
  fields<F extends keyof T & string>(...fields: readonly F[]): Serde<Pick<T, F>> {
    const schema = this.#schema as { fields?: readonly { name: string }[] };
    if (schema.fields === undefined) throw new TypeError('only a record has fields to choose from');
    const chosen = schema.fields.filter(({ name }) => (fields as readonly string[]).includes(name));
    const reader = new AvroSerde<Pick<T, F>>(this.#registry, { ...schema, fields: chosen } as Schema, this.#id);
    return {
      serialize: (topic, value) => this.serialize(topic, value as unknown as T),
      deserialize: (topic, bytes, start, end) => reader.deserialize(topic, bytes, start, end),
    };
  }

  /** The bytes are valid until the next call. */
  serialize(_topic: string, value: T): Uint8Array {
    let end = this.#type.encode(value, this.#buffer, PREFIX_BYTES);
    if (end < 0) {
      this.#buffer = Buffer.allocUnsafe(2 * (this.#buffer.length - end));
      end = this.#type.encode(value, this.#buffer, PREFIX_BYTES);
    }
    this.#buffer[0] = MAGIC;
    this.#buffer.writeUInt32BE(this.#id, 1);
    return this.#buffer.subarray(0, end);
  }

  deserialize(_topic: string, bytes: Buffer, start: number, end: number): T {
    if (end - start < PREFIX_BYTES) throw new RangeError(`an Avro record has at least 5 bytes, not ${end - start}`);
    if (bytes[start] !== MAGIC) {
      throw new TypeError(`it is not in Confluent's wire format: it starts with ${String(bytes[start])}, not 0`);
    }
    const id = bytes.readUInt32BE(start + 1);
    const reader = id === this.#lastId && this.#lastReader !== undefined ? this.#lastReader : this.#reader(id);
    // A resolver belongs to the reader's type, and tells the writer's by itself.
    const decoded = this.#type.decode(bytes, start + PREFIX_BYTES, reader.resolver);
    if (decoded.value === undefined || decoded.offset !== end) {
      throw new RangeError(
        `its ${end - start} bytes do not hold one record of schema ${id}: ` +
          (decoded.value === undefined || decoded.offset > end
            ? 'it is cut off'
            : `${end - decoded.offset} are left over`),
      );
    }
    return decoded.value as T;
  }

  #reader(id: number): Writer {
    let reader = this.#readers.get(id);
    if (reader === undefined) {
      const schema = this.#registry.schemaById(id);
      const type = avsc.Type.forSchema(schema);
      const same = JSON.stringify(type.schema()) === JSON.stringify(this.#type.schema());
      reader = { type, resolver: same ? undefined : this.#type.createResolver(type) };
      this.#readers.set(id, reader);
    }
    this.#lastId = id;
    this.#lastReader = reader;
    return reader;
  }
}
