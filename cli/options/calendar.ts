import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readCalendar } from '../../app/calendar/read-calendar.js';
import { isTimeZone } from '../../detection/local-time.js';
import type { CalendarConfig } from '../../topology/calendar.js';
import { UsageError } from './usage-error.js';

export interface CalendarOptions {
  /** The text of the file. */
  readonly calendar?: string;
  readonly timeZone?: string;
}

/** `--calendar`: holidays and maintenance, which detectors know of beforehand. */
export function addCalendar(command: Command): Command {
  return command.addOption(
    new Option(
      '--calendar <file>',
      'iCalendar file (.ics) of holidays (whole days, or of the category HOLIDAY) and maintenance (other events, or of the ' +
        'category MAINTENANCE), in the zone of --time-zone where they name none',
    ).argParser(textOf),
  );
}

export function calendarConfig({ calendar, timeZone = 'UTC' }: CalendarOptions): CalendarConfig {
  if (!isTimeZone(timeZone)) {
    throw new UsageError(`--time-zone: there is no time zone "${timeZone}"; give an IANA name such as Europe/Berlin`);
  }
  return {
    timeZone,
    ...(calendar === undefined ? { holidays: [], maintenance: [] } : readCalendar(calendar, timeZone)),
  };
}

function textOf(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    readCalendar(text, 'UTC');
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`It is no calendar that can be read: ${(error as Error).message}`);
  }
}
