import { expect, it } from 'vitest';
import { createDetector } from '../../../detection/detectors.js';
import { type LocalTime, localTimeOf, UTC } from '../../../detection/local-time.js';
import { initialRecurrence, isRecurring } from '../../../detection/recurrence.js';
import { Random } from '../../../producer/random.js';
import { Calendar } from '../../../topology/calendar.js';
import { NO_FEEDBACK, Verdicts } from '../../../topology/feedback/verdicts.js';
import { Monitor } from '../../../topology/monitoring/monitor.js';
import type { Detection } from '../../../topology/monitoring/signals.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEP = 10 * MINUTE;
const BERLIN = localTimeOf('Europe/Berlin');
const HOURS = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', hourCycle: 'h23' });

it.each([
  ['2026-03-29T00:59:59Z', '01:59'],
  ['2026-03-29T01:00:00Z', '03:00'],
  ['2026-10-25T00:59:59Z', '02:59'],
  ['2026-10-25T01:00:00Z', '02:00'],
])('at %s clocks in Berlin show %s', (time, shown) => {
  expect(new Date(BERLIN(Date.parse(time))).toISOString().slice(11, 16)).toBe(shown);
});

it('the clocks of zones whose offset is no full hour, or changes by half of one, are right, too', () => {
  const shown = (zone: string, time: string) =>
    new Date(localTimeOf(zone)(Date.parse(time))).toISOString().slice(0, 16);
  expect(shown('Asia/Kathmandu', '2026-01-01T00:00:00Z')).toBe('2026-01-01T05:45');
  expect(shown('America/St_Johns', '2026-01-01T00:00:00Z')).toBe('2025-12-31T20:30');
  expect(shown('Australia/Lord_Howe', '2026-04-04T14:59:00Z')).toBe('2026-04-05T01:59');
  expect(shown('Australia/Lord_Howe', '2026-04-04T15:00:00Z')).toBe('2026-04-05T01:30');
});

const shop = (hour: number) => (hour >= 8 && hour < 18 ? 5000 : 500);
const wave = (hour: number) => 2500 - 2000 * Math.cos(((hour - 3) / 24) * 2 * Math.PI);

/** Requests of a shop that opens at 8 and closes at 18 by the clocks of Berlin, on days that are like all others. */
function shopDetection(localTime: LocalTime): Detection<number> {
  const detector = createDetector(undefined, localTime);
  return {
    name: 'requests',
    signals: [
      {
        ...{ detector, value: (value: number) => value, scale: 'log', severity: 'warning', field: 'requests' },
        explain: (value: number) => `${value} requests`,
      },
    ],
    episodes: { closeAfter: 3 },
  };
}

function alertsIn(
  {
    detection,
    from,
    to,
    factor = () => 1,
    usual = shop,
  }: {
    detection: Detection<number>;
    from: number;
    to: number;
    factor?: (time: number) => number;
    usual?: (hour: number) => number;
  },
  calendar?: Calendar,
): number[] {
  const random = new Random(5);
  const monitor = new Monitor('web', [detection], calendar && new Verdicts(NO_FEEDBACK, () => calendar));
  const state = monitor.initial();
  const alerts: number[] = [];
  for (let start = from; start < to; start += STEP) {
    const hour = Number(HOURS.format(start)) + (start % HOUR) / HOUR;
    const mean = usual(hour) * factor(start);
    const value = Math.round(mean * (1 + 0.04 * random.normal()));
    const { alerts: told } = monitor.observe(state, value, { entity: 'a', scope: 'a', start, end: start + STEP });
    alerts.push(...told.filter((alert) => alert.state === 'opened').map(({ window_start }) => window_start));
  }
  return alerts;
}

it.each([
  ['forward', Date.UTC(2026, 2, 29)],
  ['back', Date.UTC(2026, 9, 25)],
])('when clocks are set %s, the usual day goes with them by the zone, and is off without', (_way, change) => {
  const range = { from: change - 28 * DAY, to: change + 3 * DAY, usual: wave };
  const since = (alerts: readonly number[]) => alerts.filter((time) => time >= change);
  const calendar = new Calendar({ timeZone: 'Europe/Berlin', holidays: [], maintenance: [] });
  expect(since(alertsIn({ detection: shopDetection(BERLIN), ...range }, calendar))).toEqual([]);
  expect(since(alertsIn({ detection: shopDetection(UTC), ...range })).length).toBeGreaterThan(0);
});

it('a holiday is not judged by the usual day, and not learned', () => {
  const holiday = Date.UTC(2026, 4, 1);
  const isHoliday = (time: number) => new Date(BERLIN(time)).toISOString().startsWith('2026-05-01');
  const closed = {
    ...{ detection: shopDetection(BERLIN), from: holiday - 28 * DAY, to: holiday + 3 * DAY },
    factor: (time: number) => (isHoliday(time) ? 0.05 : 1),
  };
  const about = (alerts: readonly number[]) => alerts.filter((time) => time >= holiday - DAY);
  expect(about(alertsIn(closed)).length).toBeGreaterThan(0);
  const calendar = new Calendar({ timeZone: 'Europe/Berlin', holidays: ['2026-05-01'], maintenance: [] });
  expect(about(alertsIn(closed, calendar))).toEqual([]);
});

it('what is unusual in maintenance opens nothing and is not learned, and is found after it', () => {
  const noon = Date.UTC(2026, 4, 12, 10);
  const traffic = { detection: shopDetection(BERLIN), from: noon - 28 * DAY, to: noon + 2 * DAY };
  const isDown = (time: number) => [0, DAY].some((day) => time >= noon + day && time < noon + day + HOUR);
  const calendar = new Calendar({
    ...{ timeZone: 'Europe/Berlin', holidays: [] },
    maintenance: [{ from: noon - 5 * MINUTE, to: noon + HOUR + 5 * MINUTE }],
  });
  const alerts = alertsIn({ ...traffic, factor: (time) => (isDown(time) ? 0.01 : 1) }, calendar);
  expect(alerts.filter((time) => time >= noon - HOUR && time < noon + 20 * HOUR)).toEqual([]);
  expect(alerts.filter((time) => time >= noon + DAY && time < noon + DAY + HOUR)).toHaveLength(1);
});

it.each([
  ['forward', '2026-03-2'],
  ['back', '2026-10-2'],
])('a job of every night at 3 goes on to be usual when clocks are set %s', (_way, week) => {
  // 02:00 UTC in winter, and 01:00 in summer.
  const nights = Array.from({ length: 7 }, (_, day) => Date.parse(`${week}${3 + day}T00:00:00Z`)).map((day) =>
    [day + HOUR, day + 2 * HOUR].find((time) => HOURS.format(time) === '03'),
  ) as number[];
  const usual = (localTime: LocalTime) => {
    const state = initialRecurrence();
    return nights.map((time) => isRecurring(state, { time, windowMs: 5000, isFar: true, excess: 1 }, localTime));
  };
  expect(usual(BERLIN).slice(2)).toEqual([true, true, true, true, true]);
  expect(usual(UTC).slice(2)).toContain(false);
});
