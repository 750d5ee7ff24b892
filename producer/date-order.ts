import type { LineFields } from './formats/line-format.js';
import type { OddFieldCounts } from './odd-fields.js';

const DAY_MS = 86_400_000;
/** `25/03/2024`, before a clock or a separator. */
const NUMERIC_DATES = /(?<![\w/.-])(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?=[,;|\t" T]|$)/gm;
const NUMERIC_TIME = /^(\d{1,2})([/-])(\d{1,2})\2(\d{4})(?=,? ?T?\d)/;

type Order = 'day' | 'month';

/**
 * Whether the day or the month comes first in dates such as `07/03/2024`, as the lines that a text begins with show: by a
 * number that is no month, by a date that is still to come, or by which of the two changes while the other stays.
 */
export class DateOrder {
  readonly #first: Order;
  readonly #told: string;

  private constructor(first: Order, isShown: boolean) {
    this.#first = first;
    this.#told = orderInWords(first, isShown);
  }

  /** Undefined for a text without such dates. */
  static of(beginning: string, now = Date.now()): DateOrder | undefined {
    const dates: Pair[] = [];
    for (const [, one = '', , other = '', year = ''] of beginning.matchAll(NUMERIC_DATES)) {
      dates.push({ one: Number(one), other: Number(other), year: Number(year) });
    }
    if (dates.length === 0) return undefined;
    // With a clock of twelve hours it is America's way.
    const usual = / [AP]M\b/.test(beginning) ? 'month' : 'day';
    const shown = byRange(dates) ?? byClock(dates, now) ?? byChange(dates);
    return new DateOrder(shown ?? usual, shown !== undefined);
  }

  /** Gives a time that begins with such a date as ISO 8601 has it, and says so. */
  apply(fields: LineFields, oddFields: OddFieldCounts): void {
    const iso = typeof fields.time === 'string' ? this.iso(fields.time) : undefined;
    if (iso === undefined) return;
    fields.time = iso;
    oddFields.add('time', this.#told);
  }

  /** A time that begins with such a date, with the date as ISO 8601 has it; undefined for any other. */
  iso(time: string): string | undefined {
    const date = NUMERIC_TIME.exec(time);
    if (date === null) return undefined;
    const [whole, one = '', , other = '', year = ''] = date;
    const isDayFirst = Number(one) > 12 || (this.#first === 'day' && Number(other) <= 12);
    const [day, month] = isDayFirst ? [one, other] : [other, one];
    const clock = time
      .slice(whole.length)
      .replace(/^,? ?T?/, '')
      .replace(/^\d:/, '0$&');
    return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${clock}`;
  }
}

/** What a user is told of the order that was taken. */
export function orderInWords(first: Order, isShown: boolean): string {
  return `${first} first in dates such as 07/03/2024, ${isShown ? 'as the first lines show' : 'for no line shows which it is'}`;
}

interface Pair {
  readonly one: number;
  readonly other: number;
  readonly year: number;
}

function byRange(dates: readonly Pair[]): Order | undefined {
  const isDayFirst = dates.some(({ one }) => one > 12);
  const isMonthFirst = dates.some(({ other }) => other > 12);
  if (isDayFirst === isMonthFirst) return undefined;
  return isDayFirst ? 'day' : 'month';
}

/** A log is of what was. */
function byClock(dates: readonly Pair[], now: number): Order | undefined {
  const isAhead = (year: number, month: number, day: number) => Date.UTC(year, month - 1, day) > now + DAY_MS;
  const isDayAhead = dates.some(({ one, other, year }) => isAhead(year, other, one));
  const isMonthAhead = dates.some(({ one, other, year }) => isAhead(year, one, other));
  if (isDayAhead === isMonthAhead) return undefined;
  return isDayAhead ? 'month' : 'day';
}

/** Days go by one by one while the month stays. */
function byChange(dates: readonly Pair[]): Order | undefined {
  const ones = new Set(dates.map(({ one }) => one)).size;
  const others = new Set(dates.map(({ other }) => other)).size;
  if (ones === others) return undefined;
  return ones > others ? 'day' : 'month';
}
