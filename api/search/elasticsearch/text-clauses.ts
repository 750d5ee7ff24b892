import { isIPv4, isIPv6 } from 'node:net';
import type { TermValue } from '../log-query.js';
import { atLeast, type Clause, exactly, exists, noneOf, UNKNOWN, withDoubt } from './clauses.js';
import type { Dsl } from './index-requests.js';

/** An automaton is made of a pattern; from longer ones, or more parts, too large a one. */
const MAX_PATTERN = 200;
const MAX_PARTS = 6;

/** Texts in which a value is looked for; `*` stands between them. */
function partsOf(value: Extract<TermValue, { kind: 'text' | 'wildcard' }>): string[] {
  return value.kind === 'text' ? [value.text.toLowerCase()] : value.pattern.toLowerCase().split('*');
}

type TextValue = Extract<TermValue, { kind: 'text' | 'wildcard' }>;

/**
 * A keyword that equals or fits, or has it within; the case of letters does not matter. The index ignores the case of ASCII
 * letters alone: in place of others anything is found.
 */
export function keywordClause(field: string, value: TextValue, isWithin: boolean): Clause {
  const parts = partsOf(value);
  const [only = ''] = parts;
  if (value.kind === 'text' && !isWithin && isAscii(only)) {
    return exactly({ term: { [field]: { value: only, case_insensitive: true } } });
  }
  const isUsual = parts.every(isAscii) && parts.length <= MAX_PARTS && parts.join('').length <= MAX_PATTERN;
  const pattern = isUsual ? parts.map(escaped).join('*') : longestAscii(parts);
  if (pattern === '') return (isUsual ? exactly : atLeast)(exists(field));
  const isOpen = isWithin || !isUsual;
  const wildcard = { wildcard: { [field]: { value: isOpen ? `*${pattern}*` : pattern, case_insensitive: true } } };
  return isUsual ? exactly(wildcard) : atLeast(wildcard);
}

/** A text whose whole is in a keyword beside it, unless it is long. */
export function textClause(field: string, value: TextValue, isWithin: boolean): Clause {
  const whole = `${field}.keyword`;
  const isLong = { bool: { filter: [exists(field)], must_not: [exists(whole)] } };
  return withDoubt(keywordClause(whole, value, isWithin), isLong);
}

/** An address; what is none, such as a name, is not in the index. */
export function addressClause(field: string, value: TextValue, isWithin: boolean): Clause {
  const isNone: Dsl = { term: { _ignored: field } };
  const parts = partsOf(value);
  const [only = ''] = parts;
  const isText = value.kind === 'text';
  if (isText && isIPv4(only)) {
    const addresses = isWithin ? addressesWith(only) : [only];
    const found = { terms: { [field]: addresses } };
    return isWithin ? withDoubt(atLeast(found), isNone) : exactly(found);
  }
  if (isText && !isWithin) return atLeast(isIPv6(only) ? { term: { [field]: only } } : isNone);
  const network = isWithin ? undefined : networkOf(parts);
  if (network !== undefined) return withDoubt(exactly({ range: { [field]: network } }), isNone);
  if (parts.every((part) => /^[\da-f:.]*$/.test(part))) return UNKNOWN;
  // No address has such characters.
  return withDoubt({ query: 'none', isExact: true, doubts: [] }, isNone);
}

/** That the field is null. */
export function nullClause(field: string, type: string | undefined): Clause {
  const isMissing = exactly(noneOf([exists(field)]));
  if (type === 'ip') return { ...isMissing, doubts: [{ term: { _ignored: field } }] };
  return isMissing;
}

/** Of `10.0.*` those from 10.0.0.0 on until 10.0.255.255. */
function networkOf(parts: readonly string[]): { readonly gte: string; readonly lte: string } | undefined {
  const [start = '', rest] = parts;
  if (parts.length !== 2 || rest !== '' || !/^(?:\d{1,3}\.){1,3}$/.test(start)) return undefined;
  const octets = start.split('.').slice(0, -1);
  const filled = (octet: string) => [...octets, ...Array<string>(4 - octets.length).fill(octet)].join('.');
  return isIPv4(filled('0')) ? { gte: filled('0'), lte: filled('255') } : undefined;
}

/** Those whose text has the address within: of 1.0.0.2 also 11.0.0.2 and 1.0.0.25. */
function addressesWith(address: string): string[] {
  const [first = '', second = '', third = '', last = ''] = address.split('.');
  const octets = Array.from({ length: 256 }, (_, octet) => String(octet));
  return octets
    .filter((octet) => octet.endsWith(first))
    .flatMap((start) =>
      octets.filter((octet) => octet.startsWith(last)).map((end) => [start, second, third, end].join('.')),
    );
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function escaped(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}

/** Empty where there is none. The i before a dot above may be a letter of its own, as the Turkish one is. */
function longestAscii(parts: readonly string[]): string {
  const runs = parts.flatMap((part) => part.replaceAll('i\u0307', '\u0307').match(/[\0-\x7f]+/g) ?? []);
  const longest = runs.reduce((most, run) => (run.length > most.length ? run : most), '');
  return escaped(longest.slice(0, MAX_PATTERN));
}
