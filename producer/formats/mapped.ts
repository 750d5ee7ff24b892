import { ProducerError } from '../producer-error.js';
import { CsvFormat } from './csv.js';
import { jsonObject } from './json.js';
import { JsonFields } from './json-fields.js';
import {
  type LineFields,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ReadingFields,
  type RequestField,
  type ServiceFields,
  type SpreadLines,
  shown,
} from './line-format.js';
import { logfmtObject } from './logfmt.js';
import { serviceFieldsOf } from './service-members.js';

/** The names that fields have on the command line: those of the topics' records. */
const REQUEST: Readonly<Record<string, RequestField>> = {
  time: 'time',
  timestamp: 'time',
  client_ip: 'client',
  forwarded: 'forwarded',
  request: 'request',
  method: 'method',
  path: 'path',
  query: 'query',
  status: 'status',
  request_time: 'requestTime',
  host: 'host',
  server: 'server',
  country: 'country',
  bytes: 'bytes',
  user_agent: 'userAgent',
  referrer: 'referrer',
  user: 'user',
  upstream_time: 'upstreamTime',
  protocol: 'protocol',
  tls: 'tls',
  request_id: 'requestId',
};
const SERVICE: Readonly<Record<string, keyof ServiceFields>> = {
  time: 'time',
  timestamp: 'time',
  service: 'service',
  level: 'level',
  message: 'message',
  response_time: 'responseTime',
  endpoint: 'endpoint',
  method: 'method',
  status: 'status',
  user_id: 'user',
  session_id: 'session',
  request_id: 'requestId',
  ip: 'ip',
  bytes: 'bytes',
  source: 'source',
  trace_id: 'traceId',
  span_id: 'spanId',
};
const READING: Readonly<Record<string, keyof ReadingFields>> = {
  time: 'time',
  timestamp: 'time',
  sensor_id: 'sensor',
  temperature: 'temperature',
  pressure: 'pressure',
  value: 'value',
};
/** Names that are of one kind alone say which it is; where none does, it is a request. */
const KINDS = { service: SERVICE, reading: READING, request: REQUEST } as const;
type Kind = keyof typeof KINDS;

const DEEPEST = 16;

/** Which member of a line is which field. */
export type FieldMap = ReadonlyMap<string, string>;

/** `time=ts,message=msg,service=kubernetes.labels.app`. @throws ProducerError MAP */
export function fieldMap(text: string): FieldMap {
  const map = new Map<string, string>();
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const [field, member] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || field === '' || member === '') {
      throw new ProducerError('MAP', `${JSON.stringify(pair)} is no field=member, such as message=msg`);
    }
    map.set(field, member);
  }
  kindOf(map);
  return map;
}

/** @throws ProducerError MAP for a field that there is not, or fields of two kinds */
function kindOf(map: FieldMap): Kind {
  for (const field of map.keys()) {
    if (Object.values(KINDS).some((names) => Object.hasOwn(names, field))) continue;
    const known = [...new Set(Object.values(KINDS).flatMap(Object.keys))].join(', ');
    throw new ProducerError('MAP', `${JSON.stringify(field)} is no field; the fields are ${known}`);
  }
  const fits = (Object.keys(KINDS) as Kind[]).filter((kind) =>
    [...map.keys()].every((field) => Object.hasOwn(KINDS[kind], field)),
  );
  if (fits.length === 0) {
    throw new ProducerError(
      'MAP',
      `no kind of event has all of ${[...map.keys()].join(', ')}: requests have client_ip and host, service logs service, ` +
        'level and message, readings sensor_id, temperature, pressure and value',
    );
  }
  return fits.includes('request') ? 'request' : (fits[0] ?? 'request');
}

/** Lines in JSON, logfmt, or CSV with a header, of which it is said which member is which field. The rest is found by its names. */
export class MappedFormat implements LineFormat {
  readonly #map: FieldMap;
  readonly #kind: Kind;
  readonly #forwarded: string;
  readonly #requests: JsonFields;
  readonly #csv: CsvFormat;

  /** @throws ProducerError MAP */
  constructor(map: FieldMap, forwarded: string, csv?: CsvFormat) {
    this.#map = map;
    this.#kind = kindOf(map);
    this.#requests = new JsonFields(forwarded);
    this.#csv = csv ?? new CsvFormat(undefined);
    this.#forwarded = forwarded;
  }

  forText(head: string): LineFormat {
    const csv = new CsvFormat(undefined).forText(head);
    return new MappedFormat(this.#map, this.#forwarded, csv);
  }

  get spread(): SpreadLines | undefined {
    return this.#csv.spread;
  }

  read(line: string): LineOutcome {
    const object = this.#object(line);
    if (object === undefined || object === NO_RECORD || object instanceof LineRefusal) {
      return object ?? new LineRefusal('not-in-format', `no JSON, pairs, or values under a header: ${shown(line)}`);
    }
    const fields = this.#fieldsOf(object);
    for (const [field, member] of this.#map) {
      const value = memberOf(object, member);
      const name = (KINDS[this.#kind] as Readonly<Record<string, string>>)[field];
      if (value !== undefined && name !== undefined) (fields as unknown as Record<string, unknown>)[name] = value;
    }
    return fields;
  }

  #object(line: string): Record<string, unknown> | LineRefusal | typeof NO_RECORD | undefined {
    if (line.trimStart().startsWith('{')) return jsonObject(line) as Record<string, unknown> | LineRefusal;
    const pairs = logfmtObject(line);
    if (pairs !== undefined) return pairs;
    if (line.includes('\t') && /^[\w.-]+:/.test(line)) return labels(line);
    return this.#csv.takesHeader(line) ? NO_RECORD : this.#csv.object(line);
  }

  #fieldsOf(object: object): LineFields {
    if (this.#kind === 'request') return this.#requests.read(object);
    if (this.#kind === 'service') return serviceFieldsOf(object);
    const fields = new ReadingFields();
    const { timestamp, time, ts } = object as Record<string, unknown>;
    fields.time = timestamp ?? time ?? ts;
    return fields;
  }
}

function labels(line: string): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const part of line.split('\t')) {
    const colon = part.indexOf(':');
    if (colon > 0) object[part.slice(0, colon)] ??= part.slice(colon + 1);
  }
  return object;
}

/** A member as it is called, or where its dots lead. */
function memberOf(object: Record<string, unknown>, path: string): unknown {
  if (path in object) return object[path];
  let value: unknown = object;
  let rest = path;
  for (let depth = 0; depth < DEEPEST && rest !== ''; depth++) {
    if (typeof value !== 'object' || value === null) return undefined;
    const members = value as Record<string, unknown>;
    if (Object.hasOwn(members, rest)) return members[rest];
    // `kubernetes.labels.app.kubernetes.io/name`: the longest name that there is.
    let name = rest;
    while (name !== '' && !Object.hasOwn(members, name)) name = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    if (name === '') return undefined;
    value = members[name];
    rest = rest.slice(name.length + 1);
  }
  return rest === '' ? value : undefined;
}
