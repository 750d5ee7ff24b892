import {
  type AnyValue,
  type Attributes,
  MAX_DEPTH,
  NO_ATTRIBUTES,
  OtlpError,
  type OtlpLogRecord,
} from './log-record.js';

type Message = Readonly<Record<string, unknown>>;

/** OTLP/JSON: names in lowerCamelCase, 64-bit integers as text or as numbers, ids in hexadecimal. @throws OtlpError */
export function readJsonLogs(text: string): OtlpLogRecord[] {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    throw new OtlpError(`the body is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isMessage(request)) throw new OtlpError('the body is no ExportLogsServiceRequest: it is no object');
  const records: OtlpLogRecord[] = [];
  for (const resourceLogs of listOf(request, 'resourceLogs')) {
    const resource = attributesOf(messageOf(resourceLogs['resource'])?.['attributes']);
    for (const scopeLogs of listOf(resourceLogs, 'scopeLogs')) {
      const scope = textOf(messageOf(scopeLogs['scope'])?.['name']);
      for (const record of listOf(scopeLogs, 'logRecords')) records.push(recordOf(record, resource, scope));
    }
  }
  return records;
}

/** A record by itself, as a line of a file may be. Undefined for what is none. */
export function recordIn(object: Message): OtlpLogRecord | undefined {
  if (!('timeUnixNano' in object || 'observedTimeUnixNano' in object)) return undefined;
  const { resource, scope } = object;
  return recordOf(object, attributesOf(messageOf(resource)?.['attributes']), textOf(messageOf(scope)?.['name']));
}

function recordOf(record: Message, resource: Attributes, scope: string): OtlpLogRecord {
  return {
    timeMs: millisecondsOf(record['timeUnixNano']) || millisecondsOf(record['observedTimeUnixNano']),
    severityNumber: Number(record['severityNumber'] ?? 0) || 0,
    severityText: textOf(record['severityText']),
    body: anyValueOf(record['body'], 0),
    attributes: attributesOf(record['attributes']),
    traceId: textOf(record['traceId']).toLowerCase(),
    spanId: textOf(record['spanId']).toLowerCase(),
    eventName: textOf(record['eventName']),
    resource,
    scope,
  };
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(value: unknown): Message | undefined {
  return isMessage(value) ? value : undefined;
}

/** @throws OtlpError when it is there and is no list of objects */
function listOf(message: Message, name: string): readonly Message[] {
  const list = message[name] ?? [];
  if (!Array.isArray(list) || !list.every(isMessage)) throw new OtlpError(`${name} must be a list of objects`);
  return list;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function millisecondsOf(nanoseconds: unknown): number {
  if (typeof nanoseconds === 'number') return Math.floor(nanoseconds / 1e6);
  if (typeof nanoseconds !== 'string' || !/^\d{1,20}$/.test(nanoseconds)) return 0;
  return Number(nanoseconds.slice(0, -6));
}

function attributesOf(list: unknown, depth = 0): Attributes {
  if (!Array.isArray(list) || list.length === 0) return NO_ATTRIBUTES;
  const attributes: Record<string, AnyValue> = {};
  for (const pair of list as unknown[]) {
    if (!isMessage(pair) || typeof pair['key'] !== 'string' || pair['key'] === '__proto__') continue;
    attributes[pair['key']] = anyValueOf(pair['value'], depth);
  }
  return attributes;
}

function anyValueOf(value: unknown, depth: number): AnyValue {
  if (!isMessage(value) || depth > MAX_DEPTH) return null;
  const { arrayValue, boolValue, bytesValue, doubleValue, intValue, kvlistValue, stringValue } = value;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return integerOf(intValue);
  // NaN and the infinities are text.
  if (doubleValue !== undefined) return Number(doubleValue);
  if (typeof bytesValue === 'string') return bytesValue;
  if (isMessage(arrayValue)) {
    const { values } = arrayValue;
    return Array.isArray(values) ? values.map((one) => anyValueOf(one, depth + 1)) : [];
  }
  if (isMessage(kvlistValue)) return attributesOf(kvlistValue['values'], depth + 1);
  return null;
}

function integerOf(value: unknown): AnyValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
