import type { AccessLog, SensorReading, ServiceLog } from '../schemas/records.js';
import { EventClock } from './event-clock.js';
import { type LineFields, type LineRefusal, RequestFields, ServiceFields } from './formats/line-format.js';
import { OddFieldCounts } from './odd-fields.js';
import { readingOf } from './reading-builder.js';
import { RequestBuilder, type RequestDefaults } from './request-builder.js';
import { type ServiceDefaults, ServiceLogBuilder } from './service-log-builder.js';

export interface EventDefaults extends RequestDefaults, ServiceDefaults {
  /** Times further ahead of the clock than this are wrong. */
  readonly maxFutureMs: number;
}

/** What a line becomes. */
export type SourceEvent = AccessLog | ServiceLog | SensorReading;

export function isRequest(event: SourceEvent): event is AccessLog {
  return 'client_ip' in event;
}

export function isServiceLog(event: SourceEvent): event is ServiceLog {
  return 'service' in event;
}

/** Makes events of what lines say, of the three kinds. */
export class EventBuilder {
  readonly oddFields: OddFieldCounts;
  readonly #clock: EventClock;
  readonly #requests: RequestBuilder;
  readonly #serviceLogs: ServiceLogBuilder;

  /** @throws ProducerError CLIENT_FROM */
  constructor(defaults: EventDefaults, oddFields = new OddFieldCounts()) {
    this.oddFields = oddFields;
    this.#clock = new EventClock(defaults.maxFutureMs);
    this.#requests = new RequestBuilder(defaults, this.#clock, oddFields);
    this.#serviceLogs = new ServiceLogBuilder(defaults, this.#clock, oddFields);
  }

  /** Whether the line is one of those that are to be left out. */
  excludes(fields: LineFields): boolean {
    return fields instanceof RequestFields && this.#requests.excludes(fields);
  }

  build(fields: RequestFields): AccessLog | LineRefusal;
  build(fields: LineFields): SourceEvent | LineRefusal;
  build(fields: LineFields): SourceEvent | LineRefusal {
    if (fields instanceof RequestFields) return this.#requests.build(fields);
    if (fields instanceof ServiceFields) return this.#serviceLogs.build(fields);
    return readingOf(fields, this.#clock, this.oddFields);
  }
}
