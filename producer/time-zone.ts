/** By their names, in minutes. Names that several zones have, such as IST, are not among them. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  ...{ Z: 0, UTC: 0, GMT: 0, WET: 0, WEST: 60, BST: 60, CET: 60, MET: 60, CEST: 120, MEST: 120, EET: 120, EEST: 180 },
  ...{ MSK: 180, EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480, PDT: -420 },
  ...{ SAST: 120, SGT: 480, HKT: 480, JST: 540, KST: 540, AEST: 600, AEDT: 660, NZST: 720, NZDT: 780 },
};
const NAMES = Object.keys(NAMED_ZONES).toSorted((one, other) => other.length - one.length);
/** An offset, a name, or a place with or without brackets: `[Europe/Berlin]`, which says more than the offset before it. */
export const ZONE_TEXT = `(?:${NAMES.join('|')}|[+-]\\d{2}(?::?\\d{2})?(?:\\[\\w+/[\\w/+-]+\\])?|\\[?[A-Z][a-z]+/[A-Z]\\w+(?:[/_-]\\w+)*\\]?)`;

/** How far a zone's clocks are ahead of UTC at a time that they show, given as if it were UTC. */
export function zoneOffset(timeZone: string): (localMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const offsetAt = (ms: number) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const { day = 1, hour = 0, minute = 0, month = 1, second = 0, year = 1970 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  };
  let last = Number.NaN;
  let known = 0;
  return (localMs) => {
    // Clocks are changed at whole quarters of an hour.
    const quarter = Math.floor(localMs / 900_000);
    if (quarter !== last) {
      // The second look is from the other side of a change.
      known = offsetAt(localMs - offsetAt(localMs));
      last = quarter;
    }
    return known;
  };
}

/** Whether a zone is a place, such as Europe/Berlin. */
export function isPlace(zone: string): boolean {
  return /^\[?[A-Za-z]+\//.test(zone);
}

/** How far a zone is ahead of UTC; of a place 0, for its offset changes with the time. */
export function offsetMs(written: string): number {
  if (isPlace(written)) return 0;
  const [zone = ''] = written.split('[', 1);
  if (!/^[+-]/.test(zone)) return (NAMED_ZONES[zone.toUpperCase()] ?? 0) * 60_000;
  const hours = zone.slice(1, 3);
  const minutes = zone.length > 3 ? zone.slice(-2) : '0';
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (zone.startsWith('+') ? 1 : -1) * timeOfDayMs(hours, minutes);
}

export function timeOfDayMs(hours: string, minutes: string, seconds = '0'): number {
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
