import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { maintenanceOf } from '../../app/calendar/maintenance-text.js';
import { readCalendar } from '../../app/calendar/read-calendar.js';
import { isTimeZone } from '../../detection/local-time.js';
import type { CalendarConfig } from '../../topology/calendar.js';
import { repeatableOption } from './repeatable-option.js';
import { UsageError } from './usage-error.js';

export interface CalendarOptions {
  /** The text of the file. */
  readonly calendar?: string;
  /** As it is written. */
  readonly maintenance?: readonly string[];
  readonly timeZone?: string;
}

/** `--calendar` and `--maintenance`: holidays and maintenance, which detectors know of beforehand. */
export function addCalendar(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--calendar <file>',
        'iCalendar file (.ics) of holidays (whole days, or of the category HOLIDAY) and maintenance (other events, or of the ' +
          'category MAINTENANCE; of everything, or of what its categories or its location name, such as service:checkout), ' +
          'in the zone of --time-zone where they name none',
      ).argParser(textOf),
    )
    .addOption(
      repeatableOption<readonly string[]>(
        '--maintenance <names=from/to>',
        'maintenance of services, hosts and sensors, or of everything (*), such as ' +
          'service:checkout,host:*.example.com=2026-12-01T02:00/2h; can be repeated',
        (text, before = []) => {
          usable(text);
          return [...before, text];
        },
      ),
    );
}

export function calendarConfig({ calendar, maintenance = [], timeZone = 'UTC' }: CalendarOptions): CalendarConfig {
  if (!isTimeZone(timeZone)) {
    throw new UsageError(`--time-zone: there is no time zone "${timeZone}"; give an IANA name such as Europe/Berlin`);
  }
  const read = calendar === undefined ? { holidays: [], maintenance: [] } : readCalendar(calendar, timeZone);
  return {
    timeZone,
    holidays: read.holidays,
    maintenance: [...read.maintenance, ...maintenance.map((text) => maintenanceOf(text, timeZone))],
  };
}

function usable(text: string): void {
  try {
    maintenanceOf(text, 'UTC');
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
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
