import type { Schema } from 'avsc';
import { describe, expect, it } from 'vitest';
import { avroFields, type FieldValue } from '../../../lake/avro-columns.js';

/** The column's type of a field of the Avro type, and what is stored of a value. */
function stored(type: unknown, value: unknown): readonly [string | undefined, FieldValue | undefined] {
  const [field] = avroFields({ type: 'record', name: 'R', fields: [{ name: 'f', type }] } as Schema) ?? [];
  return [field?.type, field?.store(value)];
}

describe('how an Avro field is stored', () => {
  it.each<[unknown, unknown, string, FieldValue]>([
    ['string', 'x', 'string', 'x'],
    ['int', 1, 'long', 1],
    ['long', 2, 'long', 2],
    ['float', 0.5, 'double', 0.5],
    ['double', 0.1, 'double', 0.1],
    ['boolean', true, 'boolean', true],
    [['null', 'int'], null, 'long', null],
    [['int', 'null'], 3, 'long', 3],
    [{ type: 'string' }, 'x', 'string', 'x'],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'A', 'string', 'A'],
    [{ type: 'long', logicalType: 'timestamp-millis' }, 1234, 'timestamp', 1234],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 1234567, 'timestamp', 1234.567],
    [['null', { type: 'long', logicalType: 'timestamp-micros' }], null, 'timestamp', null],
    [{ type: 'int', logicalType: 'date' }, 20_000, 'date', 20_000],
    [{ type: 'array', items: 'int' }, [1, 2], 'string', '[1,2]'],
    [{ type: 'map', values: 'int' }, { a: 1 }, 'string', '{"a":1}'],
    [{ type: 'record', name: 'N', fields: [] }, {}, 'string', '{}'],
    [['null', { type: 'array', items: 'int' }], null, 'string', null],
    [['string', 'int'], { int: 5 }, 'string', '{"int":5}'],
  ])('%j', (type, value, column, expected) => {
    expect(stored(type, value)).toEqual([column, expected]);
  });

  it('bytes are copied, for they may lie in a buffer that is used again', () => {
    const bytes = Buffer.from([1, 2]);
    const [type, copy] = stored('bytes', bytes);
    bytes[0] = 9;
    expect([type, copy]).toEqual(['binary', Buffer.from([1, 2])]);
  });

  it('what is no record has no fields', () => {
    expect(avroFields('string' as Schema)).toBeUndefined();
  });
});
