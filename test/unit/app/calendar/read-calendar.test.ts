import { expect, it } from 'vitest';
import { readCalendar } from '../../../../app/calendar/read-calendar.js';

function calendarOf(...events: readonly string[]): string {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:test'];
  for (const [index, event] of events.entries()) {
    lines.push('BEGIN:VEVENT', `UID:${index}`, 'DTSTAMP:20260101T000000Z', ...event.split('\n'), 'END:VEVENT');
  }
  return [...lines, 'END:VCALENDAR', ''].join('\r\n');
}

const at = (iso: string) => Date.parse(iso);

it('whole days are holidays, each of them, and come again every year', () => {
  const text = calendarOf(
    'SUMMARY:Christmas\nDTSTART;VALUE=DATE:20241225\nDTEND;VALUE=DATE:20241227\nRRULE:FREQ=YEARLY;COUNT=2',
    'SUMMARY:one day\nDTSTART;VALUE=DATE:20260501',
  );
  expect(readCalendar(text, 'Europe/Berlin')).toEqual({
    holidays: ['2024-12-25', '2024-12-26', '2025-12-25', '2025-12-26', '2026-05-01'],
    maintenance: [],
  });
});

it('other events are maintenance, in UTC, in their own zone, or in the zone that is given', () => {
  const text = calendarOf(
    'DTSTART:20260110T220000Z\nDTEND:20260110T230000Z',
    'DTSTART;TZID=America/New_York:20260710T220000\nDURATION:PT90M',
    'DTSTART:20260712T020000\nDTEND:20260712T040000',
  );
  expect(readCalendar(text, 'Europe/Berlin').maintenance).toEqual([
    { from: at('2026-01-10T22:00:00Z'), to: at('2026-01-10T23:00:00Z') },
    { from: at('2026-07-11T02:00:00Z'), to: at('2026-07-11T03:30:00Z') },
    { from: at('2026-07-12T00:00:00Z'), to: at('2026-07-12T02:00:00Z') },
  ]);
});

it('maintenance of every Sunday stays at its hour when clocks are changed, but where it is left out', () => {
  const text = calendarOf(
    'DTSTART;TZID=Europe/Berlin:20260322T040000\nDTEND;TZID=Europe/Berlin:20260322T050000\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260405T040000',
  );
  expect(readCalendar(text, 'UTC').maintenance.map(({ from }) => new Date(from).toISOString())).toEqual([
    '2026-03-22T03:00:00.000Z',
    '2026-03-29T02:00:00.000Z',
    '2026-04-12T02:00:00.000Z',
  ]);
});

it('categories say what an event is, and what is cancelled is nothing', () => {
  const text = calendarOf(
    'CATEGORIES:MAINTENANCE\nDTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260602',
    'CATEGORIES:HOLIDAY\nDTSTART:20261224T000000\nDTEND:20261224T120000',
    'STATUS:CANCELLED\nDTSTART;VALUE=DATE:20260701',
  );
  expect(readCalendar(text, 'Europe/Berlin')).toEqual({
    holidays: ['2026-12-24'],
    maintenance: [{ from: at('2026-05-31T22:00:00Z'), to: at('2026-06-01T22:00:00Z') }],
  });
});

it('what is no calendar is refused', () => {
  expect(() => readCalendar('hello', 'UTC')).toThrow();
  expect(() =>
    readCalendar(calendarOf('DTSTART:20200101T000000Z\nDTEND:20200101T000100Z\nRRULE:FREQ=HOURLY'), 'UTC'),
  ).toThrow(/comes more than 50000 times/);
});

it('maintenance is of what its categories, its place or its own property name, and otherwise of everything', () => {
  const at = 'DTSTART:20260601T100000Z\nDTEND:20260601T110000Z';
  const text = calendarOf(
    `CATEGORIES:MAINTENANCE,service:checkout,Planned\n${at}`,
    `LOCATION:Room 5\\, host:*.shop.example\\; sensor:boiler-*\n${at}`,
    `X-MILLRACE-ENTITIES:Service:web-api\n${at}`,
    `LOCATION:service:batch\nDTSTART;VALUE=DATE:20260602\nDTEND;VALUE=DATE:20260603`,
    `CATEGORIES:Planned\nLOCATION:https://meet.example/room\n${at}`,
  );
  const { holidays, maintenance } = readCalendar(text, 'UTC');
  expect(maintenance.map(({ of }) => of)).toEqual([
    ['service:checkout'],
    ['host:*.shop.example', 'sensor:boiler-*'],
    ['Service:web-api'],
    undefined,
    ['service:batch'],
  ]);
  expect(holidays).toEqual([]);
});

it('one time of maintenance that comes again may be of something else', () => {
  const text = calendarOf(
    'DTSTART:20260601T020000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nLOCATION:service:a',
  ).replace(
    'END:VCALENDAR',
    [
      ...['BEGIN:VEVENT', 'UID:0', 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID:20260602T020000Z'],
      ...['DTSTART:20260602T020000Z', 'DURATION:PT1H', 'LOCATION:service:b', 'END:VEVENT', 'END:VCALENDAR'],
    ].join('\r\n'),
  );
  expect(readCalendar(text, 'UTC').maintenance.map(({ of }) => of)).toEqual([
    ['service:a'],
    ['service:b'],
    ['service:a'],
  ]);
});

it('a name that is no entity is refused where nothing else can stand', () => {
  const text = calendarOf('X-MILLRACE-ENTITIES:checkout\nDTSTART:20260601T100000Z\nDTEND:20260601T110000Z');
  expect(() => readCalendar(text, 'UTC')).toThrow('"checkout" names no entity');
});
