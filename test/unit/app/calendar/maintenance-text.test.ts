import { expect, it } from 'vitest';
import { maintenanceOf } from '../../../../app/calendar/maintenance-text.js';

const at = (iso: string) => Date.parse(iso);

it.each([
  [
    'service:checkout=2026-12-01T02:00/2026-12-01T04:30',
    ['service:checkout'],
    '2026-12-01T01:00Z',
    '2026-12-01T03:30Z',
  ],
  [
    'service:a, host:*.b.example=2026-07-01T02:00/90m',
    ['service:a', 'host:*.b.example'],
    '2026-07-01T00:00Z',
    '2026-07-01T01:30Z',
  ],
  ['*=2026-12-01T02:00Z/2h', undefined, '2026-12-01T02:00Z', '2026-12-01T04:00Z'],
  ['sensor:*=2026-12-01/2026-12-02T00:00+01:00', ['sensor:*'], '2026-11-30T23:00Z', '2026-12-01T23:00Z'],
])('%s is read by the clocks of the zone that is given', (text, of, from, to) => {
  expect(maintenanceOf(text, 'Europe/Berlin')).toEqual({ from: at(from), to: at(to), ...(of && { of }) });
});

it.each([
  ['service:checkout', 'is no maintenance'],
  ['=2026-12-01/2h', 'is no maintenance'],
  ['checkout=2026-12-01/2h', 'names no entity'],
  ['service:checkout=tomorrow/2h', 'is no time'],
  ['service:checkout=2026-12-01/soon', 'must be a duration'],
  ['service:checkout=2026-12-01T02:00/2026-12-01T01:00', 'ends before it begins'],
])('%s is refused: it %s', (text, why) => {
  expect(() => maintenanceOf(text, 'UTC')).toThrow(why);
});
