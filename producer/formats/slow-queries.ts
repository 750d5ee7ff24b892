import {
  Continuation,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ServiceFields,
  shown,
  UNFINISHED,
} from './line-format.js';

/** `# User@Host: shop[shop] @ web-1 [192.0.2.7]  Id:     8`, the connection's number in MySQL alone. */
const USER =
  /^# User@Host: (?<user>[^[]{0,128})\[[^\]]{0,128}\] @ (?<host>\S{0,255}) ?\[(?<ip>[^\]]{0,64})\](?: +Id: +(?<id>\d+))?/;
/** With a zone in MySQL since 5.7.2; before, and in MariaDB, `261130  9:05:33`, and only where it is another. */
const TIME = /^# Time: (?<iso>\d{4}-\d{2}-\d{2}T\S{8,24})?\d*/;
/** `# Query_time: 2.000245  Lock_time: 0.000000 Rows_sent: 1 …`: names and values, on any number of lines. */
const VALUES = /^#(?: [A-Za-z]\w{0,63}:.*)?$/;
const VALUE = /\b([A-Z]\w{0,63}): *(\S*)/g;
const SET_TIME = /^SET timestamp=(\d{9,11}(?:\.\d{1,6})?);$/;
const USE = /^use [^;]{1,128};$/i;
/** What the server writes when it opens the log. */
const OPENING =
  /^(?:\S+, Version: \d\S* \(.*\)\. (?:started|embedded library)\b.*|Tcp port: .*Unix socket: .*|Time {2,}Id Command {2,}Argument|Time\t+ *Id Command\tArgument)$/;
/** How lines of other logs begin, which may come between. */
const OF_OTHERS = /^(?:\d|[<[{]|[A-Z][a-z]{2} [ \d]\d )/;
const MOST_LINES = 1000;
const DURATION = 'Query_time';

/**
 * The slow query log of MySQL and MariaDB (https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html): comments that say
 * who asked, and how long it took, the time that the statement began at, and the statement, on any number of lines.
 */
export class SlowQueryFormat implements LineFormat {
  /** What the comments of the record that has begun say. */
  #begun: ServiceFields | undefined;
  /** So many lines its statement may still have; 0 where it is over. */
  #left = 0;

  forText(): SlowQueryFormat {
    return new SlowQueryFormat();
  }

  /** Whether a line is more of the statement before it: `time, level`, between its select and its from, is no header. */
  goesOn(line: string): boolean {
    return this.#left > 0 && !TIME.test(line) && !USER.test(line) && !OF_OTHERS.test(line);
  }

  read(line: string): LineOutcome {
    if (this.goesOn(line)) {
      this.#left = line.trimEnd().endsWith(';') ? 0 : this.#left - 1;
      return new Continuation(line);
    }
    const time = TIME.exec(line);
    const user = USER.exec(line)?.groups;
    if (time !== null || user !== undefined) {
      this.#left = 0;
      this.#begun = time === null && this.#begun !== undefined ? this.#begun : new ServiceFields();
      this.#begun.time ??= time?.groups?.['iso'];
      if (user !== undefined) takeUser(user, this.#begun);
      return UNFINISHED;
    }
    const begun = this.#begun;
    if (begun !== undefined) {
      const [, began] = SET_TIME.exec(line) ?? [];
      if (began !== undefined) return this.#whole(begun, began);
      if (USE.test(line)) return UNFINISHED;
      if (VALUES.test(line)) {
        takeValues(line, begun);
        return UNFINISHED;
      }
      this.#begun = undefined;
    }
    if (OPENING.test(line)) return NO_RECORD;
    return new LineRefusal('not-in-format', `not of a slow query log: ${shown(line)}`);
  }

  #whole(fields: ServiceFields, began: string): ServiceFields {
    this.#begun = undefined;
    this.#left = MOST_LINES;
    fields.time ??= began;
    fields.level = 'info';
    return fields;
  }
}

function takeUser(said: Readonly<Record<string, string | undefined>>, fields: ServiceFields): void {
  const { id, ip, user = '' } = said;
  fields.user = user.trim();
  if (ip !== '') fields.ip = ip;
  if (id !== undefined) attribute(fields, 'Id', id);
}

function takeValues(line: string, fields: ServiceFields): void {
  for (const [, name = '', value = ''] of line.matchAll(VALUE)) {
    if (name === DURATION) fields.responseTime = Math.round(Number(value) * 1e6) / 1e3;
    else if (name === 'Bytes_sent') fields.bytes = value;
    else if (value !== '') attribute(fields, name, value);
  }
}

function attribute(fields: ServiceFields, name: string, value: string): void {
  fields.attributes ??= {};
  fields.attributes[name] = value;
}
