import { isIP } from 'node:net';
import type { AccessLog } from '../schemas/records.js';
import { CountryLookup, UNKNOWN_COUNTRY } from './country.js';

/**
 * The texts that a line carries, under NGINX's variable names; what the line does not carry is missing. JSON may hold
 * anything under a name: each use checks what it finds.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/** A line that cannot be used: the reason starts with a word that stays the same. */
export class LineError extends Error {
  constructor(
    readonly code:
      | 'not-in-format'
      | 'not-json'
      | 'not-utf8'
      | 'line-too-long'
      | 'missing-field'
      | 'wrong-client'
      | 'wrong-status'
      | 'wrong-request-time'
      | 'wrong-timestamp'
      | 'timestamp-in-future',
    message: string,
  ) {
    super(`${code}: ${message}`);
    this.name = 'LineError';
  }
}

export interface EventDefaults {
  /** For lines that do not name the virtual host. */
  readonly host: string;
  /** For lines that do not name the machine. */
  readonly server: string;
  /** Times further ahead of the clock than this are wrong. */
  readonly maxFutureMs: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME_LOCAL = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-]\d{4})$/;
const TIME_ISO8601 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?([Zz]|[+-]\d{2}:?\d{2})?$/;

const WHOLE = /^\d{1,15}$/;
/** What follows the status in `common` and `combined`: the size, and nothing or the referrer. */
const SIZE_FIRST = /^(\d{1,15})(?: "|$)/;
const DECIMAL = /^\d+(\.\d*)?([eE][+-]?\d+)?$/;

/** Makes an event of a line's fields. */
export class EventBuilder {
  readonly #defaults: EventDefaults;
  readonly #countries = new CountryLookup();
  /** Lines of one second have the same text for it. */
  #lastTimeText = '';
  #lastTime = 0;

  constructor(defaults: EventDefaults) {
    this.#defaults = defaults;
  }

  /** @throws LineError */
  build(fields: LogFields): AccessLog {
    const client_ip = text(fields, 'client_ip', 'remote_addr', 'http_x_real_ip', 'ip') ?? forwardedFor(fields);
    if (client_ip === undefined) throw new LineError('missing-field', 'the client address is missing');
    if (client_ip.length > 253 || /\s/.test(client_ip)) {
      throw new LineError('wrong-client', `no address: ${shown(client_ip)}`);
    }
    const method = text(fields, 'method', 'request_method') ?? text(fields, 'request')?.split(' ', 1)[0] ?? '-';
    return {
      server: text(fields, 'server', 'hostname', 'server_addr') ?? this.#defaults.server,
      client_ip,
      method,
      status: status(fields),
      request_time: requestTime(fields),
      host: text(fields, 'host', 'http_host', 'server_name', 'vhost') ?? this.#defaults.host,
      country: text(fields, 'country', 'geoip_country_code') ?? this.#country(client_ip),
      timestamp: this.#timestamp(fields),
      bytes: bytesSent(fields),
    };
  }

  #country(address: string): string {
    return isIP(address) === 0 ? UNKNOWN_COUNTRY : this.#countries.country(address);
  }

  #timestamp(fields: LogFields): number {
    const found = ['@timestamp', 'time_local', 'time_iso8601', 'msec', 'timestamp', 'time'].find(
      (name) => fields[name] !== undefined && fields[name] !== null,
    );
    if (found === undefined) throw new LineError('missing-field', 'the time is missing');
    const value: unknown = fields[found];
    const time = this.#parseTime(value);
    if (!Number.isFinite(time) || time <= 0)
      throw new LineError('wrong-timestamp', `no time after 1970: ${shown(value)}`);
    if (time > Date.now() + this.#defaults.maxFutureMs) {
      throw new LineError(
        'timestamp-in-future',
        `${shown(value)} is more than ${this.#defaults.maxFutureMs} ms ahead of the clock`,
      );
    }
    return time;
  }

  /** Epoch seconds with a fraction (or, when they are too large for that, milliseconds), ISO 8601 or NGINX's local time. */
  #parseTime(value: unknown): number {
    if (typeof value === 'string') {
      if (value === this.#lastTimeText) return this.#lastTime;
      const time = parseTimeText(value);
      this.#lastTimeText = value;
      this.#lastTime = time;
      return time;
    }
    return typeof value === 'number' ? epochMs(value) : Number.NaN;
  }
}

