import type { JsonFormat } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, shown } from './line-format.js';

/** A name without a value is there, and says no more. */
const PAIR = /([A-Za-z_@][\w.@/-]{0,127})(?:=(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"'][^\s]*|)))?(?=\s|$)/y;
const FEWEST_PAIRS = 2;
const MAX_PAIRS = 256;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** `time=… level=info msg="…" key=value`, as Go's slog and logrus, Heroku, Grafana and many more write; each kind of event. */
export class LogfmtFormat implements LineFormat {
  readonly #objects: JsonFormat;

  /** @param objects says what the pairs are, as of an object in JSON */
  constructor(objects: JsonFormat) {
    this.#objects = objects;
  }

  read(line: string): LineOutcome {
    const object = logfmtObject(line);
    if (object === undefined) return new LineRefusal('not-in-format', `no pairs such as level=info: ${shown(line)}`);
    return this.#objects.readObject(object);
  }
}

/** The pairs of a line; undefined when there is anything else in it, only one, or more names without values than with. */
export function logfmtObject(line: string): Record<string, unknown> | undefined {
  const text = line.trim();
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let pairs = 0;
  let names = 0;
  for (let at = 0; at < text.length; ) {
    PAIR.lastIndex = at;
    const pair = PAIR.exec(text);
    if (pair === null || pairs + names >= MAX_PAIRS) return undefined;
    const [whole, name = '', double, single, bare] = pair;
    const quoted = double ?? single;
    if (quoted === undefined && bare === undefined) {
      // A text may end in pairs, and does not begin with one.
      if (++names > pairs) return undefined;
    } else {
      pairs++;
      // The first of a name is the program's: what follows a message may be anybody's.
      if (!(name in object)) object[name] = quoted === undefined ? bare : unquoted(quoted);
    }
    at += whole.length;
    while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  }
  return pairs >= FEWEST_PAIRS ? object : undefined;
}

function unquoted(text: string): string {
  return text.includes('\\')
    ? text.replace(
        /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|(.))/gs,
        (_, four?: string, two?: string, character = '') => {
          const code = four ?? two;
          return code === undefined
            ? (ESCAPES[character] ?? character)
            : String.fromCharCode(Number.parseInt(code, 16));
        },
      )
    : text;
}
