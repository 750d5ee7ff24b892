import { createRecordsBatch } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import type { AbortedTransaction } from '../../../../../streams/log/kafka/fetch-api.js';
import { FetchedCursor, wholeBatches } from '../../../../../streams/log/kafka/fetched-cursor.js';
import type { LogError } from '../../../../../streams/log/log.js';

interface Message {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface BatchOptions {
  readonly producerId?: number;
  readonly compression?: 'gzip' | 'lz4' | 'snappy';
}

/** A batch as another implementation writes it. */
function batch(
  baseOffset: number,
  messages: readonly Message[],
  { compression, producerId }: BatchOptions = {},
): Buffer {
  const bytes = createRecordsBatch(
    messages.map(({ headers = {}, key, timestamp = 0, value }) => ({
      topic: 't',
      partition: 0,
      key: key === null ? undefined : Buffer.from(key),
      value: value === null ? undefined : Buffer.from(value),
      timestamp: BigInt(timestamp),
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    })) as Parameters<typeof createRecordsBatch>[0],
    {
      compression: compression ?? 'none',
      ...(producerId === undefined ? {} : { transactionalId: 'x', producerId: BigInt(producerId) }),
    } as Parameters<typeof createRecordsBatch>[1],
  ).buffer;
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  return bytes;
}

/** What a coordinator writes at a transaction's end. */
function marker(offset: number, producerId: number, kind: 'abort' | 'commit'): Buffer {
  const bytes = batch(offset, [{ key: `\0\0\0${kind === 'abort' ? '\0' : '\x01'}`, value: '\0\0\0\0\0\0' }], {
    producerId,
  });
  const attributes = 21;
  bytes.writeInt16BE(bytes.readInt16BE(attributes) | 0x20, attributes);
  return bytes;
}

const text = (bytes: Buffer, start: number, end: number): string | null =>
  start < 0 ? null : bytes.toString('utf8', start, end);

function cursorOver(bytes: Buffer, from = 0, aborted: readonly AbortedTransaction[] = []): FetchedCursor {
  const { nextOffset, size } = wholeBatches(bytes) ?? { nextOffset: from, size: 0 };
  return new FetchedCursor('t', 0, bytes.subarray(0, size), from, nextOffset, aborted);
}

function valuesOf(cursor: FetchedCursor): (string | null)[] {
  const values: (string | null)[] = [];
  while (cursor.next()) values.push(text(cursor.valueBytes, cursor.valueStart, cursor.valueEnd));
  return values;
}

describe('the records of a fetch', () => {
  it('are read with their offsets, times, keys, values and headers', () => {
    const written: Message[] = [
      { key: 'a', value: 'one', timestamp: 1_700_000_000_000, headers: { first: 'x', second: '' } },
      { key: null, value: 'two', timestamp: 1_699_999_000_000 },
      { key: '', value: null, timestamp: 1_700_001_000_000 },
      { key: 'é', value: 'v'.repeat(300_000), timestamp: 1_700_000_000_001 },
    ];
    const cursor = cursorOver(batch(2 ** 40, written), 2 ** 40);
    for (const [index, message] of written.entries()) {
      expect(cursor.next()).toBe(true);
      expect(cursor.offset).toBe(2 ** 40 + index);
      expect(cursor.timestamp).toBe(message.timestamp);
      expect(text(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)).toBe(message.key);
      expect(text(cursor.valueBytes, cursor.valueStart, cursor.valueEnd)).toBe(message.value);
      const headers = cursor.headers.map(({ key, value }) => [key, value.toString()]);
      expect(headers).toEqual(Object.entries(message.headers ?? {}));
    }
    expect(cursor.next()).toBe(false);
    expect(cursor.nextOffset).toBe(2 ** 40 + written.length);
  });

  it.each(['gzip', 'lz4', 'snappy'] as const)('are read when they are compressed by %s', (compression) => {
    const messages = Array.from({ length: 500 }, (_, index) => ({ key: `${index}`, value: `value ${index}` }));
    const cursor = cursorOver(
      Buffer.concat([batch(0, messages, { compression }), batch(500, [{ key: null, value: 'plain' }])]),
    );
    expect(valuesOf(cursor)).toEqual([...messages.map(({ value }) => value), 'plain']);
  });

  it('start at the offset that was asked for, in the middle of a batch', () => {
    const bytes = Buffer.concat([
      batch(0, [{ key: null, value: 'before' }]),
      batch(
        1,
        ['a', 'b', 'c'].map((value) => ({ key: null, value })),
      ),
    ]);
    expect(valuesOf(cursorOver(bytes, 3))).toEqual(['c']);
  });

  it('end with the last whole batch', () => {
    const [first, second] = [batch(0, [{ key: null, value: 'a' }]), batch(1, [{ key: null, value: 'b' }])];
    for (let cut = 0; cut < second.length; cut++) {
      const cursor = cursorOver(Buffer.concat([first, second.subarray(0, cut)]));
      expect(valuesOf(cursor)).toEqual(['a']);
      expect(cursor.nextOffset).toBe(1);
    }
    expect(wholeBatches(first.subarray(0, first.length - 1))).toBeUndefined();
  });

  it('leave out what was aborted, and the marks of transactions', () => {
    const one = (offset: number, value: string, producerId?: number) =>
      batch(offset, [{ key: null, value }], producerId === undefined ? {} : { producerId });
    const bytes = Buffer.concat([
      one(0, 'committed', 1),
      one(1, 'aborted', 2),
      one(2, 'plain'),
      marker(3, 1, 'commit'),
      one(4, 'aborted, too', 2),
      marker(5, 2, 'abort'),
      one(6, 'committed after an abort', 2),
      marker(7, 2, 'commit'),
      one(8, 'aborted later', 1),
      marker(9, 1, 'abort'),
    ]);
    const aborted = [
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 8 },
    ];
    const cursor = cursorOver(bytes, 0, aborted);
    expect(valuesOf(cursor)).toEqual(['committed', 'plain', 'committed after an abort']);
    expect(cursor.nextOffset).toBe(10);
    expect(valuesOf(cursorOver(bytes, 2, aborted))).toEqual(['plain', 'committed after an abort']);
  });

  it('have the time of the append where the broker stamps them', () => {
    const bytes = batch(0, [{ key: null, value: 'a', timestamp: 5 }]);
    const [attributes, maxTimestamp] = [21, 35];
    bytes.writeInt16BE(0x08, attributes);
    bytes.writeBigInt64BE(77n, maxTimestamp);
    const cursor = cursorOver(bytes);
    expect(cursor.next()).toBe(true);
    expect(cursor.timestamp).toBe(77);
  });

  it('are refused, and never read past, when they are damaged', () => {
    const written = batch(0, [
      { key: 'key', value: 'value', headers: { name: 'text' } },
      { key: 'key', value: 'value' },
    ]);
    const records = 61;
    for (let at = records; at < written.length; at++) {
      for (const byte of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(written);
        damaged[at] = byte;
        const cursor = cursorOver(damaged);
        const ends: number[] = [];
        try {
          while (cursor.next()) ends.push(cursor.keyEnd, cursor.valueEnd, cursor.headers.length);
        } catch (error) {
          expect((error as LogError).code, `${error}`).toBe('LOG_CORRUPT');
        }
        expect(Math.max(0, ...ends)).toBeLessThanOrEqual(damaged.length);
      }
    }
  });
});
