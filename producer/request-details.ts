import type { AccessLog } from '../schemas/records.js';
import { type RequestFields, says } from './formats/line-format.js';
import type { RequestDetail } from './privacy.js';

/** What is longer says no more to whoever looks at it. */
const LONGEST = 2048;
const DECIMAL = /^\d{1,12}(?:\.\d{0,9})?$/;

/** Keeps of a request what no result is made of, but whoever looks at it wants to see. */
export class RequestDetails {
  readonly #path: boolean;
  readonly #query: boolean;
  readonly #agent: boolean;
  readonly #referrer: boolean;
  readonly #user: boolean;
  readonly #upstream: boolean;
  readonly #protocol: boolean;
  readonly #tls: boolean;
  readonly #id: boolean;

  constructor(wants: (name: RequestDetail) => boolean) {
    this.#path = wants('path');
    this.#query = wants('query');
    this.#agent = wants('user_agent');
    this.#referrer = wants('referrer');
    this.#user = wants('user');
    this.#upstream = wants('upstream_time');
    this.#protocol = wants('protocol');
    this.#tls = wants('tls');
    this.#id = wants('request_id');
  }

  addTo(event: AccessLog, fields: RequestFields): AccessLog {
    const { request } = fields;
    let target = typeof fields.path === 'string' ? fields.path : undefined;
    let protocol = typeof fields.protocol === 'string' ? fields.protocol : undefined;
    if (typeof request === 'string') {
      const start = request.indexOf(' ') + 1;
      const last = request.lastIndexOf(' ');
      const hasProtocol = last >= start && request.startsWith('HTTP/', last + 1);
      if (hasProtocol) protocol ??= request.slice(last + 1);
      if (start > 0) target ??= hasProtocol ? request.slice(start, last) : request.slice(start);
    }
    const mark = target === undefined ? -1 : target.indexOf('?');
    const query = mark >= 0 ? target?.slice(mark + 1) : fields.query;
    return {
      // Named one by one: to spread the event costs more than to read its line.
      server: event.server,
      client_ip: event.client_ip,
      method: event.method,
      status: event.status,
      request_time: event.request_time,
      host: event.host,
      country: event.country,
      timestamp: event.timestamp,
      bytes: event.bytes ?? null,
      path: this.#path ? text(mark >= 0 ? target?.slice(0, mark) : target) : null,
      query: this.#query ? text(query) : null,
      user_agent: this.#agent ? text(fields.userAgent) : null,
      referrer: this.#referrer ? text(fields.referrer) : null,
      user: this.#user ? text(fields.user) : null,
      upstream_time: this.#upstream ? seconds(fields.upstreamTime) : null,
      protocol: this.#protocol ? text(protocol) : null,
      tls: this.#tls ? text(fields.tls) : null,
      request_id: this.#id ? text(fields.requestId) : null,
    };
  }
}

function text(value: unknown): string | null {
  if (typeof value === 'string') {
    if (value === '' || value === '-') return null;
    return value.length > LONGEST ? value.slice(0, LONGEST) : value;
  }
  return typeof value === 'number' ? String(value) : null;
}

function seconds(value: unknown): number | null {
  if (!says(value)) return null;
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null;
}
