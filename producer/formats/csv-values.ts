/** What a line has between its separators. */
export interface CsvValues {
  readonly values: readonly string[];
  /** It ends within quotes: the value goes on in the next line. */
  readonly isOpen: boolean;
  /** Quotes stand only where RFC 4180 has them: around whole values and, two for one, in those. */
  readonly isStrict: boolean;
}

const QUOTE = '"';

/**
 * The values of a line. A quote opens one at its beginning only: `5" pipe` is a value as it is.
 *
 * @param isQuoted the line goes on within the quotes of the line before it
 */
export function csvValues(line: string, separator: string, isQuoted = false): CsvValues {
  if (!isQuoted && !line.includes(QUOTE)) {
    return { values: line.split(separator).map((value) => value.trim()), isOpen: false, isStrict: true };
  }
  const values: string[] = [];
  let isStrict = true;
  let opens = isQuoted;
  for (let at = 0; ; ) {
    let text = '';
    const start = opens ? at : quoteAt(line, at);
    if (start >= 0) {
      const close = closingQuote(line, start);
      text = line.slice(start, close < 0 ? line.length : close).replaceAll('""', QUOTE);
      if (close < 0) return { values: [...values, text.trim()], isOpen: true, isStrict };
      at = close + 1;
    }
    opens = false;
    const next = line.indexOf(separator, at);
    const rest = line.slice(at, next < 0 ? line.length : next);
    if (start >= 0 ? rest.trim() !== '' : rest.includes(QUOTE)) isStrict = false;
    values.push((text + rest).trim());
    if (next < 0) return { values, isOpen: false, isStrict };
    at = next + separator.length;
  }
}

/** Behind the quote that a value begins with; -1 where it begins with none. */
function quoteAt(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ') at++;
  return line[at] === QUOTE ? at + 1 : -1;
}

function closingQuote(line: string, from: number): number {
  let at = line.indexOf(QUOTE, from);
  while (at >= 0 && line[at + 1] === QUOTE) at = line.indexOf(QUOTE, at + 2);
  return at;
}

/** The first row of a text, which goes on behind newlines in quotes; undefined where it is cut off within quotes. */
export function firstRow(text: string, separator: string): string | undefined {
  const [first = '', ...others] = text.split(/\r?\n/);
  let row = first;
  let { isOpen } = csvValues(first, separator);
  for (const line of others) {
    if (!isOpen) break;
    row += `\n${line}`;
    ({ isOpen } = csvValues(line, separator, true));
  }
  return isOpen ? undefined : row;
}
