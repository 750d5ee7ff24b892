import { LineError, type LogFields } from './parse-access-log.js';
import { ProducerError } from './producer-error.js';

/** Takes a line apart. @throws LineError */
export type LineParser = (line: string) => LogFields;

/**
 * The start of NGINX's `combined`, which is also `common`, `main` of NGINX's packages, and most formats of people's own.
 * What an event is made of stands in it, so its last variable takes the rest of the line, whatever that is.
 */
const COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $rest';

/** The variables that an event is made of; the others are passed over. */
const USED = new Set([
  'remote_addr',
  'http_x_real_ip',
  'http_x_forwarded_for',
  'time_local',
  'time_iso8601',
  'msec',
  'request',
  'request_method',
  'status',
  'request_time',
  'host',
  'http_host',
  'server_name',
  'server_addr',
  'hostname',
  'geoip_country_code',
  'body_bytes_sent',
  'bytes_sent',
  'rest',
]);

/** Those that are one word, also at the end of a line. */
const WORDS = new Set(['status', 'request_time', 'msec', 'body_bytes_sent', 'bytes_sent']);

/**
 * A parser for an NGINX `log_format`. A variable runs up to the character that follows it in the format, except those that
 * hold it themselves: in quotes escaped quotes, and the variables with spaces in them.
 *
 * @throws ProducerError LOG_FORMAT when the format cannot give the client, the status and the time
 */
function compileLogFormat(format: string): LineParser {
  const names: string[] = [];
  const parts = format.split(/(\$\w+|\$\{\w+\})/);
  let pattern = '^';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    if (i % 2 === 0) {
      pattern += part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      continue;
    }
    const name = part.replace(/[${}]/g, '');
    const follower = parts[i + 1]?.[0];
    const quoted = follower === '"' && parts[i - 1]?.endsWith('"') === true;
    const body = quoted ? '(?:[^"\\\\]|\\\\.)*' : unquotedPattern(name, follower);
    if (USED.has(name)) {
      names.push(name);
      pattern += `(${body})`;
    } else {
      pattern += body;
    }
  }
  const has = (...wanted: readonly string[]) => wanted.some((name) => names.includes(name));
  if (
    !has('remote_addr', 'http_x_real_ip', 'http_x_forwarded_for') ||
    !has('status') ||
    !has('time_local', 'time_iso8601', 'msec')
  ) {
    throw new ProducerError(
      'LOG_FORMAT',
      'the log format must be auto, combined, common or json, or have $remote_addr, $status and one of $time_local, ' +
        `$time_iso8601 and $msec; it is: ${format}`,
    );
  }
  const expression = new RegExp(`${pattern}\\s*$`, 's');
  return (line) => {
    const match = expression.exec(line);
    if (match === null) throw new LineError('not-in-format', 'the line does not match the log format');
    const fields: Record<string, string> = {};
    for (let i = 0; i < names.length; i++) {
      const text = match[i + 1] as string;
      fields[names[i] as string] = text.includes('\\') ? unescaped(text) : text;
    }
    return fields;
  };
}

function unquotedPattern(name: string, follower: string | undefined): string {
  if (follower === undefined) return WORDS.has(name) ? '\\S*' : '.*';
  const excluded = follower.replace(/[\]\\^-]/g, '\\$&');
  if (follower === ' ') {
    if (name === 'time_local') return '[^ ]* [+-]\\d+';
    // Method, path and protocol; what clients send instead has any number of words.
    if (name === 'request') return '.*?';
  }
  // Addresses of proxies, times of upstream servers: 10.0.0.1, 10.0.0.2 and 0.1, 0.2 : 0.3.
  if (name === 'http_x_forwarded_for' || name.startsWith('upstream_')) {
    return `[^${excluded},]*(?:(?:, ?| : )[^${excluded},]+)*`;
  }
  return `[^${excluded}]*`;
}

/** NGINX writes `"`, `\` and all bytes that are not printable ASCII as \xHH, Apache quotes as \". */
function unescaped(text: string): string {
  return text
    .replace(/(?:\\x[\dA-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('\\x', ''), 'hex').toString())
    .replace(/\\(["\\])/g, '$1');
}

/** A backslash and what it escapes; pairs, so that the backslash of \\x22 is not taken for one that escapes x. */
const JSON_ESCAPE = /\\(x[\dA-Fa-f]{2}|.)/g;

/** NGINX's JSON logs and the contract's JSON lines: one object a line. */
const parseJson: LineParser = (line) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    // Without escape=json in the log_format, NGINX writes \x22 into strings, which JSON does not know.
    parsed = line.includes('\\x') ? tryJson(withJsonEscapes(line)) : undefined;
    if (parsed === undefined) throw new LineError('not-json', (error as Error).message.slice(0, 120));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new LineError('not-json', 'the line is no JSON object');
  }
  return parsed as LogFields;
};

function withJsonEscapes(line: string): string {
  return line.replace(JSON_ESCAPE, (whole, escaped: string) =>
    escaped.length === 3 ? `\\u00${escaped.slice(1)}` : whole,
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The parser for a format by name or for an NGINX `log_format`. `combined` and `common` take the same lines; `auto` takes
 * each line for JSON when it starts with a brace, for combined otherwise.
 */
export function lineParser(format: string): LineParser {
  switch (format) {
    case 'json':
      return parseJson;
    case 'combined':
    case 'common':
      return compileLogFormat(COMBINED);
    case 'auto': {
      const combined = compileLogFormat(COMBINED);
      return (line) => (line.startsWith('{') ? parseJson(line) : combined(line));
    }
    default:
      return compileLogFormat(format);
  }
}
