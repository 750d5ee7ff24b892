import {
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  type RequestField,
  RequestFields,
  says,
  shown,
} from './line-format.js';

type Column = RequestField | 'date';

/** The names of columns in IIS, CloudFront and other servers that keep to the W3C's extended format. */
const COLUMNS: Readonly<Record<string, Column>> = {
  date: 'date',
  time: 'time',
  'c-ip': 'client',
  'x-forwarded-for': 'forwarded',
  'cs(x-forwarded-for)': 'forwarded',
  'cs-method': 'method',
  'cs-uri-stem': 'path',
  'cs-uri': 'path',
  'cs-uri-path': 'path',
  'cs-uri-query': 'query',
  'sc-status': 'status',
  'sc-bytes': 'bytes',
  'time-taken': 'requestTime',
  'x-host-header': 'host',
  'cs-host': 'host',
  'cs(host)': 'host',
  's-computername': 'server',
  's-ip': 'server',
  'x-edge-location': 'server',
  'cs(user-agent)': 'userAgent',
  'cs(referer)': 'referrer',
  'cs-username': 'user',
  'cs-protocol-version': 'protocol',
  'cs-version': 'protocol',
  'ssl-protocol': 'tls',
  'x-edge-request-id': 'requestId',
  'time-to-first-byte': 'upstreamTime',
};

/** What IIS writes by default, should the header be missing. */
const IIS =
  'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status ' +
  'sc-substatus sc-win32-status time-taken';
const STATUS = /^[1-5]\d\d$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[ \t]\d{2}:\d{2}:\d{2}[ \t]/;

/** The W3C's extended log format: `#Fields:` names the columns. Times are UTC. */
export class W3cFormat implements LineFormat {
  #columns: readonly (Column | undefined)[] = columnsOf(IIS);
  #hasHeader = false;
  /** CloudFront has tabs, and seconds where IIS has milliseconds. */
  #isCloudFront = false;

  forText(head: string): LineFormat {
    const format = new W3cFormat();
    for (const line of head.split(/\r?\n/)) if (line.startsWith('#Fields:')) format.read(line);
    return format;
  }

  read(line: string): LineOutcome {
    if (line.startsWith('#')) {
      if (!/^#[A-Z][\w-]*:/.test(line)) return new LineRefusal('not-in-format', `no directive: ${shown(line)}`);
      if (line.startsWith('#Fields:')) {
        const names = line.slice('#Fields:'.length).trim();
        this.#columns = columnsOf(names);
        this.#isCloudFront = names.includes('x-edge-');
        this.#hasHeader = true;
      }
      return NO_RECORD;
    }
    return DATE_TIME.test(line) || this.#hasHeader ? this.#record(line) : this.#misfit(line);
  }

  #record(line: string): LineOutcome {
    const values = line.trimEnd().split(line.includes('\t') ? '\t' : ' ');
    if (values.length !== this.#columns.length) return this.#misfit(line);
    const fields = new RequestFields();
    fields.isHostHeader = true;
    let date = '';
    for (const [index, column] of this.#columns.entries()) {
      const value = values[index];
      if (column === undefined || value === undefined || !says(value)) continue;
      if (column === 'date') date = value;
      // CloudFront has its own name as the host, and that of the site behind it.
      else if (fields[column] === undefined || column === 'host') fields[column] = value;
    }
    // Any line with a time and as many words could be one where nothing names the columns.
    if (!this.#hasHeader && !STATUS.test(String(fields.status))) return this.#misfit(line);
    if (typeof fields.time === 'string' && date !== '') fields.time = `${date} ${fields.time}Z`;
    if (!this.#isCloudFront && typeof fields.requestTime === 'string') {
      const milliseconds = Number(fields.requestTime);
      // A column that is no whole number is of a server that writes seconds, as the W3C has it.
      if (Number.isInteger(milliseconds) && !fields.requestTime.includes('.')) fields.requestTime = milliseconds / 1000;
    }
    if (typeof fields.userAgent === 'string') fields.userAgent = spoken(fields.userAgent, this.#isCloudFront);
    return fields;
  }

  #misfit(line: string): LineRefusal {
    const names = this.#hasHeader ? "the last #Fields: header's" : "IIS's default, for there was no #Fields: header,";
    return new LineRefusal('not-in-format', `not as many columns as ${names} ${this.#columns.length}: ${shown(line)}`);
  }
}

function columnsOf(names: string): (Column | undefined)[] {
  return names.split(/\s+/).map((name) => COLUMNS[name.toLowerCase()]);
}

/** IIS has `+` for spaces, CloudFront percents, twice. */
function spoken(text: string, isPercent: boolean): string {
  if (!isPercent) return text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(text.includes('%25') ? decodeURIComponent(text) : text);
  } catch {
    return text;
  }
}
