const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ZONE = '(?: ?(Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?))?';
const FRACTION = '(?:[.,](\\d{1,9})\\d*)?';
/** `17/May/2015:10:05:03 +0000`, as servers write it by default. */
const COMMON_LOG = new RegExp(
  `^ ?(\\d{1,2})/([A-Za-z]{3})/(\\d{4})[: ](\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
const ISO_8601 = new RegExp(
  `^(\\d{4})[-/](\\d{2})[-/](\\d{2})[T ](\\d{2}):(\\d{2})(?::(\\d{2})${FRACTION})?${ZONE}$`,
  'i',
);
const BASIC_ISO_8601 = new RegExp(`^(\\d{4})(\\d{2})(\\d{2})T(\\d{2})(\\d{2})(\\d{2})${FRACTION}${ZONE}$`, 'i');
/** `Thu, 07 Mar 2024 11:05:10 GMT`, as HTTP's headers have it. */
const HTTP_DATE = new RegExp(
  `^[A-Za-z]{3}, (\\d{2}) ([A-Za-z]{3}) (\\d{4}) (\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
const NUMBER = /^\d{1,19}(?:\.\d{0,12})?$/;
const LONGEST_TIME = 64;
/** In `17/May/2015:10:05:03 +0000`. */
const TIME_LOCAL_LENGTH = 26;
const DAY_LENGTH = 12;
const ZONE_START = 20;

/**
 * Reads times as logs have them: the common log format's, ISO 8601, an HTTP date, or a number since 1970: of seconds with
 * a fraction or, where it is too large for that, of milli-, micro- or nanoseconds. Without a zone it is UTC: what a log
 * says must not hang on the reader's zone.
 */
export class TimeReader {
  /** Lines of one second have the same text for it. */
  #lastText = '';
  #last = Number.NaN;
  /** Of the last time of NGINX's form, `17/May/2015:` and ` +0000`, and what that is without the time of day. */
  #day = '';
  #zone = '';
  #midnight = 0;

  /** @returns milliseconds since 1970; NaN for what is no time */
  read(value: unknown): number {
    if (typeof value === 'number') return epochMs(value);
    if (typeof value !== 'string') return Number.NaN;
    if (value !== this.#lastText) {
      this.#last = value.length > LONGEST_TIME ? Number.NaN : this.#parse(value);
      this.#lastText = value;
    }
    return this.#last;
  }

  /** Most times are of the day of the one before: that takes a quarter of the time. */
  #parse(text: string): number {
    const ofDay = text.length === TIME_LOCAL_LENGTH ? timeOfDayIn(text) : -1;
    if (ofDay >= 0 && text.startsWith(this.#day) && text.endsWith(this.#zone) && this.#day !== '') {
      return this.#midnight + ofDay;
    }
    const time = parseTime(text);
    if (ofDay >= 0 && !Number.isNaN(time)) {
      this.#day = text.slice(0, DAY_LENGTH);
      this.#zone = text.slice(ZONE_START);
      this.#midnight = time - ofDay;
    }
    return time;
  }
}

/** The milliseconds of `10:05:03` behind the day; -1 for what is none. */
function timeOfDayIn(text: string): number {
  if (text[11] !== ':' || text[14] !== ':' || text[17] !== ':' || text[20] !== ' ') return -1;
  const hour = twoDigits(text, 12);
  const minute = twoDigits(text, 15);
  const second = twoDigits(text, 18);
  return hour > 23 || minute > 59 || second > 60 ? -1 : ((hour * 60 + minute) * 60 + second) * 1000;
}

/** More than any time has for what are no digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 100 : tens * 10 + ones;
}

function parseTime(text: string): number {
  const common = COMMON_LOG.exec(text) ?? HTTP_DATE.exec(text);
  if (common !== null) {
    const [, day, name = '', year, ...rest] = common;
    return utcMs(year, String(MONTHS.indexOf(name.toLowerCase()) + 1), day, rest);
  }
  if (NUMBER.test(text)) return epochMs(Number(text));
  const iso = ISO_8601.exec(text) ?? BASIC_ISO_8601.exec(text);
  if (iso === null) return Number.NaN;
  const [, year, month, day, ...rest] = iso;
  return utcMs(year, month, day, rest);
}

/** NaN when there is no such date or time. */
function utcMs(
  year = '',
  month = '',
  day = '',
  [hour = '', minute = '', second = '0', fraction = '', zone = 'Z']: readonly (string | undefined)[],
): number {
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date.UTC takes 31 February for 3 March, and month 0 for December.
  if (midnight.getUTCDate() !== Number(day) || midnight.getUTCMonth() !== Number(month) - 1) return Number.NaN;
  // A leap second is the first of the next minute.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return Number.NaN;
  const milliseconds = Math.trunc(Number(`0.${fraction}0`) * 1000);
  return midnight.getTime() + timeOfDayMs(hour, minute, second) + milliseconds - offsetMs(zone);
}

function offsetMs(zone: string): number {
  if (!/^[+-]/.test(zone)) return 0;
  const hours = zone.slice(1, 3);
  const minutes = zone.length > 3 ? zone.slice(-2) : '0';
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (zone.startsWith('+') ? 1 : -1) * timeOfDayMs(hours, minutes);
}

function timeOfDayMs(hours: string, minutes: string, seconds = '0'): number {
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** Seconds reach 1e11 in the year 5138, milliseconds had reached it in 1973, and so on by thousands. */
function epochMs(value: number): number {
  if (value < 1e11) return Math.round(value * 1000);
  if (value < 1e14) return Math.round(value);
  return Math.trunc(value < 1e17 ? value / 1e3 : value / 1e6);
}
