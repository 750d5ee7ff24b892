import { expect, it } from 'vitest';
import type { ServiceLog } from '../../../schemas/records.js';
import { Calendar } from '../../../topology/calendar.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 5, 1, 12);
const MINUTE_MS = 60_000;
const minute = (minutes: number) => START_MS + minutes * MINUTE_MS;

function calendarOf(...maintenance: readonly { from: number; to: number; of?: readonly string[] }[]): Calendar {
  return new Calendar({ timeZone: 'UTC', holidays: [], maintenance });
}

it.each([
  ['service:checkout', 'service/checkout', true],
  ['service:checkout', 'service/checkout-2', false],
  ['service:checkout', 'web/checkout', false],
  ['service:check*', 'service/checkout-2', true],
  ['host:*.Shop.example', 'web/www.shop.example', true],
  ['host:*.shop.example', 'web/wwwxshopxexample', false],
  // The traffic of all hosts has that of this one in it.
  ['host:www.shop.example', 'web/*', true],
  ['service:checkout', 'web/*', false],
  ['sensor:boiler-7', 'sensor/boiler-7', true],
])('maintenance of %s: is %s maintained? %s', (name, scope, isMaintained) => {
  const calendar = calendarOf({ from: minute(0), to: minute(10), of: [name] });
  expect(calendar.isMaintenance(minute(1), minute(2), scope)).toBe(isMaintained);
});

it('a time is maintained by any entry that is on then, however they overlap', () => {
  const calendar = calendarOf(
    { from: minute(0), to: minute(60) },
    { from: minute(10), to: minute(20), of: ['service:a'] },
    { from: minute(30), to: minute(40), of: ['service:b'] },
    { from: minute(70), to: minute(80), of: ['service:a'] },
  );
  const isMaintained = (scope: string) =>
    [5, 15, 35, 45, 59, 61, 75, 85].map((time) => calendar.isMaintenance(minute(time), minute(time) + 5000, scope));
  expect(isMaintained('service/a')).toEqual([true, true, true, true, true, false, true, false]);
  expect(isMaintained('service/c')).toEqual([true, true, true, true, true, false, false, false]);
});

it('only the service that is maintained is not told when it falls silent, and is again when maintenance is over', async () => {
  const isDown = (service: string, second: number) =>
    (service !== 'web' && second >= 1000 && second < 1120) ||
    (service === 'checkout' && second >= 1500 && second < 1620);
  const lines: ServiceLog[] = [];
  for (let second = 0; second < 1800; second++) {
    for (const service of ['web', 'checkout', 'search']) {
      if (isDown(service, second)) continue;
      for (let line = 0; line < 2; line++) {
        lines.push({
          ...{ timestamp: START_MS + 1000 * second + 400 * line, service, level: 'INFO', message: 'served' },
          ...{ endpoint: null, status: null, response_time: null, source: null },
        } as unknown as ServiceLog);
      }
    }
  }
  const maintenance = [{ from: START_MS + 990_000, to: START_MS + 1_200_000, of: ['service:checkout'] }];
  const run = await ApplicationRun.create({
    config: { pipelines: ['services'], calendar: { timeZone: 'UTC', holidays: [], maintenance } },
  });
  await run.append('serviceLogs', lines, ({ service }) => service);
  await run.drain();
  const opened = (await run.read('alerts')).map(({ value }) => value).filter(({ state }) => state === 'opened');
  await run.close();
  const silences = opened
    .filter(({ detector }) => detector === 'silence')
    .map(({ entity, time }) => [entity, Math.floor((time - START_MS) / 500_000)]);
  expect(silences.sort()).toEqual([
    ['checkout', 3],
    ['search', 2],
  ]);
  expect(opened.filter(({ time }) => time < START_MS + 1_490_000).every(({ entity }) => entity !== 'checkout')).toBe(
    true,
  );
});
