import { recordIn } from '../network/otlp/json.js';
import type { OtlpLogRecord } from '../network/otlp/log-record.js';
import { serviceFieldsOf as otlpFieldsOf } from '../network/otlp/service-fields.js';
import { inCommonWords } from './json-dialects.js';
import { JsonFields } from './json-fields.js';
import { readingIn } from './json-readings.js';
import { timeWithin } from './json-times.js';
import { DEEPEST_JSON, lenientJson } from './lenient-json.js';
import { levelOf } from './levels.js';
import {
  FORWARDED_FOR,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ReadingFields,
  RequestFields,
  ServiceFields,
  says,
} from './line-format.js';
import { quantitiesIn } from './quantities.js';
import { serviceFieldsOf } from './service-members.js';

/** Members in which others keep a line as it was: Docker, Filebeat, Fluent Bit, the journal, Loki. */
const MESSAGES = [
  'message',
  'log',
  'msg',
  'MESSAGE',
  'line',
  'short_message',
  '@message',
  'body',
  'event',
  'text',
  'Message',
];

/** What tells a request's line from a service's where both could be meant. */
const REQUEST_SIGNS = ['DownstreamStatus', 'response_flags', 'client_ip', 'remote_addr', 'time_local'];
const LEVELS = [
  'level',
  'severity',
  'log.level',
  'lvl',
  'levelname',
  'loglevel',
  'severity_text',
  'short_message',
  'Level',
  'Severity',
  'error_severity',
];
const MEASUREMENTS = ['temperature', 'temp', 'temperature_c', 'temperature_celsius', 'pressure'];

export interface JsonOptions {
  readonly forwarded?: string;
  /** Reads the lines that objects hold as text; without, they are not read. */
  readonly messages?: LineFormat;
  /** Requests alone: whatever is none is refused. */
  readonly requestsOnly?: boolean;
}

/**
 * One object a line. Requests: NGINX's JSON logs, those of Caddy, Traefik, Envoy and others, and the raw topic's JSON form.
 * Service logs: pino, winston, bunyan, zap, slog, logback, the Elastic Common Schema, GELF, OpenTelemetry's file exporter
 * and their like. Readings of sensors. Which of them a line is, its members say.
 */
export class JsonFormat implements LineFormat {
  readonly #fields: JsonFields;
  readonly #messages: LineFormat | undefined;
  readonly #requestsOnly: boolean;

  constructor({ forwarded = FORWARDED_FOR, messages, requestsOnly = false }: JsonOptions = {}) {
    this.#fields = new JsonFields(forwarded);
    this.#messages = messages;
    this.#requestsOnly = requestsOnly;
  }

  read(line: string): LineOutcome {
    if (isListBracket(line)) return NO_RECORD;
    const object = jsonObject(line);
    return object instanceof LineRefusal ? object : this.readObject(object);
  }

  /** @param isTable it is a row under a header that names all columns */
  readObject(object: object, isTable = false): LineOutcome {
    const outcome = this.#read(object, isTable);
    if (this.#requestsOnly || !isIncomplete(outcome)) return outcome;
    const record = recordIn(object as Record<string, unknown>);
    if (record !== undefined) return this.#otlp(record);
    const members = object as Record<string, unknown>;
    const translated = inCommonWords(members, TIMES);
    if (translated !== undefined) return this.#read(translated, isTable);
    const time = outcome instanceof LineRefusal || says(timeOf(outcome)) ? undefined : timeWithin(members);
    const timed = time === undefined ? outcome : this.#read({ ...members, timestamp: time }, isTable);
    return timed instanceof RequestFields ? ofService(timed, object) : timed;
  }

  /** A record without a severity is of a collector that reads files: its body is the line. */
  #otlp(record: OtlpLogRecord): LineOutcome {
    const outer = otlpFieldsOf(record);
    const { body, severityNumber, severityText } = record;
    const isLine = severityNumber === 0 && severityText === '' && typeof body === 'string';
    const inner = isLine ? this.#messages?.read(body) : undefined;
    if (inner instanceof ServiceFields) around(inner, outer);
    return inner instanceof ServiceFields || inner instanceof RequestFields ? inner : outer;
  }

