import { canonicalAddress } from '../../schemas/canonical/address.js';
import { type RequestField, says } from './line-format.js';

/** What a variable may hold, as a rule for where it ends. */
export type Grammar =
  | {
      /** It ends where it ends, whatever follows. */
      readonly kind: 'fixed';
      /** @returns where it ends; -1 when it is not there */
      readonly end: (line: string, start: number) => number;
    }
  | {
      /** It is made of some characters, and ends before what follows in the format. */
      readonly kind: 'run';
      readonly has: (line: string, at: number) => boolean;
      /** The first place from which it has not the character there: the same as asking `has` in turn, but faster. */
      readonly end: (line: string, start: number) => number;
      /** Whether one may start there; otherwise it is empty. */
      readonly starts?: (line: string, at: number) => boolean;
      /** Whether one may end there, wherever it started. */
      readonly ends?: (line: string, end: number) => boolean;
      /** Whether the text may be this: only for what has a longest, for each part of it may be asked for. */
      readonly accepts?: (text: string) => boolean;
      /** The most characters. */
      readonly longest?: number;
    };

/** Who decides what a variable holds. */
export type Origin = 'server' | 'client';

export interface Variable {
  readonly origin: Origin;
  /** What it holds as a rule. */
  readonly strict: Grammar;
  /** It may hold any text, spaces too, where it is not between quotes. */
  readonly free: boolean;
}

const LONGEST_ADDRESS = 64;
const LONGEST_HOST = 255;
const SPACE = 32;
const COMMA = 44;
const COLON = 58;
const QUOTE = 34;
const BACKSLASH = 92;

export function pattern(expression: RegExp): Grammar {
  const sticky = new RegExp(expression.source, 'y');
  return {
    kind: 'fixed',
    end: (line, start) => {
      sticky.lastIndex = start;
      return sticky.test(line) ? sticky.lastIndex : -1;
    },
  };
}

export type Run = Extract<Grammar, { kind: 'run' }>;

function characters(expression: RegExp, rest: Pick<Run, 'starts' | 'accepts' | 'longest'> = {}): Run {
  const table = Uint8Array.from({ length: 128 }, (_, code) => (expression.test(String.fromCharCode(code)) ? 1 : 0));
  const others = expression.test('\u0100');
  const has = (line: string, at: number) => {
    const code = line.charCodeAt(at);
    return code < 128 ? table[code] === 1 : others;
  };
  const end = (line: string, start: number) => {
    let at = start;
    for (; at < line.length; at++) {
      const code = line.charCodeAt(at);
      if (code < 128 ? table[code] !== 1 : !others) break;
    }
    return at;
  };
  return { kind: 'run', has, end, ...rest };
}

