import { JsonFields } from './json-fields.js';
import { DEEPEST_JSON, lenientJson } from './lenient-json.js';
import { FORWARDED_FOR, type LineFormat, type LineOutcome, LineRefusal, RequestFields } from './line-format.js';

/** Members in which others keep a line as it was: Docker, Filebeat, Fluent Bit, the journal, Loki. */
const MESSAGES = ['message', 'log', 'msg', 'MESSAGE', 'line'];

/** NGINX's JSON logs, those of Caddy, Traefik and others, and the raw topic's JSON form: one object a line. */
export class JsonFormat implements LineFormat {
  readonly #fields: JsonFields;
  readonly #messages: LineFormat | undefined;

  /** @param messages reads the lines that objects hold as text; without, they are not read */
  constructor({ forwarded = FORWARDED_FOR, messages }: { forwarded?: string; messages?: LineFormat } = {}) {
    this.#fields = new JsonFields(forwarded);
    this.#messages = messages;
  }

  read(line: string): LineOutcome {
    const object = jsonObject(line);
    if (object instanceof LineRefusal) return object;
    const fields = this.#fields.read(object);
    if (fields.status !== undefined || fields.client !== undefined || fields.forwarded !== undefined) return fields;
    const message = this.#messages === undefined ? undefined : messageIn(object);
    const inner = message === undefined ? fields : this.#messages?.read(message);
    if (inner === undefined || inner instanceof LineRefusal || inner === fields) return inner ?? fields;
    if (inner instanceof RequestFields) inner.server ??= fields.server;
    return inner;
  }
}

/** The line that an object holds as text. */
export function messageIn(object: object): string | undefined {
  for (const name of MESSAGES) {
    const message = (object as Record<string, unknown>)[name];
    if (typeof message === 'string' && message !== '') return message.trimEnd();
  }
  return undefined;
}

/** The object that a line is; a comma behind it, as in a list, is left out. */
export function jsonObject(line: string): object | LineRefusal {
  const text = line.trimEnd();
  const json = text.endsWith(',') ? text.slice(0, -1) : text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    parsed = lenientJson(json.trimStart());
    if (parsed === undefined) return new LineRefusal('not-json', (error as Error).message.slice(0, 120));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return new LineRefusal('not-json', 'the line is no JSON object');
  }
  return isTooDeep(parsed)
    ? new LineRefusal('nested-too-deep', `the JSON nests deeper than ${DEEPEST_JSON} objects and lists`)
    : parsed;
}

/** Does not call itself: how deep a line nests is the client's doing. */
function isTooDeep(object: object): boolean {
  let level = nestedIn([object]);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth >= DEEPEST_JSON) return true;
    level = nestedIn(level);
  }
  return false;
}

function nestedIn(objects: readonly object[]): object[] {
  const nested: object[] = [];
  for (const object of objects) {
    for (const value of Object.values(object) as unknown[]) {
      if (typeof value === 'object' && value !== null) nested.push(value);
    }
  }
  return nested;
}