  #read(object: object, isTable: boolean): LineOutcome {
    const members = object as Record<string, unknown>;
    if (this.#requestsOnly) return this.#fields.read(object);
    const message = messageIn(object);
    if (message !== undefined && hasSome(members, LEVELS, isLevel) && !isRequest(members)) {
      return serviceFieldsOf(object);
    }
    const isReading = message === undefined && MEASUREMENTS.some((name) => name in members);
    const reading = isReading ? readingIn(members) : undefined;
    if (reading?.sensor !== undefined) return reading;
    const fields = this.#fields.read(object);
    if (isStatus(fields.status)) return fields;
    // Sensors have addresses, too.
    const other = message === undefined ? (reading ?? readingIn(members)) : undefined;
    if (other !== undefined) return other;
    if (message === undefined && isOfNobody(fields) && !hasSome(members, LEVELS, isLevel)) {
      const quantities = quantitiesIn(members, isTable);
      if (quantities !== undefined) return quantities;
    }
    if (fields.status !== undefined || fields.client !== undefined || fields.forwarded !== undefined) return fields;
    if (message === undefined) return hasSome(members, LEVELS, isLevel) ? serviceFieldsOf(object) : fields;
    const inner = this.#messages?.read(message);
    if (inner instanceof RequestFields) inner.server ??= fields.server;
    else if (inner instanceof ServiceFields) around(inner, serviceFieldsOf(object));
    return inner instanceof LineRefusal || inner === undefined ? serviceFieldsOf(object) : inner;
  }
}

/** Neither who asked, nor what was asked for, nor how long a host took is told. */
function isOfNobody({ client, forwarded, host, method, path, request, requestTime }: RequestFields): boolean {
  const taken = host === undefined ? undefined : requestTime;
  return [client, forwarded, method, path, request, taken].every((field) => field === undefined);
}

function isStatus(value: unknown): boolean {
  return value !== undefined && /^[1-5]\d\d$/.test(String(value));
}

function timeOf(outcome: LineOutcome): unknown {
  return typeof outcome === 'object' && 'time' in outcome ? outcome.time : undefined;
}

/** A request of which neither the client nor the host is told is a line of the service that answered it. */
function ofService(fields: RequestFields, object: object): RequestFields | ServiceFields {
  const { client, forwarded, host, method, path, status } = fields;
  if (says(client) || says(forwarded) || says(host) || !isStatus(status) || !says(path)) return fields;
  const service = serviceFieldsOf(object);
  service.message ??= [method, path, status].filter(says).join(' ');
  service.level ??= Number(status) >= 500 ? 'error' : Number(status) >= 400 ? 'warning' : 'info';
  return service;
}

/** Nearly no line is: what is done for one takes the others no time. */
function isIncomplete(outcome: LineOutcome): boolean {
  if (outcome instanceof RequestFields) {
    if (outcome.client === undefined || outcome.time === undefined) return true;
    // An address alone makes no request.
    return outcome.status === undefined && outcome.request === undefined && outcome.path === undefined;
  }
  if (outcome instanceof ServiceFields) return outcome.message === undefined || outcome.time === undefined;
  return outcome instanceof ReadingFields && outcome.time === undefined;
}

/** What a shipper says of a line that it found in a file. */
function around(inner: ServiceFields, outer: ServiceFields): void {
  inner.time ??= outer.time;
  inner.service ??= outer.service;
  inner.source ??= outer.source;
  inner.traceId ??= outer.traceId;
  inner.spanId ??= outer.spanId;
}

function isLevel(value: unknown): boolean {
  return levelOf(value) !== undefined || (typeof value === 'number' && value >= 0 && value <= 7);
}

function hasSome(object: Record<string, unknown>, names: readonly string[], is: (value: unknown) => boolean): boolean {
  for (const name of names) if (is(object[name])) return true;
  const { log } = object;
  return typeof log === 'object' && log !== null && is((log as Record<string, unknown>)['level']);
}

