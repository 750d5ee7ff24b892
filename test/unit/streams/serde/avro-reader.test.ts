import avsc, { type Schema } from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AvroCursor } from '../../../../streams/serde/avro-cursor.js';
import { avroReader } from '../../../../streams/serde/avro-reader.js';

type Primitive = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string';

interface Field {
  readonly name: string;
  readonly type: Primitive | readonly (Primitive | 'null')[];
  readonly default?: unknown;
  readonly aliases?: readonly string[];
}

/** avsc confuses longs beyond this: it reads and writes -5645385540738242 as the positive number. */
const AVSC_EXACT = 2 ** 52;

const VALUES: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  int: fc.integer(),
  long: fc.maxSafeInteger().filter((value) => Math.abs(value) < AVSC_EXACT),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  string: fc.oneof(fc.string({ unit: 'binary', maxLength: 50 }), fc.constantFrom('', 'a', 'é', 'abc', 'abcd', 'abcde')),
};
/** The type itself, and what it may be read as. */
const READ_AS: Readonly<Record<Primitive, readonly Primitive[]>> = {
  boolean: ['boolean'],
  int: ['int', 'long', 'float', 'double'],
  long: ['long', 'float', 'double'],
  float: ['float', 'double'],
  double: ['double'],
  string: ['string'],
};

interface Case {
  readonly writer: readonly Field[];
  readonly reader: readonly Field[];
  readonly values: readonly Record<string, unknown>[];
}

const primitive = fc.constantFrom<Primitive>('boolean', 'int', 'long', 'float', 'double', 'string');
const nullability = fc.constantFrom<'no' | 'first' | 'last'>('no', 'first', 'last');

function fieldType(type: Primitive, nullable: 'no' | 'first' | 'last'): Field['type'] {
  if (nullable === 'no') return type;
  return nullable === 'first' ? ['null', type] : [type, 'null'];
}

