/**
 * Reads what is JSON but for what servers put into it: NGINX writes variables that are no numbers where its log_format has
 * no quotes (`"status":009`, `"upstream_response_time":-`, `0.1, 0.2`, nothing at all), \xHH into strings without
 * escape=json, and quotes as they are with escape=none. One object, flat but for what is valid JSON by itself.
 */
export function lenientJson(line: string): Record<string, unknown> | undefined {
  return new LenientReader(line).object();
}

/** No log nests deeper; who walks through what is nested may do so without counting. */
export const DEEPEST_JSON = 64;

const QUOTE = '"';
/** What stands before the next member of an object. */
const NEXT_MEMBER = /[,}]/;
const IS_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };
/** A backslash and what it escapes. */
const ESCAPE = /((?:\\x[\dA-Fa-f]{2})+)|\\(?:u([\dA-Fa-f]{4})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

class LenientReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  object(): Record<string, unknown> | undefined {
    const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    if (!this.#take('{')) return undefined;
    if (this.#take('}')) return this.#isOver() ? object : undefined;
    for (;;) {
      if (!this.#take(QUOTE)) return undefined;
      const name = this.#string();
      if (name === undefined || !this.#take(':')) return undefined;
      const value = this.#value();
      if (value === undefined) return undefined;
      // A client that can write quotes can write members of its own: the first of a name is the server's.
      if (!(name in object)) object[name] = value;
      if (this.#take('}')) return this.#isOver() ? object : undefined;
      if (!this.#take(',')) return undefined;
    }
  }

  #take(character: string): boolean {
    this.#skipSpaces();
    if (this.#line[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpaces(): void {
    while (this.#line[this.#at] === ' ' || this.#line[this.#at] === '\t') this.#at++;
  }

  #isOver(): boolean {
    this.#skipSpaces();
    return this.#at === this.#line.length;
  }

  #value(): unknown {
    this.#skipSpaces();
    const first = this.#line[this.#at];
    if (first === QUOTE) {
      this.#at++;
      return this.#string();
    }
    if (first === '{' || first === '[') return this.#nested();
    return this.#bare();
  }

  /** Up to quotes that a name or the end of the object could stand behind. */
  #string(): string | undefined {
    const start = this.#at;
    for (let at = start; at < this.#line.length; at++) {
      const character = this.#line[at];
      if (character === '\\') at++;
      else if (character === QUOTE && this.#endsString(at + 1)) {
        this.#at = at + 1;
        return withoutEscapes(this.#line.slice(start, at));
      }
    }
    return undefined;
  }

  #endsString(from: number): boolean {
    let at = from;
    while (this.#line[at] === ' ') at++;
    const next = this.#line[at];
    return next === undefined || next === ':' || NEXT_MEMBER.test(next);
  }

  /** An object or a list: passed over, for what a request is made of is not in there. */
  #nested(): string | undefined {
    const start = this.#at;
    let depth = 0;
    let isString = false;
    for (let at = start; at < this.#line.length; at++) {
      const character = this.#line[at];
      if (isString) {
        if (character === '\\') at++;
        else if (character === QUOTE) isString = false;
      } else if (character === QUOTE) isString = true;
      else if (character === '{' || character === '[') {
        if (++depth > DEEPEST_JSON) return undefined;
      } else if ((character === '}' || character === ']') && --depth === 0) {
        this.#at = at + 1;
        return '';
      }
    }
    return undefined;
  }

  /** Up to the end of the object, or a comma that quotes stand behind: `0.1, 0.2` is one value. */
  #bare(): unknown {
    const start = this.#at;
    for (let at = start; at < this.#line.length; at++) {
      const character = this.#line[at];
      if (character === QUOTE) return undefined;
      if (character !== '}' && !(character === ',' && this.#isQuoteNext(at + 1))) continue;
      this.#at = at;
      const text = this.#line.slice(start, at).trim();
      if (Object.hasOwn(WORDS, text)) return WORDS[text];
      return IS_NUMBER.test(text) ? Number(text) : text;
    }
    return undefined;
  }

  #isQuoteNext(from: number): boolean {
    let at = from;
    while (this.#line[at] === ' ') at++;
    return this.#line[at] === QUOTE;
  }
}

function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (_whole, bytes?: string, unit?: string, character?: string) => {
    if (bytes !== undefined) return Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString();
    if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
    return LETTERS[character ?? ''] ?? character ?? '';
  });
}
