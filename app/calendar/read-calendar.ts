import ICAL from 'ical.js';
import { isTimeZone, type LocalTime, localTimeOf } from '../../detection/local-time.js';
import type { CalendarConfig } from '../../topology/calendar.js';

const DAY_MS = 86_400_000;
/** Events that come again for ever are known until then. */
const LAST_YEAR = 2100;
const MAX_OCCURRENCES = 50_000;

/**
 * Holidays and maintenance of an iCalendar file (RFC 5545): events of whole days are holidays and others are maintenance,
 * unless their categories say otherwise.
 *
 * @throws Error what is wrong, and where
 */
export function readCalendar(text: string, timeZone: string): Omit<CalendarConfig, 'timeZone'> {
  const calendar = new ICAL.Component(ICAL.parse(text));
  if (calendar.name !== 'vcalendar') throw new Error(`It holds a ${calendar.name}, and no VCALENDAR.`);
  const holidays = new Set<string>();
  const maintenance: { from: number; to: number }[] = [];
  for (const component of calendar.getAllSubcomponents('vevent')) {
    const event = new ICAL.Event(component);
    if (event.isRecurrenceException() || component.getFirstPropertyValue('status') === 'CANCELLED') continue;
    const toInstant = instantsOf(component, timeZone);
    const isHoliday = kindOf(component, event) === 'holiday';
    for (const { end, start } of occurrencesOf(event)) {
      if (!isHoliday) maintenance.push({ from: toInstant(start), to: toInstant(end) });
      else for (let day = wallClock(start); day < wallClock(end); day += DAY_MS) holidays.add(dateOf(day));
    }
  }
  return { holidays: [...holidays].sort(), maintenance: maintenance.sort((one, other) => one.from - other.from) };
}

function kindOf(component: ICAL.Component, { startDate }: ICAL.Event): 'holiday' | 'maintenance' {
  const categories = component.getAllProperties('categories').flatMap((one) => one.getValues());
  const words = categories.map((one) => String(one).toLowerCase());
  if (words.includes('maintenance')) return 'maintenance';
  return words.includes('holiday') || startDate.isDate ? 'holiday' : 'maintenance';
}

function* occurrencesOf(event: ICAL.Event): Generator<{ readonly start: ICAL.Time; readonly end: ICAL.Time }> {
  if (!event.isRecurring()) {
    yield { start: event.startDate, end: event.endDate };
    return;
  }
  const iterator = event.iterator();
  for (let seen = 0; ; seen++) {
    const next: ICAL.Time | null = iterator.next();
    if (!next || next.year >= LAST_YEAR) return;
    if (seen === MAX_OCCURRENCES) {
      throw new Error(
        `"${event.summary}" comes more than ${MAX_OCCURRENCES} times before ${LAST_YEAR}; end it by UNTIL.`,
      );
    }
    const { endDate, startDate } = event.getOccurrenceDetails(next);
    yield { start: startDate, end: endDate };
  }
}

/** Times without a zone are of the zone that is given; those of zones that are known by name go by the platform's data. */
function instantsOf(component: ICAL.Component, timeZone: string): (time: ICAL.Time) => number {
  const named = component.getFirstProperty('dtstart')?.getFirstParameter('tzid');
  const own = named !== undefined && isTimeZone(named) ? localTimeOf(named) : undefined;
  const fallback = localTimeOf(timeZone);
  return (time) => {
    if (time.zone === ICAL.Timezone.utcTimezone) return wallClock(time);
    if (own !== undefined) return instantOf(wallClock(time), own);
    const isFloating = time.isDate || time.zone === ICAL.Timezone.localTimezone;
    return isFloating ? instantOf(wallClock(time), fallback) : time.toUnixTime() * 1000;
  };
}

/** As if it were UTC. */
function wallClock({ day, hour, minute, month, second, year }: ICAL.Time): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function dateOf(day: number): string {
  return new Date(day).toISOString().slice(0, 10);
}

/** When clocks show that; in the hour that comes twice, the first time or the second. */
function instantOf(local: number, localTime: LocalTime): number {
  let instant = local;
  for (let round = 0; round < 3; round++) instant = local - (localTime(instant) - instant);
  return instant;
}
