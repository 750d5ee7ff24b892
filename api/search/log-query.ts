/**
 * The language of searches: `level:ERROR service:auth-* -status:200 response_time:>500 "connection refused" timeout`.
 * Terms are ANDed; values of one term that are divided by commas are ORed; `*` stands for any characters. Words without a
 * field are looked for in all texts of a line. Letters' case does not matter.
 */

/** One condition. */
export interface Term {
  /** Undefined: in any text. */
  readonly field: string | undefined;
  readonly isNegated: boolean;
  readonly values: readonly TermValue[];
}

export type TermValue =
  | { readonly kind: 'text'; readonly text: string }
  /** `pattern` has `*` where anything may stand. */
  | { readonly kind: 'wildcard'; readonly pattern: string }
  | { readonly kind: 'compare'; readonly operator: '>' | '>=' | '<' | '<='; readonly number: number }
  | { readonly kind: 'range'; readonly least: number; readonly most: number };

/** What cannot be read in a search, and where. */
export class LogQueryError extends Error {
  override readonly name = 'LogQueryError';

  constructor(
    message: string,
    /** From 0. */
    readonly position: number,
  ) {
    super(message);
  }
}

const MAX_CHARACTERS = 2_000;
const MAX_TERMS = 50;
/** Attributes are named by whoever logs. */
const FIELD = /^(?:[A-Za-z_@][\w.@]*|attributes\.[\w.@/$-]+)$/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;
const ATTRIBUTES = 'attributes';

/** @throws LogQueryError */
export function parseLogQuery(text: string): Term[] {
  if (text.length > MAX_CHARACTERS) {
    throw new LogQueryError(
      `a search has at most ${MAX_CHARACTERS} characters, this one has ${text.length}`,
      MAX_CHARACTERS,
    );
  }
  const terms: Term[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] as string)) {
      at++;
      continue;
    }
    const startedAt = at;
    const isNegated = text[at] === '-' && at + 1 < text.length && !/\s/.test(text[at + 1] as string);
    if (isNegated) at++;
    const colon = fieldEnd(text, at);
    const field = colon === undefined ? undefined : text.slice(at, colon);
    if (colon !== undefined) at = colon + 1;
    const values: TermValue[] = [];
    for (;;) {
      const read = readValue(text, at, field);
      values.push(read.value);
      at = read.end;
      if (field === undefined || text[at] !== ',') break;
      at++;
    }
    if (field === 'AND' || (field === undefined && isWord(values, 'AND'))) continue;
    if (field === undefined && isWord(values, 'OR')) {
      throw new LogQueryError('OR is not known; divide values by commas: level:ERROR,CRITICAL', startedAt);
    }
    terms.push({ field: field?.toLowerCase(), isNegated, values });
    if (terms.length > MAX_TERMS) throw new LogQueryError(`a search has at most ${MAX_TERMS} terms`, startedAt);
  }
  return terms;
}

function isWord(values: readonly TermValue[], word: string): boolean {
  const [value] = values;
  return values.length === 1 && value?.kind === 'text' && value.text === word;
}

/** Where the colon behind a field's name is. */
function fieldEnd(text: string, from: number): number | undefined {
  const colon = text.indexOf(':', from);
  return colon > from && FIELD.test(text.slice(from, colon)) ? colon : undefined;
}

function readValue(text: string, from: number, field: string | undefined): { value: TermValue; end: number } {
  if (text[from] === '"') {
    let value = '';
    for (let at = from + 1; at < text.length; at++) {
      const character = text[at] as string;
      if (character === '\\' && at + 1 < text.length) value += text[++at] as string;
      else if (character === '"') return { value: { kind: 'text', text: value }, end: at + 1 };
      else value += character;
    }
    throw new LogQueryError('the quotation mark is not closed', from);
  }
  let end = from;
  while (end < text.length && !/\s/.test(text[end] as string) && !(field !== undefined && text[end] === ',')) end++;
  const word = text.slice(from, end);
  if (word === '') {
    throw new LogQueryError(field === undefined ? 'a word is missing' : `the field ${field} has no value`, from);
  }
  return { value: field === undefined ? textOrWildcard(word) : termValueOf(word), end };
}

function termValueOf(word: string): TermValue {
  const [, operator, number] = /^(>=|<=|>|<)(-?\d+(?:\.\d+)?)$/.exec(word) ?? [];
  if (operator !== undefined) return { kind: 'compare', operator: operator as '>', number: Number(number) };
  const [, least, most] = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$/.exec(word) ?? [];
  if (least !== undefined) return { kind: 'range', least: Number(least), most: Number(most) };
  return textOrWildcard(word);
}