/** A record's fields as they were written, the same record as a later version reads it, and some of its values. */
const cases: fc.Arbitrary<Case> = fc
  .array(
    fc.record({
      type: primitive,
      nullable: nullability,
      dropped: fc.boolean(),
      renamed: fc.boolean(),
      readNullable: nullability,
      readAs: fc.nat(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .chain((fields) => {
    const writer = fields.map(({ type, nullable }, i): Field => ({ name: `f${i}`, type: fieldType(type, nullable) }));
    const kept = fields.flatMap(({ type, nullable, readNullable, readAs, dropped, renamed }, i): Field[] => {
      if (dropped) return [];
      const candidates = READ_AS[type];
      const read = fieldType(
        candidates[readAs % candidates.length] ?? type,
        nullable !== 'no' && readNullable === 'no' ? nullable : readNullable,
      );
      return [renamed ? { name: `new${i}`, aliases: [`f${i}`], type: read } : { name: `f${i}`, type: read }];
    });
    const added: Field[] = [
      { name: 'addedText', type: 'string', default: 'none' },
      { name: 'addedNull', type: ['null', 'long'], default: null },
    ];
    const value = fc.record(
      Object.fromEntries(
        fields.map(({ type, nullable }, i) => [
          `f${i}`,
          nullable === 'no' ? VALUES[type] : fc.oneof(fc.constant(null), VALUES[type]),
        ]),
      ),
    );
    return fc.record({
      writer: fc.constant(writer),
      reader: fc.shuffledSubarray([...kept, ...added]),
      values: fc.array(value, { minLength: 1, maxLength: 5 }),
    });
  });

function recordType(fields: readonly Field[]): avsc.Type {
  return avsc.Type.forSchema({ type: 'record', name: 'R', fields } as Schema);
}

function cursorAt(bytes: Buffer, start: number, end: number): AvroCursor {
  const cursor = new AvroCursor();
  cursor.moveTo(bytes, start, end);
  return cursor;
}

/** Avro's encoding of a long, in exact arithmetic. */
function zigzag(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value < 0n ? -2n * value - 1n : 2n * value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

describe('a reader made for two schemas', () => {
  it('reads what avsc reads', () => {
    fc.assert(
      fc.property(cases, ({ writer, reader, values }) => {
        const [writerType, readerType] = [recordType(writer), recordType(reader)];
        const resolver = readerType.createResolver(writerType);
        const read = avroReader(readerType, writerType);
        for (const value of values) {
          const encoded = writerType.toBuffer(value);
          const bytes = Buffer.concat([Buffer.from([1, 2, 3]), encoded, Buffer.from([0xff, 0xff])]);
          const cursor = cursorAt(bytes, 3, 3 + encoded.length);
          const result = read(cursor) as object;
          expect({ ...result }).toStrictEqual({ ...readerType.fromBuffer(encoded, resolver) });
          expect(cursor.position).toBe(3 + encoded.length);
          // Only what was made for these schemas gives plain objects: avsc has not stepped in.
          expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads from damaged bytes what avsc reads, or refuses them', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(3) });
    fc.assert(
      fc.property(cases, damage, ({ writer, reader, values }, { at, byte, cut }) => {
        const [writerType, readerType] = [recordType(writer), recordType(reader)];
        const resolver = readerType.createResolver(writerType);
        const read = avroReader(readerType, writerType);
        const whole = writerType.toBuffer(values[0]);
        whole[at % whole.length] = byte;
        const bytes = Buffer.from(whole.subarray(0, Math.max(0, whole.length - cut)));
        const cursor = cursorAt(bytes, 0, bytes.length);
        let result: object;
        try {
          result = read(cursor) as object;
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        const beyondAvsc = Object.values(result).some((value) => Math.abs(Number(value)) >= AVSC_EXACT);
        if (cursor.position !== bytes.length || beyondAvsc) return;
        expect({ ...result }).toStrictEqual({ ...readerType.decode(bytes, 0, resolver).value });
      }),
      { numRuns: 1000 },
    );
  });

  it('reads every long that a number can hold', () => {
    const type = recordType([{ name: 'a', type: 'long' }]);
    const read = avroReader(type, type);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = zigzag(BigInt(value));
        expect(read(cursorAt(bytes, 0, bytes.length))).toEqual({ a: value });
      }),
    );
  });

  it('leaves schemas that it is not made for to avsc', () => {
    const type = avsc.Type.forSchema({
      type: 'record',
      name: 'R',
      fields: [
        { name: 'tags', type: { type: 'array', items: 'string' } },
        { name: 'level', type: { type: 'enum', name: 'Level', symbols: ['LOW', 'HIGH'] } },
        {
          name: 'place',
          type: { type: 'record', name: 'Place', fields: [{ name: 'city', type: ['null', 'string'] }] },
        },
        { name: 'sizes', type: { type: 'map', values: ['double', 'string', 'null'] } },
        { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
      ],
    });
    const value = {
      ...{ tags: ['a', 'b'], level: 'HIGH', place: { city: 'Bern' } },
      ...{ sizes: { a: 1, b: null, c: 'x' }, hash: Buffer.from('abcd') },
    };
    const bytes = type.toBuffer(value);
    const cursor = cursorAt(bytes, 0, bytes.length);
    expect(avroReader(type, type)(cursor)).toMatchObject(value);
    expect(cursor.position).toBe(bytes.length);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => avroReader(type, type)(cursorAt(bytes.subarray(0, end), 0, end)), `${end} bytes`).toThrow('cut off');
    }
  });

  it('reads enums and arrays, as a later version has them too', () => {
    const tags = { name: 'tags', type: { type: 'array', items: 'string' } };
    const level = { name: 'level', type: { type: 'enum', name: 'Level', symbols: ['LOW', 'HIGH'] } };
    const sizes = { name: 'sizes', type: ['null', { type: 'array', items: 'double' }] };
    const types = [
      [tags, level, sizes],
      [sizes, tags],
    ].map((fields) => avsc.Type.forSchema({ type: 'record', name: 'R', fields } as Schema)) as [avsc.Type, avsc.Type];
    const [writer, reader] = types;
    const value = { tags: ['a', 'bc'], level: 'HIGH', sizes: [0.5, -1] };
    const bytes = writer.toBuffer(value);
    const read = (as: avsc.Type) => avroReader(as, writer)(cursorAt(bytes, 0, bytes.length)) as object;
    expect(read(writer)).toStrictEqual(value);
    expect(read(reader)).toStrictEqual({ sizes: value.sizes, tags: value.tags });
    // As blocks of two arrays may be written: with their bytes before them.
    const blocks = Buffer.from([1, 4, 2, 0x61, 2, 4, 0x62, 0x63, 0, 2, 0]);
    expect(avroReader(writer, writer)(cursorAt(blocks, 0, blocks.length))).toStrictEqual({
      tags: ['a', 'bc'],
      level: 'HIGH',
      sizes: null,
    });
    const wrong = Buffer.from([0, 6, 0]);
    expect(() => avroReader(writer, writer)(cursorAt(wrong, 0, 3))).toThrow(
      'an enum of 2 symbols has none of number 3',
    );
  });

  it.each<[string, Schema]>([
    ['an array of strings', { type: 'array', items: 'string' }],
    ['an array of nulls', { type: 'array', items: 'null' }],
    ['an array of records', { type: 'array', items: { type: 'record', name: 'E', fields: [] } } as Schema],
    ['a map', { type: 'map', values: 'int' }],
  ])('refuses at once more items than there are bytes: %s', (_kind, field) => {
    const type = avsc.Type.forSchema({ type: 'record', name: 'R', fields: [{ name: 'a', type: field }] });
    for (const count of [1_000_000n, 2n ** 40n, 2n ** 53n - 1n, -(2n ** 40n)]) {
      const bytes = Buffer.concat([zigzag(count), Buffer.alloc(20)]);
      expect(() => avroReader(type, type)(cursorAt(bytes, 0, bytes.length))).toThrow('items are announced');
    }
  });

  it('reads a field whose name is a word of JavaScript', () => {
    const fields = [
      { name: 'class', type: 'int' },
      { name: 'constructor', type: 'string' },
    ] as const;
    const type = recordType(fields);
    const bytes = type.toBuffer({ class: 1, constructor: 'x' });
    expect({ ...(avroReader(type, type)(cursorAt(bytes, 0, bytes.length)) as object) }).toEqual({
      class: 1,
      constructor: 'x',
    });
  });

  it('refuses schemas that are not compatible', () => {
    const text = recordType([{ name: 'a', type: 'string' }]);
    const number = recordType([{ name: 'a', type: 'int' }]);
    const other = recordType([{ name: 'b', type: 'int' }]);
    expect(() => avroReader(number, text)).toThrow('cannot read');
    expect(() => avroReader(other, number)).toThrow('no matching field');
  });

  it('refuses a long that a number cannot hold exactly', () => {
    const type = recordType([{ name: 'a', type: 'long' }]);
    for (const value of [2n ** 53n + 2n, -(2n ** 60n), 2n ** 63n - 1n]) {
      const bytes = zigzag(value);
      expect(() => avroReader(type, type)(cursorAt(bytes, 0, bytes.length))).toThrow('beyond 2^53');
    }
  });
});
