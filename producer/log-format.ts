import { LineError, type LogFields } from './parse-access-log.js';
import { ProducerError } from './producer-error.js';

/** Takes a line apart. @throws LineError */
export type LineParser = (line: string) => LogFields;

/** NGINX's predefined format. */
const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
const COMMON = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent';

/** The variables that an event is made of; the others are passed over. */
const USED = new Set([
  'remote_addr',
  'http_x_real_ip',
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
]);

/**
 * A parser for an NGINX `log_format`. A variable runs up to the character that follows it in the format; in quotes it may
 * hold escaped quotes.
 *
 * @throws ProducerError LOG_FORMAT when the format cannot give the client, the status and the time
 */
export function compileLogFormat(format: string): LineParser {
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
    const quoted = follower === '"' && parts[i - 1]?.endsWith('"');
    const body = quoted
      ? '(?:[^"\\\\]|\\\\.)*'
      : follower === undefined
        ? '.*'
        : `[^${follower.replace(/[\]\\^-]/g, '\\$&')}]*`;
    if (USED.has(name)) {
      names.push(name);
      pattern += `(${body})`;
    } else {
      pattern += body;
    }
  }
  const has = (...wanted: readonly string[]) => wanted.some((name) => names.includes(name));
  if (!has('remote_addr', 'http_x_real_ip') || !has('status') || !has('time_local', 'time_iso8601', 'msec')) {
    throw new ProducerError(
      'LOG_FORMAT',
      'the log format must have $remote_addr, $status and one of $time_local, $time_iso8601 and $msec; ' +
        `it is: ${format}`,
    );
  }
  const expression = new RegExp(`${pattern}\\s*$`);
  return (line) => {
    const match = expression.exec(line);
    if (match === null) throw new LineError('not-in-format', 'the line does not match the log format');
    const fields: Record<string, string> = {};
    for (let i = 0; i < names.length; i++) fields[names[i] as string] = match[i + 1] as string;
    return fields;
  };
}

/** NGINX's JSON logs and the contract's JSON lines: one object a line. */
const parseJson: LineParser = (line) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new LineError('not-json', (error as Error).message.slice(0, 120));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new LineError('not-json', 'the line is no JSON object');
  }
  return parsed as LogFields;
};

/**
 * The parser for a format by name (`auto`, `combined`, `json`) or for an NGINX `log_format`. `auto` takes each line for
 * JSON when it starts with a brace, for combined (or common) otherwise.
 */
export function lineParser(format: string): LineParser {
  if (format === 'json') return parseJson;
  if (format !== 'auto' && format !== 'combined') return compileLogFormat(format);
  const combined = compileLogFormat(COMBINED);
  const common = compileLogFormat(COMMON);
  const plain: LineParser = (line) => {
    try {
      return combined(line);
    } catch {
      return common(line);
    }
  };
  return format === 'combined' ? plain : (line) => (line.startsWith('{') ? parseJson(line) : plain(line));
}
