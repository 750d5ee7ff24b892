import { isIP } from 'node:net';
import type { AccessLog } from '../schemas/records.js';
import { CountryLookup } from './country.js';

/** The texts that a line carries, under NGINX's variable names; what the line does not carry is missing. */
export type LogFields = Readonly<Partial<Record<string, string | number | null>>>;

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
const TIME_LOCAL = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;

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
    const client_ip = text(fields, 'client_ip', 'remote_addr', 'http_x_real_ip', 'ip');
    if (client_ip === undefined) throw new LineError('missing-field', 'the client address is missing');
    if (client_ip.length > 253 || /\s/.test(client_ip))
      throw new LineError('wrong-client', `no address: ${shown(client_ip)}`);
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
    };
  }

  #country(address: string): string {
    return isIP(address) === 0 ? 'ZZ' : this.#countries.country(address);
  }

  #timestamp(fields: LogFields): number {
    const found = ['@timestamp', 'time_local', 'time_iso8601', 'msec', 'timestamp', 'time'].find(
      (name) => fields[name] !== undefined && fields[name] !== null,
    );
    if (found === undefined) throw new LineError('missing-field', 'the time is missing');
    const value = fields[found] as string | number;
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
  #parseTime(value: string | number): number {
    if (typeof value === 'string') {
      if (value === this.#lastTimeText) return this.#lastTime;
      const time = parseTimeText(value);
      this.#lastTimeText = value;
      this.#lastTime = time;
      return time;
    }
    return epochMs(value);
  }
}

function parseTimeText(value: string): number {
  const local = TIME_LOCAL.exec(value);
  if (local !== null) {
    const [, day, month, year, hour, minute, second, sign, offsetHours, offsetMinutes] = local;
    const monthIndex = MONTHS.indexOf(month ?? '');
    const utc = Date.UTC(Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second));
    const real = new Date(utc);
    // Date.UTC takes 31 February for 3 March.
    if (monthIndex < 0 || real.getUTCDate() !== Number(day) || Number(hour) > 23 || Number(minute) > 59)
      return Number.NaN;
    const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
    return sign === '+' ? utc - offset : utc + offset;
  }
  if (/^\d+(\.\d+)?$/.test(value)) return epochMs(Number(value));
  return /^\d{4}-\d{2}-\d{2}[T ]/.test(value) ? Date.parse(value) : Number.NaN;
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

function status(fields: LogFields): number {
  const value = fields['status'] ?? fields['status_code'];
  if (value === undefined || value === null) throw new LineError('missing-field', 'the status is missing');
  const number = typeof value === 'number' ? value : /^\d{3}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isInteger(number) || number < 100 || number > 599) {
    throw new LineError('wrong-status', `no HTTP status: ${shown(value)}`);
  }
  return number;
}

function requestTime(fields: LogFields): number | null {
  const value = fields['request_time'];
  if (value === undefined || value === null || value === '-' || value === '') return null;
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new LineError('wrong-request-time', `no seconds: ${shown(value)}`);
  return seconds;
}

function shown(value: string | number): string {
  const all = JSON.stringify(value);
  return all.length > 80 ? `${all.slice(0, 80)}…` : all;
}
