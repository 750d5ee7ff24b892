import avsc, { type Type } from 'avsc';
import type { AvroCursor } from './avro-cursor.js';

/** Moves the cursor behind a value. @throws RangeError when what is there is not one, or is cut off */
export type AvroSkipper = (cursor: AvroCursor) => void;

interface Skipper {
  skip: AvroSkipper;
  /** A value takes at least so many bytes. */
  minBytes: number;
}

/** Passes over any value of the type, within the bytes that are there. */
export function avroSkipper(type: Type): AvroSkipper {
  const known = new Map<Type, Skipper>();
  return skipperOf(type, known).skip;
}

function skipperOf(type: Type, known: Map<Type, Skipper>): Skipper {
  let skipper = known.get(type);
  if (skipper === undefined) {
    // A type may contain itself.
    skipper = { skip: () => {}, minBytes: 0 };
    known.set(type, skipper);
    Object.assign(skipper, compile(type, known));
  }
  return skipper;
}

const PRIMITIVES: Readonly<Record<string, Skipper>> = {
  null: { skip: () => {}, minBytes: 0 },
  boolean: { skip: (cursor) => cursor.skipBoolean(), minBytes: 1 },
  int: { skip: (cursor) => cursor.skipLong(), minBytes: 1 },
  long: { skip: (cursor) => cursor.skipLong(), minBytes: 1 },
  float: { skip: (cursor) => cursor.skipBytes(4), minBytes: 4 },
  double: { skip: (cursor) => cursor.skipBytes(8), minBytes: 8 },
  string: { skip: (cursor) => cursor.skipString(), minBytes: 1 },
  bytes: { skip: (cursor) => cursor.skipString(), minBytes: 1 },
  enum: { skip: (cursor) => cursor.skipLong(), minBytes: 1 },
};

function compile(type: Type, known: Map<Type, Skipper>): Skipper {
  const { types } = avsc;
  const primitive = PRIMITIVES[type.typeName];
  if (primitive !== undefined) return primitive;
  if (type instanceof types.LogicalType) return skipperOf(type.underlyingType, known);
  if (type instanceof types.FixedType) {
    return { skip: (cursor) => cursor.skipBytes(type.size), minBytes: type.size };
  }
  if (type instanceof types.RecordType) {
    const fields = type.fields.map((field) => skipperOf(field.type, known));
    return {
      skip: (cursor) => {
        for (const { skip } of fields) skip(cursor);
      },
      minBytes: fields.reduce((bytes, { minBytes }) => bytes + minBytes, 0),
    };
  }
  if (type instanceof types.ArrayType) {
    const items = skipperOf(type.itemsType, known);
    return { skip: (cursor) => skipItems(cursor, items.skip, items.minBytes), minBytes: 1 };
  }
  if (type instanceof types.MapType) {
    const values = skipperOf(type.valuesType, known);
    const skipEntry: AvroSkipper = (cursor) => {
      cursor.skipString();
      values.skip(cursor);
    };
    return { skip: (cursor) => skipItems(cursor, skipEntry, 1 + values.minBytes), minBytes: 1 };
  }
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    const branches = type.types.map((branch) => skipperOf(branch, known));
    return {
      skip: (cursor) => {
        const branch = branches[cursor.readLong()];
        if (branch === undefined) throw new RangeError(`a union of ${branches.length} types has no such branch`);
        branch.skip(cursor);
      },
      minBytes: 1,
    };
  }
  throw new TypeError(`values of type ${type.typeName} cannot be read`);
}

function skipItems(cursor: AvroCursor, skipItem: AvroSkipper, minBytes: number): void {
  for (let count = cursor.readCount(minBytes); count > 0; count = cursor.readCount(minBytes)) {
    for (; count > 0; count--) skipItem(cursor);
  }
}
