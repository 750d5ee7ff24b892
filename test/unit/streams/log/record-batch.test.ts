import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Headers, LogError } from '../../../../streams/log/log.js';
import {
  BatchCursor,
  checkBatch,
  isSealed,
  MAX_BATCH_RECORDS,
  RecordBatchBuilder,
  readBatchHeader,
  sealBatch,
} from '../../../../streams/log/record-batch.js';

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const record = fc.record({
  timestamp: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string({ unit: 'binary-ascii' }), value: bytes }), { maxLength: 3 }),
});
interface TestRecord {
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

function build(records: readonly TestRecord[], builder = new RecordBatchBuilder({ initialBytes: 1 })): Buffer {
  for (const { timestamp, key, value, headers } of records) builder.append(timestamp, key, value, headers);
  return builder.finish();
}

function readAll(cursor: BatchCursor): (TestRecord & { offset: number })[] {
  const records: (TestRecord & { offset: number })[] = [];
  while (cursor.next()) {
    const { offset, timestamp, keyStart, keyEnd, valueStart, valueEnd, headers } = cursor;
    const key = keyStart < 0 ? null : Buffer.from(cursor.bytes.subarray(keyStart, keyEnd));
    const value = valueStart < 0 ? null : Buffer.from(cursor.bytes.subarray(valueStart, valueEnd));
    records.push({ offset, timestamp, key, value, headers: [...headers] });
  }
  return records;
}

describe('a batch of records', () => {
  it('gives back any records as they were appended', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 50 }), fc.nat(), (records, baseOffset) => {
        const cursor = new BatchCursor('topic', 3, build(records), baseOffset);
        expect(cursor.nextOffset).toBe(baseOffset + records.length);
        expect(readAll(cursor)).toEqual(records.map((each, i) => ({ ...each, offset: baseOffset + i })));
      }),
    );
  });

  it('gives back any records with gaps between their offsets', () => {
    const gaps = fc.array(fc.tuple(record, fc.integer({ min: 1, max: 100_000 })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.nat(1000), (records, gapAtEnd) => {
        const builder = new RecordBatchBuilder({ sparse: true });
        let delta = -1;
        const expected = records.map(([each, gap]) => {
          delta += gap;
          builder.append(each.timestamp, each.key, each.value, each.headers, delta);
          return { ...each, offset: 10 + delta };
        });
        const cursor = new BatchCursor('topic', 0, builder.finish(delta + gapAtEnd), 10);
        expect(cursor.nextOffset).toBe(10 + delta + gapAtEnd + 1);
        expect(readAll(cursor)).toEqual(expected);
      }),
    );
  });

  it('begins at any of its records', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.nat(30), (records, skip) => {
        const cursor = new BatchCursor('topic', 0, build(records), 100).skippedTo(100 + skip);
        expect(cursor.remaining).toBe(Math.max(0, records.length - skip));
        expect(readAll(cursor).map(({ offset }) => offset)).toEqual(records.map((_, i) => 100 + i).slice(skip));
      }),
    );
  });

  it('tells null from empty', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.alloc(0));
    builder.append(1, Buffer.alloc(0), null);
    const [first, second] = readAll(new BatchCursor('topic', 0, builder.finish(), 0));
    expect([first?.key, first?.value?.length]).toEqual([null, 0]);
    expect([second?.key?.length, second?.value]).toEqual([0, null]);
  });

  it('drops the fraction of a timestamp, and refuses what is no time in milliseconds', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1_700_000_000_123.4, null, null);
    builder.append(1_700_000_000_000.9, null, null);
    for (const timestamp of [Number.NaN, Number.POSITIVE_INFINITY, 1_700_000_000_000_000_000]) {
      expect(() => builder.append(timestamp, null, null)).toThrow(RangeError);
    }
    const records = readAll(new BatchCursor('topic', 0, builder.finish(), 0));
    expect(records.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000_123, 1_700_000_000_000]);
  });

  it('is remembered with the time of its append', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, null);
    const batch = builder.finish();
    sealBatch(batch, Buffer.from('place'), 1_700_000_000_123);
    expect(readBatchHeader(batch, 5)).toMatchObject({ count: 1, lastOffset: 5, appendTime: 1_700_000_000_123 });
  });

  it('is whole only as it was sealed, bit by bit, and only in its place', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1_700_000_000_123, Buffer.from('key'), Buffer.from('value'));
    const batch = builder.finish();
    const place = Buffer.from('place');
    sealBatch(batch, place, 5);
    expect(isSealed(batch, place)).toBe(true);
    expect(isSealed(batch, Buffer.from('other'))).toBe(false);
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const damaged = Buffer.from(batch);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(isSealed(damaged, place)).toBe(false);
    }
  });

  it.each([
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['in nanoseconds', 1.7e18],
  ])('of another process is refused when its times are %s, and read as records without a time', (_, time) => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('first'));
    builder.append(2, null, Buffer.from('second'));
    const batch = builder.finish();
    expect(checkBatch('topic', 0, batch)).toBe(2);
    batch.writeDoubleBE(time, 10);
    expect(() => checkBatch('topic', 0, batch)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
    const records = readAll(new BatchCursor('topic', 0, batch, 0));
    expect(records.map(({ timestamp, value }) => [timestamp, value?.toString()])).toEqual([
      [-1, 'first'],
      [-1, 'second'],
    ]);
  });

  it('is built again in the same memory after a reset', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('first'));
    builder.append(2, null, Buffer.from('second'));
    builder.reset();
    builder.append(9, null, Buffer.from('third'));
    const records = readAll(new BatchCursor('topic', 0, builder.finish(), 0));
    expect(records.map(({ timestamp, value }) => [timestamp, value?.toString()])).toEqual([[9, 'third']]);
  });

  it('is full after so many records', () => {
    const builder = new RecordBatchBuilder();
    for (let i = 0; i < MAX_BATCH_RECORDS; i++) {
      expect(builder.isFull).toBe(false);
      builder.append(1, null, null);
    }
    expect(builder.isFull).toBe(true);
  });

  it('is refused as corrupt when it is cut off anywhere', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(), (records, at) => {
        const batch = build(records);
        const cut = batch.subarray(0, at % batch.length);
        expect(() => checkBatch('topic', 0, cut)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
      }),
    );
  });

  it('is read to an end or refused as corrupt, whatever its bytes are', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), damage, (records, damaged) => {
        const batch = Buffer.from(build(records));
        for (const [at, byte] of damaged) batch[at % batch.length] = byte;
        try {
          const cursor = new BatchCursor('topic', 0, batch, 0);
          readAll(cursor);
        } catch (error) {
          expect(error).toBeInstanceOf(LogError);
          expect(error).toMatchObject({ code: 'LOG_CORRUPT' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
