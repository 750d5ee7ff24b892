import { toMilliseconds } from '@millrace/streams';
import { localTimeOf } from '../../detection/local-time.js';
import type { Maintenance } from '../../topology/calendar.js';
import { Entities } from '../../topology/entities.js';
import { instantOf } from './instant.js';

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/i;
const EVERYTHING = '*';

/**
 * Maintenance as a setting has it: `service:checkout=2026-12-01T02:00/2026-12-01T04:00`, or `…/2h`. Several entities are
 * separated by commas, and `*` is everything.
 *
 * @param timeZone of times that name none
 * @throws RangeError what is wrong
 */
export function maintenanceOf(text: string, timeZone: string): Maintenance {
  const equals = text.lastIndexOf('=');
  const [from = '', to = '', ...more] = text.slice(equals + 1).split('/');
  if (equals < 1 || from === '' || to === '' || more.length > 0) {
    throw new RangeError(
      `"${text}" is no maintenance; write NAMES=FROM/TO, such as service:checkout=2026-12-01T02:00/2h.`,
    );
  }
  const names = text
    .slice(0, equals)
    .split(',')
    .map((name) => name.trim());
  const start = timeOf(from, timeZone);
  if (start === undefined) throw new RangeError(`"${from}" is no time; write it such as 2026-12-01T02:00.`);
  const end = timeOf(to, timeZone) ?? start + toMilliseconds(to as `${number}s`, 'how long the maintenance takes');
  if (end <= start) throw new RangeError(`"${text}" ends before it begins.`);
  if (names.includes(EVERYTHING)) return { from: start, to: end };
  new Entities(names);
  return { from: start, to: end, of: names };
}

function timeOf(text: string, timeZone: string): number | undefined {
  const found = TIME.exec(text.trim());
  if (found === null) return undefined;
  const [, day, clock = '00:00', zone] = found;
  const time = Date.parse(`${day}T${clock}${zone?.toUpperCase() ?? 'Z'}`);
  if (Number.isNaN(time)) return undefined;
  return zone === undefined ? instantOf(time, localTimeOf(timeZone)) : time;
}
