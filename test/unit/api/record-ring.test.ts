import { expect, it } from 'vitest';
import { RecordRing } from '../../../api/live/record-ring.js';

const record = (partition: number, offset: number, time = 0) => ({
  ...{ topic: 'logs', partition, offset, time, key: null, value: {} },
});

it('says which offsets are in memory, by partition, while the oldest go', () => {
  const ring = new RecordRing(3);
  for (const partition of [0, 1]) ring.begin(partition, 0);
  ring.add(record(0, 0), 1);
  ring.add(record(1, 0), 1);
  // Between are marks of transactions.
  ring.add(record(0, 4), 1);
  expect(ring.spans).toEqual([
    { partition: 0, first: 0, last: 4 },
    { partition: 1, first: 0, last: 0 },
  ]);
  ring.add(record(0, 5), 1);
  ring.add(record(0, 6), 1);
  expect(ring.spans).toEqual([{ partition: 0, first: 1, last: 6 }]);
});

it('says what was passed over: it lies between the spans', () => {
  const ring = new RecordRing(3);
  ring.begin(0, 0);
  ring.add(record(0, 0), 1);
  ring.begin(0, 50);
  ring.begin(0, 100);
  ring.add(record(0, 100), 1);
  expect(ring.spans.map(({ first, last }) => [first, last])).toEqual([
    [0, 0],
    [100, 100],
  ]);
  for (const offset of [101, 102, 103]) ring.add(record(0, offset), 1);
  expect(ring.spans.map(({ first, last }) => [first, last])).toEqual([[101, 103]]);
});

it('knows the newest that has gone as long as it has seen all', () => {
  const ring = new RecordRing(2);
  expect(ring.latestGone).toBe(Number.POSITIVE_INFINITY);
  ring.begin(0, 0);
  expect(ring.latestGone).toBe(Number.NEGATIVE_INFINITY);
  for (const [offset, time] of [9, 5, 7, 6].entries()) ring.add(record(0, offset, time), 1);
  expect(ring.latestGone).toBe(9);
  ring.begin(1, 3);
  expect(ring.latestGone).toBe(Number.POSITIVE_INFINITY);
});
