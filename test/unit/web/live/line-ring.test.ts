import { expect, test } from 'vitest';
import type { LogLine } from '../../../../web/api/client.js';
import { LineRing } from '../../../../web/live/line-ring.js';

const line = (time: number, id = `logs/0/${time}`): LogLine => ({ id, time, kind: 'services' });
const timesOf = (ring: LineRing) => ring.newest().map(({ time }) => time);

test('lines that come in another order than that of their times are kept by their times', () => {
  const ring = new LineRing(10);
  for (const time of [1_000, 3_000, 2_000, 3_000, 500, 4_000]) ring.add(line(time));
  expect(timesOf(ring)).toEqual([4_000, 3_000, 3_000, 2_000, 1_000, 500]);
});

test('of lines with the same time the one that came last is the newest', () => {
  const ring = new LineRing(10);
  for (const id of ['a', 'b', 'c']) ring.add(line(1_000, id));
  ring.add(line(2_000, 'd'));
  ring.add(line(1_000, 'e'));
  expect(ring.newest().map(({ id }) => id)).toEqual(['d', 'e', 'c', 'b', 'a']);
});

test('the oldest lines make room, and are counted', () => {
  const ring = new LineRing(8);
  for (let time = 1; time <= 11; time++) ring.add(line(time));
  expect(timesOf(ring)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
  expect(ring.size + ring.forgotten).toBe(11);
});
