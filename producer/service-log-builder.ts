import { canonicalAddress } from '../schemas/canonical/address.js';
import type { ServiceLog } from '../schemas/records.js';
import type { EventClock } from './event-clock.js';
import { levelOf } from './formats/levels.js';
import { LineRefusal, type ServiceFields, says } from './formats/line-format.js';
import type { OddFieldCounts } from './odd-fields.js';

export interface ServiceDefaults {
  /** For lines that do not name their service. Default `unknown`. */
  readonly service?: string;
}

const UNKNOWN_SERVICE = 'unknown';
const LONGEST_NAME = 1024;
const LONGEST_MESSAGE = 65_536;
const DECIMAL = /^(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const METHOD = /^[A-Za-z][A-Za-z-]{0,31}$/;
const STATUS = /^[1-5]\d\d$/;

/** Makes a service log's event of a line's fields. It must have a time; what else is not what it should be is left out. */
export class ServiceLogBuilder {
  readonly #service: string;
  readonly #clock: EventClock;
  readonly #oddFields: OddFieldCounts;

  constructor({ service = UNKNOWN_SERVICE }: ServiceDefaults, clock: EventClock, oddFields: OddFieldCounts) {
    this.#service = service;
    this.#clock = clock;
    this.#oddFields = oddFields;
  }

  build(fields: ServiceFields): ServiceLog | LineRefusal {
    const timestamp = this.#clock.timestamp(fields.time);
    if (typeof timestamp !== 'number') return timestamp;
    if (!says(fields.message) && fields.status === undefined && fields.level === undefined) {
      return new LineRefusal('missing-field', 'neither a message nor a level is there');
    }
    const message = text(fields.message).slice(0, LONGEST_MESSAGE);
    return {
      timestamp,
      service: name(fields.service) ?? this.#service,
      level: levelOf(fields.level) ?? levelIn(message),
      message,
      response_time: this.#amount(fields.responseTime, 'response_time'),
      endpoint: endpointOf(fields.endpoint),
      method: this.#method(fields.method),
      status: this.#status(fields.status),
      user_id: name(fields.user) ?? null,
      session_id: name(fields.session) ?? null,
      request_id: name(fields.requestId) ?? null,
      ip: addressOf(fields.ip),
      bytes: this.#bytes(fields.bytes),
      source: name(fields.source) ?? null,
      is_anomaly: false,
      trace_id: name(fields.traceId) ?? null,
      span_id: name(fields.spanId) ?? null,
      attributes: attributesOf(fields.attributes),
    };
  }

  #method(value: unknown): string | null {
    if (!says(value)) return null;
    if (typeof value === 'string' && METHOD.test(value)) return value.toUpperCase();
    this.#oddFields.add('method', 'none of HTTP');
    return null;
  }

  #status(value: unknown): number | null {
    if (!says(value)) return null;
    const status = typeof value === 'number' ? String(value) : value;
    if (typeof status === 'string' && STATUS.test(status)) return Number(status);
    this.#oddFields.add('status', 'none of HTTP');
    return null;
  }

  #bytes(value: unknown): number | null {
    const bytes = this.#amount(value, 'bytes');
    return bytes === null ? null : Math.round(bytes);
  }

  #amount(value: unknown, field: string): number | null {
    if (!says(value)) return null;
    const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
    this.#oddFields.add(field, 'no number');
    return null;
  }
}

function name(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && says(value) ? value.slice(0, LONGEST_NAME) : undefined;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Without its query. */
function endpointOf(value: unknown): string | null {
  if (typeof value !== 'string' || !says(value)) return null;
  const path = value.replace(/^[a-z][a-z+.-]*:\/\/[^/]*/i, '');
  const end = path.search(/[?#]/);
  return (end < 0 ? path : path.slice(0, end)).slice(0, LONGEST_NAME) || '/';
}

function addressOf(value: unknown): string | null {
  return typeof value === 'string' && says(value) ? (canonicalAddress(value) ?? null) : null;
}

const FATAL = /^\W{0,8}(?:panic|fatal|crit(?:ical)?\b|emerg)/i;
const ERROR = /^\W{0,8}(?:\w+ )?(?:error|err|fail|failed|exception|traceback|[\w.$]{1,128}(?:Error|Exception))\b/i;
const WARNING = /^\W{0,8}warn/i;

/** Of a line without a level, by how it begins. */
function levelIn(message: string): ServiceLog['level'] {
  if (ERROR.test(message)) return 'ERROR';
  if (FATAL.test(message)) return 'CRITICAL';
  return WARNING.test(message) ? 'WARN' : 'INFO';
}

function attributesOf(attributes: Record<string, unknown> | undefined): Record<string, string> | null {
  if (attributes === undefined) return null;
  const texts: Record<string, string> = {};
  for (const attribute in attributes) {
    const value = attributes[attribute];
    if (value !== undefined && value !== null) texts[attribute] = text(value).slice(0, LONGEST_NAME);
  }
  return texts;
}
