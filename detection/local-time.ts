const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;

/** From a time to what clocks in a zone show then, as if that were UTC: seasons and times of the day are counted by it. */
export type LocalTime = (timestampMs: number) => number;

export const UTC: LocalTime = (timestampMs) => timestampMs;

/**
 * Local time by the IANA data of the platform, with daylight saving time. An offset is looked up once a quarter of an hour:
 * all changes are at the full quarters.
 *
 * @throws RangeError there is no such zone
 */
export function localTimeOf(timeZone: string): LocalTime {
  if (timeZone === 'UTC') return UTC;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  let quarter = Number.NaN;
  let offsetMs = 0;
  return (timestampMs) => {
    const at = Math.floor(timestampMs / QUARTER_MS);
    if (at !== quarter) {
      const name = format.formatToParts(at * QUARTER_MS).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
      offsetMs = offsetOf(name);
      quarter = at;
    }
    return timestampMs + offsetMs;
  };
}

/** Whether the platform knows the zone: an IANA name such as `Europe/Berlin`, or UTC. */
export function isTimeZone(name: string): boolean {
  try {
    localTimeOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Of `GMT`, or `GMT+05:30`. */
function offsetOf(name: string): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(name) ?? [];
  const ms = Number(hours) * HOUR_MS + Number(minutes) * 60_000 + Number(seconds) * 1000;
  return sign === '-' ? -ms : ms;
}
