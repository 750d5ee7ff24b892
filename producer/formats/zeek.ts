import type { JsonFormat } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, NO_RECORD, ServiceFields, shown } from './line-format.js';

const TAB = '\t';
const ESCAPED = /\\x([\da-fA-F]{2})/g;

/**
 * Zeek's logs with tabs: `#separator`, `#fields` and their like say how lines are written. Those of `http.log` are
 * requests; the others are service logs of `zeek`, with the log's name and, where there is one, the notice's text.
 */
export class ZeekFormat implements LineFormat {
  readonly #objects: JsonFormat;
  #separator = TAB;
  #unset = '-';
  #empty = '(empty)';
  #path = '';
  #names: readonly string[] = [];

  /** @param objects says what the members of a request are */
  constructor(objects: JsonFormat) {
    this.#objects = objects;
  }

  forText(head: string): LineFormat {
    const format = new ZeekFormat(this.#objects);
    for (const line of head.split('\n')) if (line.startsWith('#')) format.read(line.trimEnd());
    return format;
  }

  read(line: string): LineOutcome {
    if (line.startsWith('#')) return this.#directive(line) ? NO_RECORD : this.#misfit(line);
    if (this.#names.length === 0) return this.#misfit(line);
    const values = line.split(this.#separator);
    if (values.length !== this.#names.length) return this.#misfit(line);
    const row: Record<string, string> = {};
    for (const [index, name] of this.#names.entries()) {
      const value = values[index] ?? '';
      if (value !== this.#unset && value !== this.#empty) row[name] = unescaped(value);
    }
    return this.#path.startsWith('http') ? this.#objects.readObject(requestOf(row)) : serviceLog(this.#path, row);
  }

  #directive(line: string): boolean {
    if (line.startsWith('#separator ')) {
      this.#separator = unescaped(line.slice('#separator '.length));
      return true;
    }
    const [name, value = '', ...more] = line.split(this.#separator);
    if (name === '#fields') this.#names = [value, ...more];
    else if (name === '#path') this.#path = value;
    else if (name === '#unset_field') this.#unset = value;
    else if (name === '#empty_field') this.#empty = value;
    else return name === '#types' || name === '#open' || name === '#close' || name === '#set_separator';
    return true;
  }

  #misfit(line: string): LineRefusal {
    const why = this.#names.length === 0 ? 'no #fields header of Zeek' : `not ${this.#names.length} values`;
    return new LineRefusal('not-in-format', `${why}: ${shown(line)}`);
  }
}

/** Zeek has the host's address as `id.resp_h`, and calls the protocol's number its version. */
function requestOf({ ts, uri, version, ...row }: Record<string, string>): Record<string, unknown> {
  return { ...row, timestamp: ts, path: uri, protocol: version === undefined ? undefined : `HTTP/${version}` };
}

function serviceLog(path: string, { ts, msg, ...row }: Record<string, string>): ServiceFields {
  const fields = new ServiceFields();
  fields.time = ts;
  fields.service = 'zeek';
  fields.ip = row['id.orig_h'];
  fields.level = path === 'notice' || path === 'weird' ? 'warning' : 'info';
  fields.message = msg === undefined ? path : `${path}: ${msg}`;
  fields.attributes = row;
  return fields;
}

function unescaped(value: string): string {
  return value.includes('\\x')
    ? value.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : value;
}
