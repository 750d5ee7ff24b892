import { type LocalTime, localTimeOf, UTC } from '../detection/local-time.js';

/** What is not as on other days, and by which clock days are counted; plain values. */
export interface CalendarConfig {
  /** An IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Local days, such as `2026-12-25`. */
  readonly holidays: readonly string[];
  /** [from, to) in milliseconds since the epoch. */
  readonly maintenance: readonly { readonly from: number; readonly to: number }[];
}

const DAY_MS = 86_400_000;
/** The longest time over which detectors take means: those of times before and after a change of clocks are of no other day. */
const CHANGE_MS = 3 * 3_600_000;

/** Holidays and maintenance, which detectors know of beforehand. */
export class Calendar {
  /** By which hours of the day are counted. */
  readonly localTime: LocalTime;
  readonly #localTimeBefore: LocalTime;
  readonly #holidays: ReadonlySet<number>;
  readonly #maintenance: CalendarConfig['maintenance'];

  /** @throws RangeError there is no such time zone */
  constructor({ holidays, maintenance, timeZone }: CalendarConfig) {
    this.localTime = localTimeOf(timeZone);
    // One of its own: each remembers the last offset.
    this.#localTimeBefore = localTimeOf(timeZone);
    this.#holidays = new Set(holidays.map((day) => Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY_MS)));
    this.#maintenance = maintenance.toSorted((one, other) => one.from - other.from);
  }

  /** Whether clocks were changed a short time before. */
  isJustChanged(timestampMs: number): boolean {
    if (this.localTime === UTC) return false;
    return this.localTime(timestampMs) - this.#localTimeBefore(timestampMs - CHANGE_MS) !== CHANGE_MS;
  }

  isHoliday(timestampMs: number): boolean {
    return this.#holidays.size > 0 && this.#holidays.has(Math.floor(this.localTime(timestampMs) / DAY_MS));
  }

  /** Whether something is maintained in some of [start, end]. */
  isMaintenance(start: number, end: number): boolean {
    for (const { from, to } of this.#maintenance) {
      if (from > end) return false;
      if (start < to && end >= from) return true;
    }
    return false;
  }
}
