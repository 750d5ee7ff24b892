import type { Schema } from 'avsc';
import { describe, expect, it } from 'vitest';
import type { Serde } from '../../../../streams/index.js';
import { AvroSerde, avroType } from '../../../../streams/serde/avro.js';
import { MemoryRegistry } from '../../../reference/run-goals.js';

interface User {
  readonly name: string;
  readonly age: number;
}

const V1: Schema = {
  type: 'record',
  name: 'User',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'age', type: 'int' },
  ],
};
const V2: Schema = {
  type: 'record',
  name: 'User',
  fields: [
    { name: 'age', type: 'int' },
    { name: 'name', type: 'string' },
    { name: 'email', type: ['null', 'string'], default: null },
  ],
};

function read<T>(serde: Serde<T>, bytes: Uint8Array): T {
  // Where a record stands in a larger buffer, nothing around it may matter.
  const padded = Buffer.concat([Buffer.from([9, 9, 9]), bytes, Buffer.from([9])]);
  return serde.deserialize('t', padded, 3, 3 + bytes.length);
}

describe('AvroSerde', () => {
  it("writes Confluent's wire format", async () => {
    const serde = await AvroSerde.create<User>({ registry: new MemoryRegistry(), subject: 's', schema: V1 });
    // Magic byte, id 1, then the string's length (zigzag 2 -> 4), the string, and 30 as zigzag 60.
    expect([...serde.serialize('t', { name: 'Bo', age: 30 })]).toEqual([0, 0, 0, 0, 1, 4, 66, 111, 60]);
  });

  it('grows its buffer for a record that does not fit', async () => {
    const serde = await AvroSerde.create<User>({ registry: new MemoryRegistry(), subject: 's', schema: V1 });
    const user = { name: 'x'.repeat(100_000), age: 1 };
    expect(read(serde, serde.serialize('t', user))).toEqual(user);
  });

  it('reads what an older version of the schema wrote, and a newer one', async () => {
    const registry = new MemoryRegistry();
    const older = await AvroSerde.create<User>({ registry, subject: 's', schema: V1 });
    const newer = await AvroSerde.create<User & { email: string | null }>({ registry, subject: 's', schema: V2 });
    expect(read(newer, older.serialize('t', { name: 'Bo', age: 30 }))).toEqual({ name: 'Bo', age: 30, email: null });
    expect(read(older, newer.serialize('t', { name: 'Al', age: 4, email: 'a@b' }))).toEqual({ name: 'Al', age: 4 });
  });

  it('uses types of other schemas by their names', async () => {
    const point: Schema = { type: 'record', name: 'geo.Point', fields: [{ name: 'x', type: 'int' }] };
    const line: Schema = {
      type: 'record',
      name: 'Line',
      namespace: 'geo',
      fields: [
        { name: 'from', type: 'Point' },
        { name: 'to', type: 'geo.Point' },
      ],
    };
    const path: Schema = {
      type: 'record',
      name: 'Path',
      fields: [
        { name: 'start', type: 'geo.Point' },
        { name: 'lines', type: { type: 'array', items: 'geo.Line' } },
      ],
    };
    const ofPoint = { name: 'geo.Point', subject: 'geo.Point', schema: point };
    const value = { start: { x: 1 }, lines: [{ from: { x: 1 }, to: { x: -2 } }] };
    const references = [ofPoint, { name: 'geo.Line', subject: 'geo.Line', schema: line, references: [ofPoint] }];
    // A registry gives schemas that stand alone.
    const registry = new MemoryRegistry();
    const whole = avroType(path, references).schema({ exportAttrs: true });
    const serde = await AvroSerde.create<typeof value>({ registry, subject: 's', schema: path, references });
    const writer = await AvroSerde.create<typeof value>({ registry, subject: 's', schema: whole });
    // Points are zigzag 1 -> 2 and -2 -> 3; the array is one block of 1 -> 2, and ends with 0.
    expect([...serde.serialize('t', value)].slice(5)).toEqual([2, 2, 2, 3, 0]);
    expect(read(serde, writer.serialize('t', value))).toEqual(value);
    expect(read(serde.fields('start'), writer.serialize('t', value))).toEqual({ start: { x: 1 } });
  });

  it('reads only the fields that were chosen', async () => {
    const serde = await AvroSerde.create<User>({ registry: new MemoryRegistry(), subject: 's', schema: V1 });
    const bytes = Buffer.from(serde.serialize('t', { name: 'Bo', age: 30 }));
    expect(serde.fields('age').deserialize('t', bytes, 0, bytes.length)).toEqual({ age: 30 });
  });

  it('gives the strings of a field the spelling that was asked for, whichever schema wrote them', async () => {
    const registry = new MemoryRegistry();
    const serde = await AvroSerde.create<User>({ registry, subject: 's', schema: V1 });
    const upper = serde.spelling({ name: (name) => name.toUpperCase() }, 'name', 'age');
    const names = ['', 'Bo', 'bo', 'bO', 'somebody', 'Somebody', 'x'.repeat(40), 'Bo'];
    const spelt = names.map((name) => read(upper, serde.serialize('t', { name, age: 1 })).name);
    expect(spelt).toEqual(names.map((name) => name.toUpperCase()));
    expect(read(serde, serde.serialize('t', { name: 'Bo', age: 1 })).name).toBe('Bo');
  });

  it.each([
    { what: 'another first byte', bytes: [1, 0, 0, 0, 1, 4, 66, 111, 60], message: 'starts with 1' },
    { what: 'an id that nothing has', bytes: [0, 0, 0, 0, 7, 4, 66, 111, 60], message: 'the id 7' },
    { what: 'fewer than 5 bytes', bytes: [0, 0], message: 'at least 5 bytes' },
    { what: 'a record that is cut off', bytes: [0, 0, 0, 0, 1, 4, 66], message: 'cut off' },
    {
      what: 'a length with more bytes than are left',
      bytes: [0, 0, 0, 0, 1, 10, 66, 111],
      message: 'hold one record of schema 1: it is cut off: 5 bytes are announced and 2 bytes are left',
    },
    {
      what: 'a length of less than nothing',
      bytes: [0, 0, 0, 0, 1, 9, 66, 111, 60],
      message: 'hold one record of schema 1: a length is 0 or more, not -5',
    },
    { what: 'a record without its first length', bytes: [0, 0, 0, 0, 1], message: /it is cut off$/ },
    { what: 'bytes after the record', bytes: [0, 0, 0, 0, 1, 4, 66, 111, 60, 1], message: 'left over' },
  ])('refuses $what', async ({ bytes, message }) => {
    const serde = await AvroSerde.create<User>({ registry: new MemoryRegistry(), subject: 's', schema: V1 });
    expect(() => serde.deserialize('t', Buffer.from(bytes), 0, bytes.length)).toThrow(message);
  });
});
