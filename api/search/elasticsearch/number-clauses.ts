import type { TermValue } from '../log-query.js';
import { atLeast, type Clause, exactly, exists, NONE, some } from './clauses.js';

/** By the type of whole numbers, beyond which no bound may be; a smaller type takes those of integers. */
const MOST: Readonly<Record<string, number>> = {
  byte: 2 ** 31 - 1,
  short: 2 ** 31 - 1,
  integer: 2 ** 31 - 1,
  long: Number.MAX_SAFE_INTEGER,
};
const DECIMAL_TYPES = ['double', 'float', 'half_float'];

export function isNumberType(type: string | undefined): type is string {
  return type !== undefined && (Object.hasOwn(MOST, type) || DECIMAL_TYPES.includes(type));
}

/** A number that is compared, or whose text equals or fits. */
export function numberClause(field: string, type: string, value: TermValue): Clause {
  const most = MOST[type];
  if (value.kind === 'range') return between(field, most, value.least, value.most);
  if (value.kind === 'compare') {
    const { number, operator } = value;
    if (most !== undefined) {
      if (operator === '>') return between(field, most, Math.floor(number) + 1, most);
      if (operator === '>=') return between(field, most, number, most);
      return between(field, most, -most, operator === '<' ? Math.ceil(number) - 1 : number);
    }
    const name = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' }[operator];
    return isRounded(type) ? atLeast(exists(field)) : exactly({ range: { [field]: { [name]: number } } });
  }
  if (value.kind === 'text') {
    const number = Number(value.text);
    if (value.text.trim() === '' || !Number.isFinite(number)) return NONE;
    const equal = isRounded(type) ? atLeast(exists(field)) : between(field, most, number, number);
    return String(number) === value.text.toLowerCase() ? equal : NONE;
  }
  const [, digits] = /^([1-9]\d{0,14})\*$/.exec(value.pattern) ?? [];
  if (digits === undefined || most === undefined) return atLeast(exists(field));
  const ranges: Clause[] = [];
  for (let tens = 1; Number(digits) * tens <= most; tens *= 10) {
    ranges.push(between(field, most, Number(digits) * tens, (Number(digits) + 1) * tens - 1));
  }
  return some(ranges);
}

/** Numbers that are kept with fewer digits than were written. */
function isRounded(type: string): boolean {
  return type === 'float' || type === 'half_float';
}

/** Both included. */
function between(field: string, most: number | undefined, from: number, to: number): Clause {
  if (most === undefined) return from > to ? NONE : exactly({ range: { [field]: { gte: from, lte: to } } });
  const gte = Math.max(-most, Math.ceil(from));
  const lte = Math.min(most, Math.floor(to));
  return gte > lte ? NONE : exactly({ range: { [field]: { gte, lte } } });
}
