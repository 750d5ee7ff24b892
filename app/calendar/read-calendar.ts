import ICAL from 'ical.js';
import { isTimeZone, localTimeOf } from '../../detection/local-time.js';
import type { CalendarConfig, Maintenance } from '../../topology/calendar.js';
import { Entities, isEntityName } from '../../topology/entities.js';
import { instantOf } from './instant.js';

const DAY_MS = 86_400_000;
/** Events that come again for ever are known until then. */
const LAST_YEAR = 2100;
const MAX_OCCURRENCES = 50_000;
/** Where else than in categories and the place an event names entities. */
const ENTITIES = 'x-millrace-entities';

/**
 * Holidays and maintenance of an iCalendar file (RFC 5545): events of whole days are holidays and others are maintenance,
 * unless their categories say otherwise. Maintenance is of the entities that the event names, or of everything.
 *
 * @throws Error what is wrong, and where
 */
export function readCalendar(text: string, timeZone: string): Omit<CalendarConfig, 'timeZone'> {
  const calendar = new ICAL.Component(ICAL.parse(text));
  if (calendar.name !== 'vcalendar') throw new Error(`It holds a ${calendar.name}, and no VCALENDAR.`);
  const holidays = new Set<string>();
  const maintenance: Maintenance[] = [];
  for (const component of calendar.getAllSubcomponents('vevent')) {
    const event = new ICAL.Event(component);
    if (event.isRecurrenceException() || component.getFirstPropertyValue('status') === 'CANCELLED') continue;
    const toInstant = instantsOf(component, timeZone);
    const isHoliday = kindOf(component, event) === 'holiday';
    for (const { end, of, start } of occurrencesOf(event)) {
      if (!isHoliday) maintenance.push({ from: toInstant(start), to: toInstant(end), ...(of.length > 0 && { of }) });
      else for (let day = wallClock(start); day < wallClock(end); day += DAY_MS) holidays.add(dateOf(day));
    }
  }
  return { holidays: [...holidays].sort(), maintenance: maintenance.sort((one, other) => one.from - other.from) };
}

function kindOf(component: ICAL.Component, { startDate }: ICAL.Event): 'holiday' | 'maintenance' {
  const words = textsOf(component, 'categories').map((word) => word.toLowerCase());
  if (words.includes('maintenance')) return 'maintenance';
  if (words.includes('holiday')) return 'holiday';
  return startDate.isDate && entitiesOf(component).length === 0 ? 'holiday' : 'maintenance';
}

/**
 * Those that an event names: in its categories and its place, where other texts may stand beside them, and in a property of
 * its own.
 */
function entitiesOf(component: ICAL.Component): string[] {
  const listed = (name: string) =>
    textsOf(component, name).flatMap((text) => text.split(/[,;\n]/).map((one) => one.trim()));
  const own = listed(ENTITIES).filter((name) => name !== '');
  new Entities(own);
  return [...new Set([...own, ...[...listed('categories'), ...listed('location')].filter(isEntityName)])];
}

function textsOf(component: ICAL.Component, property: string): string[] {
  return component.getAllProperties(property).flatMap((one) => one.getValues().map(String));
}

interface Occurrence {
  readonly start: ICAL.Time;
  readonly end: ICAL.Time;
  /** The entities that are maintained; none: everything. */
  readonly of: string[];
}

function* occurrencesOf(event: ICAL.Event): Generator<Occurrence> {
  if (!event.isRecurring()) {
    yield { start: event.startDate, end: event.endDate, of: entitiesOf(event.component) };
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
    const { endDate, item, startDate } = event.getOccurrenceDetails(next);
    yield { start: startDate, end: endDate, of: entitiesOf(item.component) };
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
