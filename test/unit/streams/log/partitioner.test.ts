import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionForKey, partitionForString } from '../../../../streams/log/partitioner.js';

describe('the partitioner', () => {
  // From Kafka's own UtilsTest#testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  it('makes the hash positive by dropping its sign bit, as Kafka does', () => {
    expect(partitionForKey(Buffer.from('21'), 1_000)).toBe((-973932308 & 0x7fffffff) % 1_000);
    expect(partitionForKey(Buffer.from('abc'), 7)).toBe(479470107 % 7);
  });

  it('puts a string where its UTF-8 bytes go', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 200 }), (key, partitions) => {
        expect(partitionForString(key, partitions)).toBe(partitionForKey(Buffer.from(key), partitions));
      }),
    );
  });
});
