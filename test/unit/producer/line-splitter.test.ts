import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, MAX_LINE_BYTES } from '../../../producer/line-splitter.js';

function split(pieces: readonly Buffer[]) {
  const splitter = new LineSplitter({ offset: 0, lines: 0 });
  const lines = pieces.flatMap((piece) => [...splitter.push(piece)]);
  lines.push(...splitter.end());
  return { splitter, lines };
}

describe('the line splitter', () => {
  it('gives the lines of the whole, however it is cut into pieces', () => {
    const text = fc.array(fc.constantFrom('\n', '\r', '\r\n', 'a', 'bc', 'é', ' ')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 30 })), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        const { lines, splitter } = split(pieces);
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(lines.map((line) => line.bytes.toString())).toEqual(expected.map((line) => line.replace(/\r$/, '')));
        expect(lines.map(({ number }) => number)).toEqual(expected.map((_, index) => index + 1));
        expect(splitter.offset).toBe(bytes.length);
      }),
    );
  });

  it('knows the place after each line before the next is taken', () => {
    const splitter = new LineSplitter({ offset: 100, lines: 7 });
    const lines = splitter.push(Buffer.from('ab\nc\nd'));
    lines.next();
    expect([splitter.offset, splitter.lines]).toEqual([103, 8]);
    lines.next();
    expect([splitter.offset, splitter.lines]).toEqual([105, 9]);
  });

  it('keeps no more of a line than is allowed, and counts the rest', () => {
    const piece = Buffer.alloc(300_000, 'x');
    const { lines } = split([...Array(20).fill(piece), Buffer.from('\nnext\n')]);
    expect(lines.map(({ bytes, length }) => [bytes.length, length])).toEqual([
      [MAX_LINE_BYTES, 6_000_000],
      [4, 4],
    ]);
  });

  it.each([1, 7, 1_000_000])('reads on behind any number of entries that break off, in pieces of %i bytes', (size) => {
    const count = size === 1 ? 1000 : 20_000;
    const whole = Buffer.from('__CURSOR=a\nx\n'.repeat(count));
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
      whole.subarray(at * size, (at + 1) * size),
    );
    const { lines, splitter } = split(pieces);
    expect(lines).toHaveLength(2 * count);
    expect(lines.filter(({ bytes }) => bytes.toString() === 'x')).toHaveLength(count);
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
    expect(splitter.offset).toBe(whole.length);
  });
});
