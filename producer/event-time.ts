import { IsoDay, twoDigits } from './iso-day.js';
import { inEnglish } from './month-names.js';
import { isPlace, offsetMs, timeOfDayMs, ZONE_TEXT, zoneOffset } from './time-zone.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ZONE = `(?: ?(${ZONE_TEXT}))?`;
const FRACTION = '(?:[.,](\\d{1,9})\\d*)?';
/** `17/May/2015:10:05:03 +0000`, as servers write it by default. */
const COMMON_LOG = new RegExp(
  `^ ?(\\d{1,2})/([A-Za-z]{3})/(\\d{4})[: ](\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
/** MariaDB has a space for the first digit of an hour. */
const ISO_8601 = new RegExp(
  `^(\\d{4})[-/.](\\d{2})[-/.](\\d{2})[T ]([ \\d]\\d):(\\d{2})(?::(\\d{2})${FRACTION})?${ZONE}$`,
  'i',
);
/** `20240307T110501Z`, `20240307 11:05:01`. */
const BASIC_ISO_8601 = new RegExp(`^(\\d{4})(\\d{2})(\\d{2})[T ](\\d{2}):?(\\d{2}):?(\\d{2})${FRACTION}${ZONE}$`, 'i');
/** `24/03/07 11:05:01`, Spark's; `240307 11:05:01` and `240307  1:05:01`, of older MySQL. */
const SHORT_YEAR = new RegExp(`^(\\d{2})(/?)(\\d{2})\\2(\\d{2}) ([ \\d]\\d):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`, 'i');
/** `07.03.2024 11:05:01`. */
const DAY_DOT_MONTH = new RegExp(
  `^(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4}),? (\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
/** `03/07/2024, 1:05:01 PM`: with a clock of twelve hours the month comes first. */
const MONTH_DAY_TWELVE = new RegExp(
  `^(\\d{1,2})/(\\d{1,2})/(\\d{4}),? (\\d{1,2}):(\\d{2}):(\\d{2})${FRACTION} ?([AP]M)${ZONE}$`,
  'i',
);
/** `25/03/2024 11:05:01` and `25-03-2024 11:05`, with the day first unless that is none; see `DateOrder`. */
const DAY_MONTH = new RegExp(
  `^(\\d{1,2})([/-])(\\d{1,2})\\2(\\d{4}),?[ T](\\d{1,2}):(\\d{2})(?::(\\d{2})${FRACTION})?${ZONE}$`,
  'i',
);
/** `Mar 07, 2024 1:05:01 PM`, of java.util.logging. */
const MONTH_NAME_TWELVE = new RegExp(
  `^([A-Za-z]{3}) (\\d{1,2}), (\\d{4}),? (\\d{1,2}):(\\d{2}):(\\d{2})${FRACTION}(?: ?([AP]M))?${ZONE}$`,
  'i',
);
/** `2024-03-07 01:05:01 PM`. */
const ISO_TWELVE = new RegExp(
  `^(\\d{4})[-/](\\d{2})[-/](\\d{2}) (\\d{1,2}):(\\d{2}):(\\d{2})${FRACTION} ?([AP]M)${ZONE}$`,
  'i',
);
/** `Thu, 07 Mar 2024 11:05:10 GMT`, as HTTP's headers have it. */
const HTTP_DATE = new RegExp(
  `^[A-Za-z]{3}, (\\d{2}) ([A-Za-z]{3}) (\\d{4}) (\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
/** `Sun Nov 29 09:17:51.014576 2026`, Apache's error log; `Mar  7 11:05:01`, syslog's, which has no year. */
const MONTH_FIRST = new RegExp(
  `^(?:[A-Za-z]{3} )?([A-Za-z]{3}) ([ \\d]\\d) (?:(\\d{4}) )?(\\d{2}):(\\d{2}):(\\d{2})${FRACTION}(?: (\\d{4}))?$`,
);
/** `07 Mar 2024 11:05:01,123`, `07-Mar-2024 11:05:01.123`: log4j's and Tomcat's. */
const DAY_FIRST = new RegExp(
  `^(\\d{1,2})[ -]([A-Za-z]{3})[ -](\\d{4}) (\\d{2}):(\\d{2}):(\\d{2})${FRACTION}${ZONE}$`,
  'i',
);
/** `03-07 11:05:01.123456`, klog's and Android's, and `03.07 11:05:01`. */
const NO_YEAR = new RegExp(`^(\\d{2})[-.]?(\\d{2}) (\\d{2}):(\\d{2}):(\\d{2})${FRACTION}$`);
const CLOCK = new RegExp(`^(\\d{2}):(\\d{2}):(\\d{2})${FRACTION}$`);
/** `11:05AM`, Go's shortest. */
const KITCHEN = /^(\d{1,2}):(\d{2})([AP])M$/;
/** `081109 203518`, Hadoop's. */
const DIGITS = /^(\d{2})(\d{2})(\d{2}) (\d{2})(\d{2})(\d{2})$/;
/** `20171223-22:15:29:606`, and milliseconds without zeros before them. */
const COLONS = /^(\d{4})(\d{2})(\d{2})-(\d{1,2}):(\d{1,2}):(\d{1,2}):(\d{1,3})$/;
const NUMBER = /^\d{1,19}(?:\.\d{0,12})?$/;
const LONGEST_TIME = 64;
/** In `17/May/2015:10:05:03 +0000`. */
const TIME_LOCAL_LENGTH = 26;
const DAY_LENGTH = 12;
const ZONE_START = 20;

export interface TimeOptions {
  /** Of times that name none, such as Europe/Berlin. Default UTC: what a log says must not hang on the reader's zone. */
  readonly timeZone?: string | undefined;
  /** What a year or a date that is not there is guessed by. */
  readonly now?: (() => number) | undefined;
}

/** What a time does not say, and was guessed. */
export type Guess = 'without a zone' | 'without a year' | 'without a date' | 'in either order';

const DAY_MS = 86_400_000;
const MOST_PLACES = 1000;

/**
 * Reads times as logs have them: the common log format's, ISO 8601, an HTTP date, Apache's, syslog's, log4j's, or a number
 * since 1970: of seconds with a fraction or, where it is too large for that, of milli-, micro- or nanoseconds. A year or a
 * date that is missing is the last that is not in the future.
 */
export class TimeReader {
  /** Lines of one second have the same text for it. */
  #lastText = '';
  #last = Number.NaN;
  /** Of the last time of NGINX's form, `17/May/2015:` and ` +0000`, and what that is without the time of day. */
  #day = '';
  #zone = '';
  #midnight = 0;
  readonly #isoDay = new IsoDay();
  #isoGuess: Guess | undefined;
  readonly #zoneOffset: ((localMs: number) => number) | undefined;
  /** Of places that times name. */
  readonly #places = new Map<string, (localMs: number) => number>();
  readonly #now: () => number;
  readonly #knowsZone: boolean;
  /** Of the time that was read last. */
  guess: Guess | undefined;

  /** @throws RangeError for a time zone that there is not */
  constructor({ timeZone, now = Date.now }: TimeOptions = {}) {
    this.#zoneOffset = timeZone === undefined || timeZone === 'UTC' ? undefined : zoneOffset(timeZone);
    this.#now = now;
    this.#knowsZone = timeZone !== undefined;
  }

  /** @returns milliseconds since 1970; NaN for what is no time */
  read(value: unknown): number {
    if (typeof value !== 'string') {
      this.guess = undefined;
      return typeof value === 'number' ? epochMs(value) : Number.NaN;
    }
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
      this.guess = undefined;
      return this.#midnight + ofDay;
    }
    const sameDay = this.#isoDay.read(text);
    if (!Number.isNaN(sameDay)) {
      this.guess = this.#isoGuess;
      return sameDay;
    }
    const time = this.#parseWhole(text);
    if (ofDay >= 0 && !Number.isNaN(time)) {
      this.#day = text.slice(0, DAY_LENGTH);
      this.#zone = text.slice(ZONE_START);
      this.#midnight = time - ofDay;
    }
    return time;
  }

  #parseWhole(text: string): number {
    this.guess = undefined;
    const common = COMMON_LOG.exec(text) ?? HTTP_DATE.exec(text) ?? DAY_FIRST.exec(text);
    if (common !== null) {
      const [, day, name = '', year, ...rest] = common;
      return this.#inZone(rest.at(-1), utcMs(year, monthOf(name), day, rest));
    }
    if (NUMBER.test(text)) return epochMs(Number(text));
    const iso = ISO_8601.exec(text) ?? BASIC_ISO_8601.exec(text);
    if (iso !== null) {
      const [, year, month, day, ...rest] = iso;
      const zone = rest.at(-1);
      const time = this.#inZone(zone, utcMs(year, month, day, rest));
      if (zone === undefined ? this.#zoneOffset === undefined : !isPlace(zone)) {
        if (this.#isoDay.learn(text, time)) this.#isoGuess = this.guess;
      }
      return time;
    }
    const other = this.#parseOther(text);
    if (other !== undefined) return other;
    const monthFirst = MONTH_FIRST.exec(text);
    if (monthFirst !== null) {
      const [, name = '', day = '', first, hour, minute, second, fraction, last] = monthFirst;
      return this.#inYear(first ?? last, monthOf(name), day.trim().padStart(2, '0'), [hour, minute, second, fraction]);
    }
    const noYear = NO_YEAR.exec(text);
    if (noYear !== null) {
      const [, month = '', day = '', ...rest] = noYear;
      return this.#inYear(undefined, month, day, rest);
    }
    const clock = CLOCK.exec(text);
    if (clock !== null) return this.#onDay(clock.slice(1));
    return this.#parseRare(text);
  }

  #parseRare(text: string): number {
    const digits = DIGITS.exec(text);
    if (digits !== null) {
      const [, year, month, day, ...rest] = digits;
      return this.#inZone(undefined, utcMs(`20${year}`, month, day, rest));
    }
    const colons = COLONS.exec(text);
    if (colons !== null) {
      const [, year, month, day, hour, minute, second, thousandths = ''] = colons;
      const fraction = thousandths.padStart(3, '0');
      return this.#inZone(undefined, utcMs(year, month, day, [hour, minute, second, fraction]));
    }
    const kitchen = KITCHEN.exec(text);
    if (kitchen !== null) {
      const [, hour, minute, half] = kitchen;
      const hours = (Number(hour) % 12) + (half === 'P' ? 12 : 0);
      return Number(hour) > 12 ? Number.NaN : this.#onDay([String(hours), minute, '00', undefined]);
    }
    const english = inEnglish(text);
    return english === undefined || english === text ? Number.NaN : this.#parseWhole(english);
  }

  /** The rarer ways to write a date. */
  #parseOther(text: string): number | undefined {
    const short = SHORT_YEAR.exec(text);
    if (short !== null) {
      const [, year, , month, day, hour = '', ...rest] = short;
      return this.#inZone(rest.at(-1), utcMs(`20${year}`, month, day, [hour.trim(), ...rest]));
    }
    const dotted = DAY_DOT_MONTH.exec(text);
    if (dotted !== null) {
      const [, day, month, year, ...rest] = dotted;
      return this.#inZone(rest.at(-1), utcMs(year, month, day, rest));
    }
    const numeric = DAY_MONTH.exec(text);
    if (numeric !== null) {
      const [, one, , other, year, hour = '', ...rest] = numeric;
      const [day, month] = Number(other) > 12 ? [other, one] : [one, other];
      if (Number(one) <= 12 && Number(other) <= 12) this.guess = 'in either order';
      return this.#inZone(rest.at(-1), utcMs(year, month, day, [hour, ...rest]));
    }
    const named = MONTH_NAME_TWELVE.exec(text) ?? MONTH_DAY_TWELVE.exec(text);
    if (named !== null) {
      const [, month = '', day = '', year, ...rest] = named;
      if (Number(month) > 12) return this.#inTwelve(year, day, month, rest);
      return this.#inTwelve(year, /^\d/.test(month) ? month : monthOf(month), day, rest);
    }
    const iso = ISO_TWELVE.exec(text);
    if (iso === null) return undefined;
    const [, year, month, day, ...rest] = iso;
    return this.#inTwelve(year, month, day, rest);
  }

  #inTwelve(
    year: string | undefined,
    month: string | undefined,
    day: string | undefined,
    [hour, minute, second, fraction, half, zone]: readonly (string | undefined)[],
  ): number {
    if (half === undefined) return this.#inZone(zone, utcMs(year, month, day, [hour, minute, second, fraction, zone]));
    if (Number(hour) < 1 || Number(hour) > 12) return Number.NaN;
    const hours = (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
    return this.#inZone(zone, utcMs(year, month, day, [String(hours), minute, second, fraction, zone]));
  }

  /** Puts a local time, read as if it were UTC, into its zone. */
  #inZone(zone: string | undefined, ms: number): number {
    if (Number.isNaN(ms)) return ms;
    if (zone !== undefined) return isPlace(zone) ? this.#inPlace(zone, ms) : ms;
    if (!this.#knowsZone) this.guess ??= 'without a zone';
    return this.#zoneOffset === undefined ? ms : ms - this.#zoneOffset(ms);
  }

  #inPlace(zone: string, ms: number): number {
    const name = zone.replace(/[[\]]/g, '');
    let offset = this.#places.get(name);
    if (offset === undefined) {
      offset = offsetIn(name);
      // Who writes a log may make up any number of names.
      if (this.#places.size >= MOST_PLACES) this.#places.clear();
      this.#places.set(name, offset);
    }
    return ms - offset(ms);
  }

  #inYear(year: string | undefined, month: string, day: string, rest: readonly (string | undefined)[]): number {
    const [hour, minute, second, fraction] = rest;
    const time = [hour, minute, second, fraction, undefined];
    if (year !== undefined) return this.#inZone(undefined, utcMs(year, month, day, time));
    const now = this.#now();
    const thisYear = new Date(now).getUTCFullYear();
    // 29 February was in the last leap year.
    for (let back = -1; back <= 8; back++) {
      const ms = this.#inZone(undefined, utcMs(String(thisYear - back), month, day, time));
      if (ms > now + DAY_MS || Number.isNaN(ms)) continue;
      this.guess = 'without a year';
      return ms;
    }
    return Number.NaN;
  }

  #onDay(rest: readonly (string | undefined)[]): number {
    const now = this.#now();
    for (const ahead of [1, 0, -1]) {
      const [year, month, day] = new Date(now + ahead * DAY_MS).toISOString().slice(0, 10).split('-');
      const ms = this.#inZone(undefined, utcMs(year, month, day, [...rest, undefined]));
      if (ms > now + 60_000) continue;
      this.guess = 'without a date';
      return ms;
    }
    return Number.NaN;
  }
}

/** Of a place that there is not, no number. */
function offsetIn(place: string): (localMs: number) => number {
  try {
    return zoneOffset(place);
  } catch {
    return () => Number.NaN;
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
  // A leap second is the first of the next minute, and `24:00:00` of the next day, as ISO 8601 has it.
  const lastHour = Number(minute) + Number(second) + Number(`0${fraction}`) === 0 ? 24 : 23;
  if (Number(hour) > lastHour || Number(minute) > 59 || Number(second) > 60) return Number.NaN;
  const milliseconds = Math.trunc(Number(`0.${fraction}0`) * 1000);
  return midnight.getTime() + timeOfDayMs(hour, minute, second) + milliseconds - offsetMs(zone);
}

function monthOf(name: string): string {
  return String(MONTHS.indexOf(name.toLowerCase()) + 1);
}

/** Seconds reach 1e11 in the year 5138, milliseconds had reached it in 1973, and so on by thousands. */
function epochMs(value: number): number {
  if (value < 1e11) return Math.round(value * 1000);
  if (value < 1e14) return Math.round(value);
  // So large a number is right to 256 ns.
  return value < 1e17 ? Math.trunc(value / 1e3) : Math.floor(value / 1e6 + 0.0005);
}
