import { afterEach, beforeAll, expect, test } from 'vitest';
import { labelsWithin, ticksOf } from '../../../../web/charts/time-axis.js';
import { chooseTimeZone, instantOnClock, onClock } from '../../../../web/parts/time-zone.js';
import { day, timeOfDay, when, whenToSecond } from '../../../../web/parts/wording.js';

const HOUR_MS = 3_600_000;

beforeAll(() => {
  // Summer time began there on 29 March 2026 and ended on 25 October, at 01:00 UTC.
  process.env['TZ'] = 'Europe/Zurich';
});

afterEach(() => chooseTimeZone('UTC'));

test('times are those of UTC until those of the browser are chosen, in summer and in winter', () => {
  const [winter, summer] = [Date.UTC(2026, 10, 27, 23, 32, 5), Date.UTC(2026, 6, 1, 22, 0)];
  expect([timeOfDay(winter), day(winter)]).toEqual(['23:32:05', '27 Nov']);
  chooseTimeZone('local');
  expect([timeOfDay(winter), day(winter)]).toEqual(['00:32:05', '28 Nov']);
  expect([timeOfDay(summer), day(summer)]).toEqual(['00:00:00', '2 Jul']);
});

test('another day is told by the clock of the zone', () => {
  const [evening, night] = [Date.UTC(2026, 10, 27, 22, 30), Date.UTC(2026, 10, 27, 23, 30)];
  expect(when(evening, night)).toBe('22:30:00');
  chooseTimeZone('local');
  expect(when(evening, night)).toBe('27 Nov 23:30');
  expect(whenToSecond(evening, night)).toBe('27 Nov 23:30:00');
});

test('what a clock shows is the instant again, but for the hour that comes twice, which is its first', () => {
  chooseTimeZone('local');
  for (const change of [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]) {
    for (let time = change - 24 * HOUR_MS; time < change + 24 * HOUR_MS; time += HOUR_MS / 4) {
      const isSecond = change === Date.UTC(2026, 9, 25, 1) && time >= change && time < change + HOUR_MS;
      expect(instantOnClock(onClock(time).getTime())).toBe(isSecond ? time - HOUR_MS : time);
    }
  }
});

test('an axis has round times of the zone, also on the day on which the clock is put back', () => {
  chooseTimeZone('local');
  const [from, to] = [Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)];
  const ticks = ticksOf(from, to);
  expect(labelsWithin(ticks, to - from, 1_000, () => 500)).toEqual(['06:00', '12:00', '18:00']);
});
