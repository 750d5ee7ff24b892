import type { JsonFormat } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, shown } from './line-format.js';
import { isObject } from './members.js';

const TAB = '\t';
const TIME = /^(?:\d{4}[/-]\d{2}[/-]\d{2}[T ]\d{2}:\d{2}:\d{2}|1\.\d+e\+0?9\t)/;
const CALLER = /^[\w./@-]{1,256}:\d+$/;

/**
 * zap's console, as Caddy and Kubernetes' controllers write it, with fields behind the message: the time, the level, the
 * logger, the caller, the message and an object in JSON, with tabs between them. Caddy's requests are requests.
 */
export class ZapConsoleFormat implements LineFormat {
  readonly #objects: JsonFormat;

  /** @param objects says what the members are, as of a line in JSON */
  constructor(objects: JsonFormat) {
    this.#objects = objects;
  }

  read(line: string): LineOutcome {
    const parts = line.split(TAB);
    const fields = TIME.test(line) && line.endsWith('}') ? objectIn(parts.at(-1)) : undefined;
    const [time = '', level, ...names] = parts.slice(0, -2);
    if (fields === undefined || level === undefined) {
      return new LineRefusal('not-in-format', `not zap's console with fields: ${shown(line)}`);
    }
    const logger = names.find((name) => !CALLER.test(name));
    const caller = names.find((name) => CALLER.test(name));
    return this.#objects.readObject({
      // Seconds as `1.709646938123e+09`, where it was told no other encoder of times.
      ...{ time: time.includes('e') ? Number(time) : time, level: level.toLowerCase(), msg: parts.at(-2) },
      ...(logger !== undefined && { logger }),
      ...(caller !== undefined && { caller }),
      ...fields,
    });
  }
}

function objectIn(text: string | undefined): object | undefined {
  if (!text?.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
