import { ServiceFields } from '../../formats/line-format.js';
import type { AnyValue, Attributes, OtlpLogRecord } from './log-record.js';

/*
 * Names of OpenTelemetry's semantic conventions, the older ones behind those that have replaced them, and then what is
 * usual without a convention.
 */
const ENDPOINT = ['http.route', 'url.path', 'http.target', 'url.full', 'http.url', 'endpoint'];
const METHOD = ['http.request.method', 'http.method'];
const STATUS = ['http.response.status_code', 'http.status_code'];
const USER = ['user.id', 'enduser.id', 'user_id'];
const SESSION = ['session.id', 'session_id'];
const REQUEST = ['http.request.id', 'request.id', 'request_id', 'http.request.header.x-request-id'];
const CLIENT = ['client.address', 'http.client_ip', 'source.address', 'net.peer.ip'];
const BYTES = ['http.response.body.size', 'http.response_content_length'];
const MILLISECONDS = ['duration_ms', 'response_time_ms', 'elapsed_ms', 'http.server.duration'];
const SECONDS = ['http.server.request.duration'];
const INSTANCE = ['service.instance.id', 'k8s.pod.name', 'host.name', 'container.id'];

/** The words for each four of the numbers of severity, from 1 on. */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** @param now for a record that says no time; without it, it has none */
export function serviceFieldsOf(record: OtlpLogRecord, now?: number): ServiceFields {
  const { attributes, body, resource, severityNumber, severityText, spanId, timeMs, traceId } = record;
  const fields = new ServiceFields();
  fields.time = timeMs === 0 ? now : timeMs;
  fields.service = resource['service.name'] ?? attributes['service.name'];
  fields.level = LEVELS[Math.ceil(severityNumber / 4) - 1] ?? (severityText === '' ? undefined : severityText);
  fields.message = messageOf(body, record.eventName);
  fields.source = first(resource, INSTANCE);
  if (traceId !== '') fields.traceId = traceId;
  if (spanId !== '') fields.spanId = spanId;
  for (const _ in attributes) {
    addAttributes(fields, attributes);
    break;
  }
  return fields;
}

function addAttributes(fields: ServiceFields, attributes: Attributes): void {
  fields.endpoint = first(attributes, ENDPOINT);
  fields.method = first(attributes, METHOD);
  fields.status = first(attributes, STATUS);
  fields.user = first(attributes, USER);
  fields.session = first(attributes, SESSION);
  fields.requestId = single(first(attributes, REQUEST));
  fields.ip = first(attributes, CLIENT);
  fields.bytes = first(attributes, BYTES);
  fields.responseTime = first(attributes, MILLISECONDS);
  const seconds = first(attributes, SECONDS);
  if (fields.responseTime === undefined && seconds !== undefined) fields.responseTime = Number(seconds) * 1000;
  fields.attributes = attributes;
}

/** A record whose body is a structure says in it, most often, what happened in words. */
function messageOf(body: AnyValue, eventName: string): unknown {
  if (body === null || body === '') return eventName === '' ? '' : eventName;
  if (typeof body !== 'object' || Array.isArray(body)) return body;
  const { message, msg } = body as { readonly [key: string]: AnyValue };
  return message ?? msg ?? body;
}

function first(attributes: Attributes, names: readonly string[]): AnyValue | undefined {
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

function single(value: AnyValue | undefined): AnyValue | undefined {
  return Array.isArray(value) ? value[0] : value;
}
