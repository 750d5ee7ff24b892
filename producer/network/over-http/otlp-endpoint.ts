import type { EventIntake } from '../../event-intake.js';
import type { EventBatch } from '../../log-source.js';
import { readJsonLogs } from '../otlp/json.js';
import { type AnyValue, OtlpError, type OtlpLogRecord } from '../otlp/log-record.js';
import { protobufResponse, protobufStatus, readProtobufLogs } from '../otlp/protobuf.js';
import { serviceFieldsOf } from '../otlp/service-fields.js';
import { eventsIn, type Sink, together } from '../sink.js';
import { idOf } from './content-id.js';
import { type HttpAnswer, type HttpCall, type HttpEndpoint, HttpRefusal, json } from './http-call.js';

const PATH = '/v1/logs';
const PROTOBUF = 'application/x-protobuf';
const SOURCE = 'otlp';
const LONGEST_REASON = 200;
const UNKNOWN_SERVICE = 'unknown';

/** Codes of google.rpc that stand for a status of HTTP. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 8, 415: 3, 429: 8, 503: 14 };

/** OTLP over HTTP: what OpenTelemetry's SDKs and its Collector send logs with. */
export class OtlpEndpoint implements HttpEndpoint {
  readonly #events: EventIntake;
  readonly #sink: Sink;

  constructor(events: EventIntake, sink: Sink) {
    this.#events = events;
    this.#sink = sink;
  }

  takes(_method: string, path: string): boolean {
    return path === PATH;
  }

  async answer(call: HttpCall): Promise<HttpAnswer> {
    if (call.method !== 'POST') throw new HttpRefusal(405, 'method-not-allowed', `${PATH} is for POST.`);
    const encoding = encodingOf(call.headers['content-type']);
    if (encoding === undefined) {
      throw new HttpRefusal(415, 'unknown-type', `Content-Type must be ${PROTOBUF} or application/json.`);
    }
    const body = await call.body();
    const records = recordsOf(body, encoding);
    const batch = this.#batchOf(records);
    if (records.length > 0) await this.#sink.take(batch, body.length, idOf(PATH, body));
    return success(encoding, records.length - eventsIn(batch) - batch.excluded, batch.badLines[0]?.reason ?? '');
  }

  refusal({ headers }: Pick<HttpCall, 'headers'>, { message, status }: HttpRefusal): HttpAnswer {
    const code = CODES[status] ?? 2;
    if (encodingOf(headers['content-type']) !== 'protobuf') return json(status, { code, message });
    return { status, type: PROTOBUF, body: protobufStatus(code, message) };
  }

  #batchOf(records: readonly OtlpLogRecord[]): EventBatch {
    const now = Date.now();
    const parts: EventBatch[] = [];
    for (const record of records) {
      const { body, severityNumber, severityText } = record;
      // A collector that reads files sends lines as they are, of no severity: the line itself says what it is.
      if (severityNumber === 0 && severityText === '' && typeof body === 'string' && body !== '') {
        if (this.#events.size > 0) parts.push(this.#events.take());
        const line = this.#readLine(body, record.resource['service.name']);
        if (line !== undefined) {
          parts.push(line);
          continue;
        }
      }
      this.#events.addFields(serviceFieldsOf(record, now), textOf(body), SOURCE);
    }
    return together([...parts, this.#events.take()]);
  }

  /** Undefined for what is no line of a format that is known. */
  #readLine(line: string, service: AnyValue | undefined): EventBatch | undefined {
    this.#events.addLine(line, SOURCE);
    const read = this.#events.take();
    if (eventsIn(read) + read.excluded === 0) return undefined;
    if (typeof service !== 'string') return read;
    const serviceLogs = read.serviceLogs.map((log) => (log.service === UNKNOWN_SERVICE ? { ...log, service } : log));
    return { ...read, serviceLogs };
  }
}

type Encoding = 'protobuf' | 'json';

function encodingOf(contentType = ''): Encoding | undefined {
  switch (contentType.split(';', 1)[0]?.trim().toLowerCase()) {
    case PROTOBUF:
    case 'application/protobuf':
      return 'protobuf';
    case 'application/json':
      return 'json';
  }
  return undefined;
}

/** @throws HttpRefusal 400 */
function recordsOf(body: Buffer, encoding: Encoding): OtlpLogRecord[] {
  try {
    return encoding === 'protobuf' ? readProtobufLogs(body) : readJsonLogs(body.toString());
  } catch (cause) {
    if (!(cause instanceof OtlpError)) throw cause;
    throw new HttpRefusal(400, 'damaged-body', cause.message.slice(0, LONGEST_REASON), undefined, { cause });
  }
}

function success(encoding: Encoding, refused: number, reason: string): HttpAnswer {
  const message = reason.slice(0, LONGEST_REASON);
  if (encoding === 'protobuf') return { status: 200, type: PROTOBUF, body: protobufResponse(refused, message) };
  return json(
    200,
    refused === 0 ? {} : { partialSuccess: { rejectedLogRecords: String(refused), errorMessage: message } },
  );
}

function textOf(body: AnyValue): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}
