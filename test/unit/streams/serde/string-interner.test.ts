import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StringInterner } from '../../../../streams/serde/string-interner.js';

function read(interner: StringInterner, bytes: Buffer, start = 0, length = bytes.length): string {
  return interner.read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, length);
}

describe('StringInterner', () => {
  it('reads any bytes as UTF-8, however many of them share a slot', () => {
    const interner = new StringInterner(4);
    const texts = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 4, max: 2 })));
    fc.assert(
      fc.property(texts, (pieces) => {
        const bytes = Buffer.concat([Buffer.from('x'), ...pieces, Buffer.from('xyz')]);
        for (let start = 1, piece = 0; piece < pieces.length; piece++) {
          const length = pieces[piece]?.length ?? 0;
          expect(read(interner, bytes, start, length)).toBe(bytes.toString('utf8', start, start + length));
          start += length;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells strings apart that differ in one byte or in length', () => {
    const interner = new StringInterner(1);
    for (let length = 1; length <= 33; length++) {
      const text = 'a'.repeat(length);
      expect(read(interner, Buffer.from(text))).toBe(text);
      for (let at = 0; at < length; at++) {
        const other = `${text.slice(0, at)}b${text.slice(at + 1)}`;
        expect(read(interner, Buffer.from(other))).toBe(other);
        expect(read(interner, Buffer.from(text))).toBe(text);
      }
    }
  });
});