/** Caddy, Traefik and Envoy write the level of a request's line, too. */
function isRequest(object: Record<string, unknown>): boolean {
  const { logger, request, status } = object;
  if (typeof logger === 'string' && logger.startsWith('http.log.access')) return true;
  if (typeof request === 'object' && request !== null && 'remote_ip' in request && status !== undefined) return true;
  // What a service says of a request is the service's line, with its level and message.
  if (SERVICES.some((name) => typeof object[name] === 'string' && says(object[name]))) return false;
  return REQUEST_SIGNS.some((sign) => sign in object) && REQUEST_STATUSES.some((name) => name in object);
}

const SERVICES = ['service', 'service_name', 'service.name', 'serviceName'];
const REQUEST_STATUSES = ['status', 'DownstreamStatus', 'response_code'];

const LIST_BRACKET = /^\s*[[\]],?\s*$/;
const LONGEST_BRACKET = 8;
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'datetime', 'date', 't'];

/** The line that an object holds as text. */
export function messageIn(object: object): string | undefined {
  for (const name of MESSAGES) {
    const message = (object as Record<string, unknown>)[name];
    if (typeof message === 'string' && message !== '') return message.trimEnd();
  }
  return undefined;
}

/** Whether a line opens or closes a list whose records have a line each. */
export function isListBracket(line: string): boolean {
  return line.length < LONGEST_BRACKET && LIST_BRACKET.test(line);
}

/** Whether a line is a list of records. */
export function isList(line: string): boolean {
  return line.startsWith('[{') && line.trimEnd().endsWith('}]');
}

/** Stands before each record of a sequence of JSON texts. */
const RECORD_SEPARATOR = '\x1e';
const BEFORE = ['[', ',', RECORD_SEPARATOR, 'data:'];

/** What stands behind a bracket or a comma of a list, a record separator, or the name of an event's data. */
function behind(line: string): string | undefined {
  const text = line.trimStart();
  const before = BEFORE.find((each) => text.startsWith(each));
  const inner = before === undefined ? '' : text.slice(before.length).trimStart();
  return inner.startsWith('{') ? inner : undefined;
}

/** Whether a line is an object behind something that is not its own. */
export function isBehind(line: string): boolean {
  return behind(line) !== undefined;
}

/** The object that a line is; brackets and commas around it, as in a list, are left out. */
export function jsonObject(line: string): object | LineRefusal {
  const text = line.trimEnd();
  const json = text.endsWith(',') ? text.slice(0, -1) : text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    parsed = objectWithin(text) ?? lenientJson(json.trimStart());
    if (parsed === undefined) return new LineRefusal('not-json', (error as Error).message.slice(0, 120));
  }
  if (Array.isArray(parsed)) {
    return new LineRefusal('not-json', 'a list of records in one line; `jq -c ".[]"` makes a line of each of them');
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return new LineRefusal('not-json', 'the line is no JSON object');
  }
  return isTooDeep(parsed)
    ? new LineRefusal('nested-too-deep', `the JSON nests deeper than ${DEEPEST_JSON} objects and lists`)
    : parsed;
}

function objectWithin(text: string): unknown {
  const object = behind(text) ?? text;
  const closed = object.endsWith(',') ? object.slice(0, -1).trimEnd() : object;
  const inner = closed.endsWith(']') ? closed.slice(0, -1) : closed;
  if (inner.length === text.length) return undefined;
  try {
    return JSON.parse(inner);
  } catch {
    return undefined;
  }
}

/** Does not call itself: how deep a line nests is the client's doing. */
function isTooDeep(object: object): boolean {
  let level = nestedIn([object]);
  for (let depth = 1; level !== NONE; depth++) {
    if (depth >= DEEPEST_JSON) return true;
    level = nestedIn(level);
  }
  return false;
}

const NONE: object[] = [];

function nestedIn(objects: readonly object[]): object[] {
  let nested = NONE;
  for (const object of objects) {
    for (const name in object) {
      const value = (object as Record<string, unknown>)[name];
      if (typeof value !== 'object' || value === null) continue;
      if (nested === NONE) nested = [];
      nested.push(value);
    }
  }
  return nested;
}
