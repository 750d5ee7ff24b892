import protobuf from 'protobufjs/minimal.js';
import {
  type AnyValue,
  type Attributes,
  MAX_DEPTH,
  NO_ATTRIBUTES,
  OtlpError,
  type OtlpLogRecord,
} from './log-record.js';

const { BufferReader, Writer } = protobuf;

/*
 * The messages of opentelemetry-proto 1.x, by their field numbers. They are read as they come, without objects between: a
 * decoder that is made of the schema makes some ten objects a record.
 */

/** @throws OtlpError when the bytes are no ExportLogsServiceRequest */
export function readProtobufLogs(bytes: Buffer): OtlpLogRecord[] {
  const records: OtlpLogRecord[] = [];
  try {
    const reader = new BufferReader(bytes);
    eachField(reader, reader.len, (field) => {
      if (field !== 1) return false;
      readResourceLogs(reader, endOf(reader), records);
      return true;
    });
  } catch (cause) {
    throw new OtlpError(`the body is no ExportLogsServiceRequest: ${(cause as Error).message}`, { cause });
  }
  return records;
}

type Reader = InstanceType<typeof BufferReader>;

/** The end of a message that begins here, within the bytes that there are. */
function endOf(reader: Reader): number {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError(`a message ends at ${end}, after the body's ${reader.len} bytes`);
  return end;
}

/** Calls `read` with each field's number; what it does not read is passed over. */
function eachField(reader: Reader, end: number, read: (field: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag >>> 3)) reader.skipType(tag & 7);
  }
  if (reader.pos > end) throw new RangeError(`a field goes on after its message, which ends at ${end}`);
}

function readResourceLogs(reader: Reader, end: number, records: OtlpLogRecord[]): void {
  let resource = NO_ATTRIBUTES;
  // The resource may stand behind the records that are of it.
  const scopes: number[] = [];
  eachField(reader, end, (field) => {
    if (field === 1) {
      resource = readAttributesOf(reader, endOf(reader));
      return true;
    }
    if (field === 2) scopes.push(reader.pos);
    return false;
  });
  for (const at of scopes) {
    reader.pos = at;
    readScopeLogs(reader, endOf(reader), resource, records);
  }
  reader.pos = end;
}

/** The attributes of a message that has them as field 1. */
function readAttributesOf(reader: Reader, end: number): Attributes {
  const attributes: Record<string, AnyValue> = {};
  eachField(reader, end, (field) => {
    if (field !== 1) return false;
    readKeyValue(reader, endOf(reader), attributes, 0);
    return true;
  });
  return attributes;
}

function readScopeLogs(reader: Reader, end: number, resource: Attributes, records: OtlpLogRecord[]): void {
  let scope = '';
  const first = records.length;
  eachField(reader, end, (field) => {
    if (field === 1) {
      scope = readScopeName(reader, endOf(reader));
      return true;
    }
    if (field !== 2) return false;
    records.push(readLogRecord(reader, endOf(reader), resource));
    return true;
  });
  if (scope !== '') for (const record of records.slice(first)) record.scope = scope;
}

function readScopeName(reader: Reader, end: number): string {
  let name = '';
  eachField(reader, end, (field) => {
    if (field !== 1) return false;
    name = reader.string();
    return true;
  });
  return name;
}

function readLogRecord(reader: Reader, end: number, resource: Attributes): OtlpLogRecord {
  const record: OtlpLogRecord = {
    timeMs: 0,
    severityNumber: 0,
    severityText: '',
    body: null,
    attributes: NO_ATTRIBUTES,
    traceId: '',
    spanId: '',
    eventName: '',
    resource,
    scope: '',
  };
  let attributes: Record<string, AnyValue> | undefined;
  let observedMs = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 0x09:
        record.timeMs = readNanoseconds(reader);
        break;
      case 0x10:
        record.severityNumber = reader.int32();
        break;
      case 0x1a:
        record.severityText = reader.string();
        break;
      case 0x2a:
        record.body = readAnyValue(reader, endOf(reader), 0);
        break;
      case 0x32:
        attributes ??= {};
        readKeyValue(reader, endOf(reader), attributes, 0);
        break;
      case 0x4a:
        record.traceId = readId(reader);
        break;
      case 0x52:
        record.spanId = readId(reader);
        break;
      case 0x59:
        observedMs = readNanoseconds(reader);
        break;
      case 0x62:
        record.eventName = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos > end) throw new RangeError(`a field goes on after its message, which ends at ${end}`);
  if (attributes !== undefined) record.attributes = attributes;
  if (record.timeMs === 0) record.timeMs = observedMs;
  return record;
}

/** Milliseconds of a fixed64 of nanoseconds, exactly: 2^32 ns are 4,294 ms and 967,296 ns. */
function readNanoseconds(reader: Reader): number {
  const low = reader.fixed32();
  const high = reader.fixed32();
  return high * 4294 + Math.floor((high * 967_296 + low) / 1_000_000);
}

function readId(reader: Reader): string {
  return (reader.bytes() as Buffer).toString('hex');
}

function readKeyValue(reader: Reader, end: number, attributes: Record<string, AnyValue>, depth: number): void {
  let key = '';
  let value: AnyValue = null;
  eachField(reader, end, (field) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = readAnyValue(reader, endOf(reader), depth);
    else return false;
    return true;
  });
  // It would set the object's prototype.
  if (key !== '__proto__') attributes[key] = value;
}

function readAnyValue(reader: Reader, end: number, depth: number): AnyValue {
  let value: AnyValue = null;
  if (depth > MAX_DEPTH) {
    reader.pos = end;
    return value;
  }
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 0x0a:
        value = reader.string();
        break;
      case 0x10:
        value = reader.bool();
        break;
      case 0x18:
        value = numberOf(reader.int64());
        break;
      case 0x21:
        value = reader.double();
        break;
      case 0x2a: {
        const list: AnyValue[] = [];
        eachField(reader, endOf(reader), (field) => {
          if (field !== 1) return false;
          list.push(readAnyValue(reader, endOf(reader), depth + 1));
          return true;
        });
        value = list;
        break;
      }
      case 0x32: {
        const map: Record<string, AnyValue> = {};
        eachField(reader, endOf(reader), (field) => {
          if (field !== 1) return false;
          readKeyValue(reader, endOf(reader), map, depth + 1);
          return true;
        });
        value = map;
        break;
      }
      case 0x3a:
        value = (reader.bytes() as Buffer).toString('base64');
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  if (reader.pos > end) throw new RangeError(`a field goes on after its message, which ends at ${end}`);
  return value;
}

/** What is no exact number is its text. */
function numberOf(long: number | { readonly low: number; readonly high: number }): AnyValue {
  if (typeof long === 'number') return long;
  const number = long.high * 2 ** 32 + (long.low >>> 0);
  if (Number.isSafeInteger(number)) return number;
  return ((BigInt(long.high) << 32n) | BigInt(long.low >>> 0)).toString();
}

/** ExportLogsServiceResponse; empty when all was taken. */
export function protobufResponse(refused: number, message: string): Uint8Array {
  const writer = Writer.create();
  if (refused > 0) {
    writer.uint32(0x0a).fork().uint32(0x08).int64(refused).uint32(0x12).string(message).ldelim();
  }
  return writer.finish();
}

/** google.rpc.Status, for an answer that is no success. */
export function protobufStatus(code: number, message: string): Uint8Array {
  return Writer.create().uint32(0x08).int32(code).uint32(0x12).string(message).finish();
}
