import avsc, { type Type } from 'avsc';
import type { AvroCursor } from './avro-cursor.js';
import { avroSkipper } from './avro-skipper.js';
import { StringInterner } from './string-interner.js';

/** Reads the value at the cursor and moves the cursor behind it. */
export type AvroReader = (cursor: AvroCursor) => unknown;

/** How the strings of some of a record's fields are spelt, by the fields' names. */
export type Spellings = Readonly<Record<string, (text: string) => string>>;

/** 3 MB at most, for pages that are not used take none: ten thousand clients are found 24 times of 25. */
const SPELT_STRINGS = 65_536;

/**
 * A reader of what was written with one schema, as another schema has it (Avro's schema resolution).
 *
 * @throws Error when the schemas are not compatible
 */
export function avroReader(reader: Type, writer: Type, spellings: Spellings = {}): AvroReader {
  const general = avscReader(reader, writer);
  return generatedReader(reader, writer, spellings) ?? spelt(general, spellings);
}

function spelt(read: AvroReader, spellings: Spellings): AvroReader {
  const fields = Object.entries(spellings);
  if (fields.length === 0) return read;
  return (cursor) => {
    const record = read(cursor) as Record<string, unknown>;
    for (const [field, spelling] of fields) {
      const text = record[field];
      if (typeof text === 'string') record[field] = spelling(text);
    }
    return record;
  };
}

/** Reads any schema, with avsc, which believes any count of items: what is there is looked over before. */
function avscReader(reader: Type, writer: Type): AvroReader {
  const skip = avroSkipper(writer);
  const same = JSON.stringify(reader.schema()) === JSON.stringify(writer.schema());
  // A resolver belongs to the reader's type, and knows the writer's by itself.
  const resolver = same ? undefined : reader.createResolver(writer);
  return (cursor) => {
    const start = cursor.position;
    skip(cursor);
    cursor.position = start;
    const { value, offset } = reader.decode(cursor.bytes, cursor.position, resolver);
    if (value === undefined) throw new RangeError('it is cut off');
    cursor.position = offset;
    return value;
  };
}

/** What `AvroCursor` reads: `read<Primitive>()` and `skip<Primitive>()`. */
type Primitive = 'Boolean' | 'Long' | 'Float' | 'Double' | 'String';

const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  boolean: 'Boolean',
  int: 'Long',
  long: 'Long',
  float: 'Float',
  double: 'Double',
  string: 'String',
};

/** The types that a type can be read from. */
const READS: Readonly<Record<string, readonly string[]>> = {
  boolean: ['boolean'],
  int: ['int'],
  long: ['int', 'long'],
  float: ['int', 'long', 'float'],
  double: ['int', 'long', 'float', 'double'],
  string: ['string'],
};

interface FieldShape {
  /** Of a primitive type, its name; otherwise `enum`, or `array` of `items`. */
  readonly typeName: string;
  readonly primitive?: Primitive;
  readonly symbols?: readonly string[];
  readonly items?: FieldShape;
  /** The branch of null where the field is a union with it. */
  readonly nullBranch?: number;
}

/**
 * A reader made for one pair of schemas, as source code: a third of avsc's time for a record, see `StringInterner`.
 *
 * @returns undefined unless both are records of primitive fields, enums, arrays of such, or unions of those with null
 */
