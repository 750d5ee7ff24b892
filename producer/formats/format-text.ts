/** How NGINX escapes what variables hold. */
export type Escaping = 'default' | 'json' | 'none';

/** A variable of a format, and the text that stands between it and the next. */
export interface FormatVariable {
  readonly name: string;
  /** Counted from 1, in the format as it was given. */
  readonly column: number;
  /** The text behind it. */
  readonly literal: string;
  /** It stands between quotes. */
  readonly quoted: boolean;
}

export interface FormatText {
  /** The text before the first variable. */
  readonly start: string;
  readonly variables: readonly FormatVariable[];
  readonly escaping: Escaping;
}

/** What may stand before the strings of a `log_format` directive: the word, a name, the escaping. */
const DIRECTIVE = /^\s*(?:log_format\s+)?(?:[\w.-]+\s+)?(?:escape=(default|json|none)\s+)?(?=['"])/;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' };

/** A character, and where it was in the text as it was given. */
interface Placed {
  readonly character: string;
  readonly at: number;
}

/**
 * Reads a format as people give it: the bare text, or what stands in nginx.conf, with `log_format`, its name and
 * escaping, several strings in quotes, `\t` and `\"`, and the semicolon.
 */
export function readFormatText(text: string): FormatText {
  const directive = DIRECTIVE.exec(text);
  const escaping = (directive?.[1] ?? 'default') as Escaping;
  const strings = directive === null ? undefined : confStrings(text, directive[0].length, isConf(text, directive[0]));
  const characters = strings ?? [...placed(text, 0, text.length)];
  return { ...parts(characters), escaping };
}

/** Double quotes alone may belong to the lines themselves: `"$remote_addr" "$status"`. */
function isConf(text: string, directive: string): boolean {
  return directive.trim() !== '' || text[directive.length] === "'" || /;\s*$/.test(text) || text.includes('\\"');
}

/** The characters of strings one behind the other; undefined where there is anything else. */
function confStrings(text: string, from: number, isSure: boolean): Placed[] | undefined {
  if (!isSure) return undefined;
  const characters: Placed[] = [];
  let at = from;
  for (;;) {
    while (/[\s;]/.test(text[at] ?? '')) at++;
    if (at >= text.length) return characters;
    if (text[at] === '#') {
      while (at < text.length && text[at] !== '\n') at++;
      continue;
    }
    const quote = text[at];
    if (quote !== "'" && quote !== '"') return undefined;
    let end = at + 1;
    while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length) return undefined;
    for (const character of placed(text, at + 1, end)) characters.push(character);
    at = end + 1;
  }
}

/** With NGINX's escapes taken back. */
function* placed(text: string, from: number, end: number): Generator<Placed> {
  for (let at = from; at < end; at++) {
    const escaped = text[at] === '\\' && at + 1 < end ? ESCAPES[text[at + 1] ?? ''] : undefined;
    yield { character: escaped ?? text[at] ?? '', at };
    if (escaped !== undefined) at++;
  }
}

function parts(characters: readonly Placed[]): Omit<FormatText, 'escaping'> {
  const text = characters.map(({ character }) => character).join('');
  const variables: FormatVariable[] = [];
  const found = [...text.matchAll(/\$(?:(\w+)|\{(\w+)\})/g)];
  const start = found[0] === undefined ? text : text.slice(0, found[0].index);
  let quotes = countQuotes(start);
  for (const [index, match] of found.entries()) {
    const end = match.index + match[0].length;
    const literal = text.slice(end, found[index + 1]?.index ?? text.length);
    variables.push({
      name: match[1] ?? match[2] ?? '',
      column: (characters[match.index]?.at ?? 0) + 1,
      literal,
      quoted: quotes % 2 === 1 && text.includes('"', end),
    });
    quotes += countQuotes(literal);
  }
  return { start, variables };
}

function countQuotes(text: string): number {
  return text.split('"').length - 1;
}