function parseTimeText(value: string): number {
  const local = TIME_LOCAL.exec(value);
  if (local !== null) {
    const [, day, month, year, hour, minute, second, zone] = local;
    return utcMs(year, String(MONTHS.indexOf(month ?? '') + 1), day, hour, minute, second, zone);
  }
  if (/^\d+(\.\d+)?$/.test(value)) return epochMs(Number(value));
  const iso = TIME_ISO8601.exec(value);
  if (iso === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, zone] = iso;
  const milliseconds = Math.trunc(Number(`0.${fraction ?? 0}`) * 1000);
  return utcMs(year, month, day, hour, minute, second, zone) + milliseconds;
}

/** NaN when there is no such date or time. Without a zone it is UTC: what a log says must not hang on the reader's zone. */
function utcMs(year = '', month = '', day = '', hour = '', minute = '', second = '0', zone = 'Z'): number {
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date.UTC takes 31 February for 3 March, and month 0 for December.
  if (midnight.getUTCDate() !== Number(day) || midnight.getUTCMonth() !== Number(month) - 1) return Number.NaN;
  // A leap second is the first of the next minute.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return Number.NaN;
  const utc = midnight.getTime() + timeOfDayMs(hour, minute, second);
  if (zone.toUpperCase() === 'Z') return utc;
  const zoneHours = zone.slice(1, 3);
  const zoneMinutes = zone.slice(-2);
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return Number.NaN;
  const offset = timeOfDayMs(zoneHours, zoneMinutes);
  return zone.startsWith('+') ? utc - offset : utc + offset;
}

function timeOfDayMs(hours: string, minutes: string, seconds = '0'): number {
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

function epochMs(value: number): number {
  // Seconds reach 1e11 in the year 5138, milliseconds had reached it in 1973.
  return value >= 1e11 ? Math.round(value) : Math.round(value * 1000);
}

function text(fields: LogFields, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '' && value !== '-') return value;
  }
  return undefined;
}

/** The client at the head of the list of proxies; a client can send any, so it counts only where no other is logged. */
function forwardedFor(fields: LogFields): string | undefined {
  const first = text(fields, 'http_x_forwarded_for')?.split(',', 1)[0]?.trim();
  return first === '' ? undefined : first;
}

function status(fields: LogFields): number {
  const value: unknown = fields['status'] ?? fields['status_code'];
  if (value === undefined || value === null) throw new LineError('missing-field', 'the status is missing');
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 100 || number > 599) {
    throw new LineError('wrong-status', `no HTTP status: ${shown(value)}`);
  }
  return number;
}

function requestTime(fields: LogFields): number | null {
  const value: unknown = fields['request_time'];
  if (value === undefined || value === null || value === '-' || value === '') return null;
  const seconds = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new LineError('wrong-request-time', `no seconds: ${shown(value)}`);
  }
  return seconds;
}

/** Null where the line does not say; a wrong number costs the number, not the line. */
function bytesSent(fields: LogFields): number | null {
  const value: unknown = fields['body_bytes_sent'] ?? fields['bytes_sent'] ?? fields['bytes'];
  const named = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
  if (typeof named === 'number' && Number.isSafeInteger(named) && named >= 0) return named;
  const rest = text(fields, 'rest');
  const size = rest === undefined ? undefined : SIZE_FIRST.exec(rest)?.[1];
  return size === undefined ? null : Number(size);
}

function shown(value: unknown): string {
  const all = JSON.stringify(value);
  return all.length > 80 ? `${all.slice(0, 80)}…` : all;
}
