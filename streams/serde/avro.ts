import avsc, { type Schema, type Type } from 'avsc';
import { AvroCursor } from './avro-cursor.js';
import { type AvroReader, avroReader, type Spellings } from './avro-reader.js';
import type { RegistrationOptions, SchemaReference, SchemaRegistry } from './schema-registry.js';
import type { Serde } from './serde.js';

/** Confluent's wire format: a zero byte, the schema's id in 4 bytes, big-endian, then the Avro binary. */
const MAGIC = 0;
const PREFIX_BYTES = 5;

export interface AvroSerdeOptions extends RegistrationOptions {
  readonly registry: SchemaRegistry;
  /** Where the schema is registered, by convention `<topic>-value`. */
  readonly subject: string;
  readonly schema: Schema;
}

/**
 * Avro records in Confluent's wire format. Records written with another version of the schema are resolved to this one.
 * Logical types are read as the numbers that they are.
 */
export class AvroSerde<T> implements Serde<T> {
  readonly format = 'avro';
  readonly #registry: SchemaRegistry;
  readonly #schema: Schema;
  readonly #references: readonly SchemaReference[];
  readonly #type: Type;
  readonly #id: number;
  readonly #spellings: Spellings;
  readonly #readers = new Map<number, AvroReader>();
  /** The schema that the last record was written with: the next is mostly the same. */
  #lastId = -1;
  #lastReader: AvroReader | undefined;
  readonly #cursor = new AvroCursor();
  #buffer = Buffer.allocUnsafe(1024);

  private constructor(
    registry: SchemaRegistry,
    schema: Schema,
    id: number,
    references: readonly SchemaReference[] = [],
    spellings: Spellings = {},
  ) {
    this.#spellings = spellings;
    this.#registry = registry;
    this.#schema = schema;
    this.#references = references;
    this.#type = avroType(schema, references);
    this.#id = id;
  }

  /**
   * Registers the schema, or with `autoRegister: false` only finds it, and makes a serde for it.
   *
   * @throws Error when the schema is not one, is refused, or is not registered and may not be
   */
  static async create<T>(options: AvroSerdeOptions): Promise<AvroSerde<T>> {
    const { registry, schema, subject, ...registration } = options;
    const id = await registry.register(subject, schema, registration);
    return new AvroSerde<T>(registry, schema, id, registration.references);
  }

  /** A serde for reading records of a schema that is registered already. */
  static reader<T>(registry: SchemaRegistry, schema: Schema, id: number): AvroSerde<T> {
    return new AvroSerde<T>(registry, schema, id);
  }

  /** Reads only some of a record's fields, which costs less. What it writes must still have all of them. */
  fields<F extends keyof T & string>(...fields: readonly F[]): Serde<Pick<T, F>> {
    return this.spelling({}, ...fields);
  }

  /**
   * The same, with the strings of some fields as a function has them, such as in their one spelling: whoever wrote them,
   * what is equal is the same key. It is asked for each string once while that is remembered, as the last thousands are.
   */
  spelling<F extends keyof T & string>(
    spellings: { readonly [Field in F]?: (text: string) => string },
    ...fields: readonly F[]
  ): Serde<Pick<T, F>> {
    const schema = this.#schema as { fields?: readonly { name: string }[] };
    if (schema.fields === undefined) throw new TypeError('only a record has fields to choose from');
    const chosen = schema.fields.filter(({ name }) => (fields as readonly string[]).includes(name));
    const reader = new AvroSerde<Pick<T, F>>(
      this.#registry,
      { ...schema, fields: chosen } as Schema,
      this.#id,
      this.#references,
      spellings as Spellings,
    );
    return {
      format: this.format,
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
    const cursor = this.#cursor;
    cursor.moveTo(bytes, start + PREFIX_BYTES, end);
    let value: unknown;
    try {
      value = reader(cursor);
    } catch (cause) {
      throw unreadable(id, end - start, (cause as Error).message, { cause });
    }
    if (cursor.position > end) throw unreadable(id, end - start, 'it is cut off');
    if (cursor.position < end) throw unreadable(id, end - start, `${end - cursor.position} are left over`);
    return value as T;
  }

  #reader(id: number): AvroReader {
    let reader = this.#readers.get(id);
    if (reader === undefined) {
      reader = this.#readerOf(id, this.#registry.schemaById(id));
      this.#readers.set(id, reader);
    }
    this.#lastId = id;
    this.#lastReader = reader;
    return reader;
  }

  #readerOf(id: number, schema: Schema): AvroReader {
    try {
      return avroReader(this.#type, avsc.Type.forSchema(schema), this.#spellings);
    } catch (cause) {
      const name = this.#type.name ?? this.#type.typeName;
      throw new TypeError(`what schema ${id} wrote cannot be read as ${name}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** The type of a schema that may use types of others by their names. @throws Error when it is not a schema */
export function avroType(schema: Schema, references: readonly SchemaReference[] = []): Type {
  const registry: Record<string, Type> = Object.create(null);
  const define = (used: readonly SchemaReference[]) => {
    for (const reference of used) {
      // Two schemas may use the same third one.
      if (registry[reference.name] !== undefined) continue;
      define(reference.references ?? []);
      avsc.Type.forSchema(reference.schema, { registry });
    }
  };
  define(references);
  return avsc.Type.forSchema(schema, { registry });
}

function unreadable(id: number, sizeBytes: number, why: string, options?: ErrorOptions): RangeError {
  return new RangeError(`its ${sizeBytes} bytes do not hold one record of schema ${id}: ${why}`, options);
}
