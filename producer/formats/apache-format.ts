import { ProducerError } from '../producer-error.js';

/** Apache's directives by the variable of NGINX's that is the same. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  a: 'remote_addr',
  h: 'remote_addr',
  l: 'remote_logname',
  u: 'remote_user',
  r: 'request',
  s: 'status',
  b: 'body_bytes_sent',
  B: 'body_bytes_sent',
  O: 'bytes_sent',
  I: 'request_length',
  S: 'bytes_all',
  m: 'request_method',
  U: 'uri',
  q: 'query_with_mark',
  H: 'server_protocol',
  v: 'host',
  V: 'host',
  p: 'server_port',
  P: 'pid',
  A: 'server_addr',
  f: 'request_filename',
  k: 'connection_requests',
  L: 'log_id',
  X: 'connection_status',
  D: 'request_time_us',
  T: 'request_time',
};
const NICKNAMES: Readonly<Record<string, string>> = {
  common: '%h %l %u %t "%r" %>s %b',
  combined: '%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
  vhost_combined: '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
};
/** Tomcat's patterns have Apache's directives, and others: those mean something else there, or nothing. */
const OF_TOMCAT: Readonly<Record<string, string>> = {
  F: 'env_commit_time',
  I: 'env_thread',
  S: 'env_session',
};
/** `tomcat9:%h %l %u %t "%r" %s %b %D`: before version 10, `%D` is in milliseconds. */
const TOMCAT = /^tomcat(\d{1,2}):\s*/;
const FIRST_IN_MICROSECONDS = 10;
const DIRECTIVE = /%(?:!?[\d,]+)?([<>])?(?:\{([^}]*)\})?(\^t[io]|[a-zA-Z])|%%/g;
/** Formats of strftime that are times of one of the known forms. */
const TIMES: readonly (readonly [RegExp, string])[] = [
  [/^(?:begin:|end:)?%Y-%m-%dT%(?:H:%M:%S|T)(?:%z)?$|^(?:begin:|end:)?%FT%T(?:%z)?$/, 'time_iso8601'],
  [/^(?:begin:|end:)?%(?:Y-%m-%d|F) %(?:H:%M:%S|T)(?: ?%z)?$/, 'time_iso8601'],
  [/^(?:begin:|end:)?%d\/%b\/%Y[: ]%(?:H:%M:%S|T)(?: %z)?$/, 'time_local'],
  [/^(?:begin:|end:)?(?:sec|%s)$/, 'msec'],
  [/^(?:begin:|end:)?(?:msec|usec)$/, 'epoch'],
];

/** Whether a text is one of Apache's LogFormats, or its directive. */
export function isApacheFormat(text: string): boolean {
  return !text.includes('$') && /%(?:[<>])?(?:[a-zA-Z]|\{)/.test(text);
}

/**
 * NGINX's log_format of Apache's LogFormat, bare, or as it stands in a configuration with its directive and its name; or,
 * behind `tomcat9:` and the like, of the pattern of Tomcat's AccessLogValve.
 *
 * @throws ProducerError LOG_FORMAT for what Apache has not, or a time in a form that is not read
 */
export function nginxFormatOf(given: string): string {
  const version = TOMCAT.exec(given)?.[1];
  const format = given.replace(TOMCAT, '');
  const directives = version === undefined ? DIRECTIVES : tomcatDirectives(Number(version));
  const directive = /^\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)"/i.exec(format);
  const text = (directive?.[1] ?? NICKNAMES[format.trim()] ?? format).replace(/\\(["\\])/g, '$1');
  return text.replace(DIRECTIVE, (whole, _which, argument: string | undefined, letter = '') => {
    if (whole === '%%') return '%';
    const name = variableOf(directives, letter, argument, text);
    return name === 'time_local' && argument === undefined ? '[$time_local]' : `$\{${name}}`;
  });
}

function tomcatDirectives(version: number): Readonly<Record<string, string>> {
  const duration = version < FIRST_IN_MICROSECONDS ? { D: 'request_time_ms' } : {};
  return { ...DIRECTIVES, ...OF_TOMCAT, ...duration };
}

function variableOf(
  directives: Readonly<Record<string, string>>,
  letter: string,
  argument: string | undefined,
  format: string,
): string {
  switch (letter) {
    case 't':
      return timeVariable(argument, format);
    case 'T':
      return argument === 'ms' ? 'request_time_ms' : argument === 'us' ? 'request_time_us' : 'request_time';
    case 'i':
    case '^ti':
      return `http_${lower(argument)}`;
    case 'o':
    case '^to':
      return `sent_http_${lower(argument)}`;
    case 'C':
      return `cookie_${lower(argument)}`;
    case 'e':
    case 'n':
      return lower(argument) === 'unique_id' ? 'request_id' : `env_${lower(argument)}`;
    case 'x':
      return lower(argument) === 'ssl_protocol' ? 'ssl_protocol' : `ssl_${lower(argument)}`;
    case 'a':
    case 'h':
      return argument === 'c' ? 'realip_remote_addr' : 'remote_addr';
    case 'p':
      return argument === 'remote' ? 'remote_port' : 'server_port';
    default: {
      const name = Object.hasOwn(directives, letter) ? directives[letter] : undefined;
      if (name !== undefined) return name;
      throw new ProducerError(
        'LOG_FORMAT',
        `%${letter} is no directive of Apache's LogFormat; the format is: ${format}`,
      );
    }
  }
}

function timeVariable(argument: string | undefined, format: string): string {
  if (argument === undefined) return 'time_local';
  const known = TIMES.find(([pattern]) => pattern.test(argument));
  if (known !== undefined) return known[1];
  throw new ProducerError(
    'LOG_FORMAT',
    `the time %{${argument}}t is not read; %t, %{%Y-%m-%dT%H:%M:%S%z}t and %{sec}t are; the format is: ${format}`,
  );
}

function lower(name = ''): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '_');
}
