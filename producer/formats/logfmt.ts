import type { JsonFormat } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, shown } from './line-format.js';

const PAIR = /([A-Za-z_@][\w.@/-]{0,127})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/y;
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

/** The pairs of a line; undefined when there is anything else in it, or only one. */
export function logfmtObject(line: string): Record<string, unknown> | undefined {
  const text = line.trim();
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let pairs = 0;
  for (let at = 0; at < text.length; pairs++) {
    PAIR.lastIndex = at;
    const pair = PAIR.exec(text);
    if (pair === null || pairs >= MAX_PAIRS) return undefined;
    const [whole, name = '', quoted, bare] = pair;
    // The first of a name is the program's: what follows a message may be anybody's.
    if (!(name in object)) object[name] = quoted === undefined ? bare : unquoted(quoted);
    at += whole.length;
    while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  }
  return pairs >= FEWEST_PAIRS ? object : undefined;
}

function unquoted(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character)
    : text;
}