function textOrWildcard(word: string): TermValue {
  return word.includes('*') ? { kind: 'wildcard', pattern: word } : { kind: 'text', text: word };
}

export type Fields = Readonly<Record<string, unknown>>;

/** A function that says whether a line fits all terms. */
export function matcherOf(terms: readonly Term[]): (fields: Fields) => boolean {
  const tests = terms.map(testOf);
  return (fields) => tests.every((test) => test(fields));
}

function testOf({ field, isNegated, values }: Term): (fields: Fields) => boolean {
  const tests = values.map((value) => (field === undefined ? wordTest(value) : fieldTest(field, value)));
  const fits = (fields: Fields) => tests.some((test) => test(fields));
  return isNegated ? (fields) => !fits(fields) : fits;
}

function wordTest(value: TermValue): (fields: Fields) => boolean {
  const looksFor = textTest(value, true);
  return (fields) => {
    for (const name in fields) {
      const text = fields[name];
      if (typeof text === 'string' && looksFor(text)) return true;
    }
    const attributes = fields[ATTRIBUTES];
    return typeof attributes === 'object' && attributes !== null && looksFor(Object.values(attributes).join('\n'));
  };
}

function fieldTest(field: string, value: TermValue): (fields: Fields) => boolean {
  const path = field.split('.');
  if (value.kind === 'compare' || value.kind === 'range') {
    const fits = numberTest(value);
    return (fields) => {
      const found = valueAt(fields, path);
      if (typeof found === 'number') return fits(found);
      // Attributes are texts.
      return path[0] === ATTRIBUTES && typeof found === 'string' && NUMBER.test(found) && fits(Number(found));
    };
  }
  // A message is searched for words; other fields are values, equal or not.
  const isProse = field === 'message' || field === 'reason' || field === 'summary' || field === 'explanation';
  const fits = textTest(value, isProse);
  const looksForNothing = value.kind === 'text' && value.text.toLowerCase() === 'null';
  return (fields) => {
    const found = valueAt(fields, path);
    if (found === null || found === undefined) return looksForNothing;
    if (Array.isArray(found)) return found.some((item) => fits(String(item)));
    return typeof found === 'object' ? fits(JSON.stringify(found)) : fits(String(found));
  };
}

function valueAt(fields: Fields, path: readonly string[]): unknown {
  if (path[0] === ATTRIBUTES && path.length > 1) return attributeOf(fields[ATTRIBUTES], path.slice(1).join('.'));
  let found: unknown = fields;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Fields)[name];
  }
  return found;
}

/** Names of attributes have dots in them, and letters of any case; `name` is in lower case. */
function attributeOf(attributes: unknown, name: string): unknown {
  if (typeof attributes !== 'object' || attributes === null) return undefined;
  if (Object.hasOwn(attributes, name)) return (attributes as Fields)[name];
  for (const [own, value] of Object.entries(attributes)) if (own.toLowerCase() === name) return value;
  return undefined;
}

function numberTest(value: Extract<TermValue, { kind: 'compare' | 'range' }>): (number: number) => boolean {
  if (value.kind === 'range') return (number) => number >= value.least && number <= value.most;
  const { number: limit, operator } = value;
  if (operator === '>') return (number) => number > limit;
  if (operator === '>=') return (number) => number >= limit;
  if (operator === '<') return (number) => number < limit;
  return (number) => number <= limit;
}

function textTest(value: TermValue, isWithin: boolean): (text: string) => boolean {
  if (value.kind === 'wildcard') {
    const parts = value.pattern.toLowerCase().split('*');
    return (text) => fitsParts(text.toLowerCase(), parts, isWithin);
  }
  const wanted = value.kind === 'text' ? value.text.toLowerCase() : '';
  return isWithin
    ? (text) => text.toLowerCase().includes(wanted)
    : (text) => text.length === wanted.length && text.toLowerCase() === wanted;
}

/** No regular expression: what people write must not be able to make it slow. */
function fitsParts(text: string, parts: readonly string[], isWithin: boolean): boolean {
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const isFirst = index === 0;
    const isLast = index === parts.length - 1;
    if (isFirst && !isWithin) {
      if (!text.startsWith(part)) return false;
      at = part.length;
    } else if (isLast && !isWithin) {
      return text.length - part.length >= at && text.endsWith(part);
    } else {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
  }
  return true;
}