function generatedReader(reader: Type, writer: Type, spellings: Spellings): AvroReader | undefined {
  if (!(reader instanceof avsc.types.RecordType) || !(writer instanceof avsc.types.RecordType)) return undefined;
  /** The variable that holds each of the writer's fields that is wanted. */
  const wanted = new Map<string, string>();
  /** By the writer's fields. */
  const strings = new Map<string, StringInterner>();
  const constants: unknown[] = [];
  const constant = (value: unknown) => `constants[${constants.push(value) - 1}]`;
  const properties: string[] = [];
  for (const field of reader.fields) {
    const shape = fieldShape(field.type);
    // In an object literal, this one would set the prototype.
    if (shape === undefined || field.name === '__proto__') return undefined;
    const written = writer.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
    if (written === undefined) {
      properties.push(`${field.name}: ${constant(field.defaultValue())}`);
    } else {
      const source = fieldShape(written.type);
      if (source === undefined || !isReadable(shape, source) || wanted.has(written.name)) return undefined;
      wanted.set(written.name, `value${wanted.size}`);
      properties.push(`${field.name}: ${wanted.get(written.name)}`);
      const spelling = Object.hasOwn(spellings, field.name) ? spellings[field.name] : undefined;
      if (spelling !== undefined && shape.primitive === 'String') {
        strings.set(written.name, new StringInterner(SPELT_STRINGS, spelling));
      }
    }
  }
  const statements: string[] = [];
  for (const { name, type } of writer.fields) {
    const shape = fieldShape(type);
    if (shape === undefined) return undefined;
    const { nullBranch } = shape;
    const variable = wanted.get(name);
    if (variable !== undefined) {
      const isNull = nullBranch === undefined ? '' : `cursor.readBranch() === ${nullBranch} ? null : `;
      const interner = strings.get(name);
      const read = interner === undefined ? readSource(shape, constant) : `cursor.readStringBy(${constant(interner)})`;
      statements.push(`const ${variable} = ${isNull}${read};`);
    } else {
      const unlessNull = nullBranch === undefined ? '' : `if (cursor.readBranch() !== ${nullBranch}) `;
      statements.push(`${unlessNull}${skipSource(shape, constant)};`);
    }
  }
  // Names are Avro names, which are JavaScript's identifiers; constants are handed over, not written into the source.
  const source = `return (cursor) => {\n${statements.join('\n')}\nreturn { ${properties.join(', ')} };\n};`;
  return new Function('constants', source)(constants) as AvroReader;
}

function readSource({ items, primitive, symbols }: FieldShape, constant: (value: unknown) => string): string {
  if (symbols !== undefined) return `cursor.readSymbol(${constant(symbols)})`;
  if (items !== undefined) return `cursor.readItems(() => ${readSource(items, constant)}, ${minBytes(items)})`;
  return `cursor.read${primitive}()`;
}

function skipSource(shape: FieldShape, constant: (value: unknown) => string): string {
  return shape.primitive === undefined ? readSource(shape, constant) : `cursor.skip${shape.primitive}()`;
}

function minBytes({ primitive }: FieldShape): number {
  if (primitive === 'Double') return 8;
  return primitive === 'Float' ? 4 : 1;
}

function fieldShape(type: Type): FieldShape | undefined {
  const { typeName } = type;
  const primitive = PRIMITIVES[typeName];
  if (primitive !== undefined) return { typeName, primitive };
  if (type instanceof avsc.types.EnumType) return { typeName, symbols: type.symbols };
  if (type instanceof avsc.types.ArrayType) {
    const items = fieldShape(type.itemsType);
    return items === undefined || items.nullBranch !== undefined ? undefined : { typeName, items };
  }
  if (!(type instanceof avsc.types.UnwrappedUnionType) || type.types.length !== 2) return undefined;
  const nullBranch = type.types.findIndex((branch) => branch.typeName === 'null');
  const other = type.types[1 - nullBranch];
  const shape = nullBranch < 0 || other === undefined ? undefined : fieldShape(other);
  return shape === undefined ? undefined : { ...shape, nullBranch };
}

function isReadable(reader: FieldShape, writer: FieldShape): boolean {
  if (writer.nullBranch !== undefined && reader.nullBranch === undefined) return false;
  if (reader.items !== undefined) return writer.items !== undefined && isReadable(reader.items, writer.items);
  if (reader.symbols !== undefined) {
    // Where they differ, the rules are avsc's.
    return (
      writer.symbols?.length === reader.symbols.length && reader.symbols.every((s, i) => s === writer.symbols?.[i])
    );
  }
  return READS[reader.typeName]?.includes(writer.typeName) ?? false;
}
