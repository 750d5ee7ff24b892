import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyslogFramer } from '../../../producer/network/syslog/framing.js';

function framed(text: string | Buffer, pieceBytes = Number.MAX_SAFE_INTEGER, mostBytes?: number): string[] {
  const bytes = Buffer.from(text);
  const framer = new SyslogFramer(mostBytes);
  const messages = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    messages.push(...framer.push(bytes.subarray(at, at + pieceBytes)));
  return [...messages, ...framer.end()].map(({ bytes: kept, length }) =>
    length > kept.length ? `${kept.toString()} of ${length}` : kept.toString(),
  );
}

describe('what comes over TCP is cut into messages', () => {
  it('by counts of octets, in which newlines are of the message', () => {
    expect(framed('9 <34>1 one12 <34>1 two\n-2')).toEqual(['<34>1 one', '<34>1 two\n-2']);
  });

  it('by newlines, also behind a carriage return, and without one at the end', () => {
    expect(framed('<34>one\r\n<34>two\n\n<34>three')).toEqual(['<34>one', '<34>two', '<34>three']);
  });

  it('by both, each message as it begins', () => {
    expect(framed('<34>one\n9 <34>1 two<34>three\n')).toEqual(['<34>one', '<34>1 two', '<34>three']);
  });

  it('takes a line that begins with a number for a line', () => {
    expect(framed('404 not found\n7 up\n12\n')).toEqual(['404 not found', '7 up', '12']);
  });

  it('counts octets, not characters', () => {
    expect(framed('10 <1>größe')).toEqual(['<1>größe']);
  });

  it('gives the beginning of a message that is too long, and goes on behind it', () => {
    expect(framed(`<1>${'x'.repeat(20)}\n<1>y\n`, 7, 10)).toEqual(['<1>xxxxxxx of 23', '<1>y']);
    expect(framed(`23 <1>${'x'.repeat(20)}4 <1>y`, 7, 10)).toEqual(['<1>xxxxxxx of 23', '<1>y']);
  });

  it('the same whatever pieces it comes in', () => {
    const message = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `<1>${text.replace(/[\n\r\0]/g, '_')}`);
    const frame = fc.tuple(message, fc.boolean());
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (frames, pieceBytes) => {
        const sent = frames.map(([text, isCounted]) =>
          isCounted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n`,
        );
        expect(framed(sent.join(''), pieceBytes)).toEqual(frames.map(([text]) => text));
      }),
    );
  });
});
