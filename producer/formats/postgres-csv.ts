import { csvValues, firstRow } from './csv-values.js';
import type { JsonFormat } from './json.js';
import { type LineFormat, type LineOutcome, LineRefusal, shown } from './line-format.js';
import { SpreadRows } from './spread-rows.js';

/**
 * The columns of PostgreSQL's `csvlog`, which has no header, under the names that its `jsonlog` has for them
 * (https://www.postgresql.org/docs/current/runtime-config-logging.html). Before version 13 there are 23 columns, before 14
 * there are 24.
 */
const COLUMNS: readonly string[] = [
  ...['timestamp', 'user', 'dbname', 'pid', 'remote_host', 'session_id', 'line_num', 'ps', 'session_start', 'vxid'],
  ...['txid', 'error_severity', 'state_code', 'message', 'detail', 'hint', 'internal_query', 'internal_position'],
  ...['context', 'statement', 'cursor_position', 'func_name', 'application_name', 'backend_type', 'leader_pid'],
  'query_id',
];
const COUNTS: readonly number[] = [23, 24, 26];
/** The time, the user and the database in quotes or empty, the process, and a session, in hexadecimal digits. */
const BEGINS =
  /^\ufeff?\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3} [\w+:-]{1,8},(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d*,(?:"[^"]*")?,[\da-f]+\.[\da-f]+,\d+,/;
const SEPARATOR = ',';

/** PostgreSQL's log with `log_destination = csvlog`: rows of which the messages and statements may have newlines. */
export class PostgresCsvFormat implements LineFormat {
  readonly #objects: JsonFormat;
  #spread: SpreadRows | undefined;

  /** @param objects says what the columns are, as of an object in JSON */
  constructor(objects: JsonFormat) {
    this.#objects = objects;
  }

  forText(head: string): PostgresCsvFormat {
    const format = new PostgresCsvFormat(this.#objects);
    if (!BEGINS.test(head)) return format;
    const row = firstRow(head, SEPARATOR);
    format.#columns(row === undefined ? COLUMNS.length : csvValues(row, SEPARATOR).values.length);
    return format;
  }

  /** Undefined until a row has shown how many columns there are. */
  get spread(): SpreadRows | undefined {
    return this.#spread;
  }

  read(line: string): LineOutcome {
    if (!BEGINS.test(line)) {
      return new LineRefusal('not-in-format', `not a row of PostgreSQL's csvlog: ${shown(line)}`);
    }
    const { values } = csvValues(line.replace(/^\ufeff/, ''), SEPARATOR);
    this.#columns(values.length);
    if (!COUNTS.includes(values.length)) {
      return new LineRefusal(
        'not-in-format',
        `a row of PostgreSQL's csvlog with ${values.length} values: ${shown(line)}`,
      );
    }
    const row: Record<string, unknown> = { backend_type: '' };
    for (const [index, value] of values.entries()) if (value !== '') row[COLUMNS[index] ?? ''] = value;
    // `127.0.0.1:60352`, or `[local]` of a socket.
    const from = /^(.*):(\d+)$/.exec(values[4] ?? '');
    if (from !== null) [row['remote_host'], row['remote_port']] = from.slice(1);
    return this.#objects.readObject(row);
  }

  #columns(count: number): void {
    const names = COUNTS.includes(count) ? count : COLUMNS.length;
    this.#spread ??= new SpreadRows({ separator: SEPARATOR, names, time: 0 });
  }
}