export const ANY_TEXT: Run = { ...characters(/[\s\S]/), end: (line) => line.length };
const WORD = characters(/[^\s]/);
/** A number, or nothing. NGINX writes `-` for what there is not. */
const WHOLE_NUMBER = pattern(/-|\d{0,20}/);
const SECONDS = pattern(/-|(?:\d{1,12}(?:\.\d{1,9})?)?/);
const ADDRESS = characters(/[\da-zA-Z:.%[\]_-]/, {
  accepts: (text) => !says(text) || text === 'unix:' || canonicalAddress(text) !== undefined,
  longest: LONGEST_ADDRESS,
});
const HOST = characters(/[^\s/"'|,;<>=()]/, { longest: LONGEST_HOST, accepts: isHost });
const MACHINE = characters(/[\w.-]/, { longest: LONGEST_HOST });
const PATH = characters(/\S/, { starts: (line, at) => '/*-'.includes(line[at] ?? ' ') });

function isHost(text: string): boolean {
  return !text.includes(':') || /^(?:[^:]*:\d{0,5}|\[[\da-fA-F:.]*\](?::\d{0,5})?)$/.test(text);
}

/** The same, up to quotes that are not escaped. */
export function withinQuotes(run: Run): Run {
  const has = (line: string, at: number) =>
    run.has(line, at) && !(line.charCodeAt(at) === QUOTE && !isEscaped(line, at));
  if (run !== ANY_TEXT) return { ...run, has, end: endBy(has) };
  const end = (line: string, start: number) => {
    let quote = line.indexOf('"', start);
    while (quote > 0 && isEscaped(line, quote)) quote = line.indexOf('"', quote + 1);
    return quote < 0 ? line.length : quote;
  };
  return { ...run, has, end };
}

export function isEscaped(line: string, at: number): boolean {
  let backslashes = 0;
  while (line.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return (backslashes & 1) === 1;
}

/** Where a run ends, character by character. */
function endBy(has: Run['has']): Run['end'] {
  return (line, start) => {
    let at = start;
    while (at < line.length && has(line, at)) at++;
    return at;
  };
}

function hasUpstream(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code > SPACE || (code === SPACE && isSeparator(line, at));
}

function hasForwarded(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code > SPACE || (code === SPACE && line.charCodeAt(at - 1) === COMMA);
}

/** Words with `, ` or ` : ` between them: NGINX writes one for each backend that it asked. */
export const WORDS: Run = {
  kind: 'run',
  has: hasUpstream,
  end: endBy(hasUpstream),
  ends: endsInWord,
};

/** Addresses with `, ` between them. */
const FORWARDED_LIST: Run = {
  kind: 'run',
  has: hasForwarded,
  end: endBy(hasForwarded),
  ends: endsInWord,
};

function isSeparator(line: string, at: number): boolean {
  const before = line.charCodeAt(at - 1);
  if (before === COMMA) return true;
  if (before === COLON) return line.charCodeAt(at - 2) === SPACE;
  return line.charCodeAt(at + 1) === COLON && line.charCodeAt(at + 2) === SPACE;
}

function endsInWord(line: string, end: number): boolean {
  const last = line.charCodeAt(end - 1);
  return last !== COMMA && last !== SPACE;
}

const server = (strict: Grammar): Variable => ({ origin: 'server', strict, free: false });
const client = (strict: Grammar, free = true): Variable => ({ origin: 'client', strict, free });

const TIME_LOCAL = pattern(/ ?\d{1,2}\/[A-Za-z]{3}\/\d{4}[: ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: [+-]\d{2}:?\d{2})?/);
const TIME_ISO8601 = pattern(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z| ?[+-]\d{2}:?\d{2})?/);

const VARIABLES: Readonly<Record<string, Variable>> = {
  remote_addr: server(ADDRESS),
  realip_remote_addr: server(ADDRESS),
  proxy_protocol_addr: server(ADDRESS),
  server_addr: server(ADDRESS),
  time_local: server(TIME_LOCAL),
  time_iso8601: server(TIME_ISO8601),
  msec: server(pattern(/\d{1,12}(?:\.\d{1,9})?/)),
  status: server(pattern(/\d{3}|-/)),
  request_time: server(SECONDS),
  // Apache's, which NGINX has under no name.
  request_time_ms: server(WHOLE_NUMBER),
  request_time_us: server(WHOLE_NUMBER),
  epoch: server(pattern(/\d{1,19}/)),
  bytes_all: server(WHOLE_NUMBER),
  remote_logname: client(WORD),
  query_with_mark: client({ ...WORD, starts: (line, at) => line[at] === '?' }),
  connection_status: server(pattern(/[X+-]/)),
  request_length: server(WHOLE_NUMBER),
  body_bytes_sent: server(WHOLE_NUMBER),
  bytes_sent: server(WHOLE_NUMBER),
  content_length: client(WHOLE_NUMBER, false),
  remote_port: server(WHOLE_NUMBER),
  realip_remote_port: server(WHOLE_NUMBER),
  server_port: server(WHOLE_NUMBER),
  connection: server(WHOLE_NUMBER),
  connection_requests: server(WHOLE_NUMBER),
  pid: server(WHOLE_NUMBER),
  gzip_ratio: server(SECONDS),
  pipe: server(pattern(/[p.]/)),
  request_completion: server(pattern(/OK|-|/)),
  scheme: server(pattern(/https?|wss?|-|/)),
  https: server(pattern(/on|-|/)),
  host: server(HOST),
  server_name: server(HOST),
  hostname: server(MACHINE),
  geoip_country_code: server(pattern(/[A-Z]{2}|-|/)),
  request_id: server(WORD),
  server_protocol: client(pattern(/HTTP\/\d(?:\.\d)?|-|/), false),
  request_method: client(pattern(/-|[!#$%&'*+.^_`|~\dA-Za-z-]{0,32}/), false),
  request: client(pattern(/[!#$%&'*+.^_`|~\dA-Za-z-]{1,32} \S+ HTTP\/\d(?:\.\d)?|-(?! HTTP)|/)),
  request_uri: client(PATH),
  uri: client(PATH),
  document_uri: client(PATH),
  args: client(WORD),
  query_string: client(WORD),
  remote_user: client(WORD),
  http_host: client(HOST),
  http_user_agent: client(ANY_TEXT),
  http_referer: client(WORD),
  http_x_forwarded_for: client(FORWARDED_LIST),
  proxy_add_x_forwarded_for: client(FORWARDED_LIST),
  http_forwarded: client(ANY_TEXT),
  http_cookie: client(ANY_TEXT),
  request_body: client(ANY_TEXT),
};

const HEADER = client(WORD);
/** Variables of people's own may hold anything, but mostly hold words. */
const UNKNOWN = client(WORD, false);
const UPSTREAM = server(WORDS);

/** What a variable holds, by its name. */
export function variableOf(name: string): Variable {
  if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name] as Variable;
  if (/^(?:http|cookie|arg)_/.test(name)) return HEADER;
  return name.startsWith('upstream_') ? UPSTREAM : UNKNOWN;
}

/** The variables that results are made of; of two for one field the first that says something is taken. */
export const FIELD_VARIABLES: Readonly<Partial<Record<RequestField, readonly string[]>>> = {
  client: ['remote_addr', 'http_x_real_ip', 'proxy_protocol_addr', 'realip_remote_addr'],
  time: ['time_local', 'time_iso8601', 'msec', 'epoch'],
  request: ['request'],
  method: ['request_method'],
  status: ['status'],
  requestTime: ['request_time', 'request_time_us', 'request_time_ms', 'upstream_response_time'],
  host: ['host', 'http_host', 'server_name'],
  server: ['hostname', 'server_addr'],
  country: ['geoip_country_code', 'geoip2_data_country_code', 'geoip_country_code3', 'geoip_country_name'],
  bytes: ['body_bytes_sent', 'bytes_sent'],
};

/** The variables that are kept beside them. A line that can be read in two ways for their sake is as good as any other. */
export const DETAIL_VARIABLES: Readonly<Partial<Record<RequestField, readonly string[]>>> = {
  query: ['args', 'query_string', 'query_with_mark'],
  userAgent: ['http_user_agent'],
  referrer: ['http_referer'],
  user: ['remote_user'],
  upstreamTime: ['upstream_response_time'],
  protocol: ['server_protocol'],
  tls: ['ssl_protocol'],
  requestId: ['request_id', 'http_x_request_id'],
};

/** The variables that say what was asked for. No result is made of it: a line that leaves it open is as good. */
export const PATH_VARIABLES: readonly string[] = ['request_uri', 'uri', 'document_uri'];
