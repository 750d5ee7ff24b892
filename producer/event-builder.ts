import type { AccessLog, SensorReading, ServiceLog } from '../schemas/records.js';
import { type ClockOptions, EventClock } from './event-clock.js';
import { type LineFields, type LineRefusal, RequestFields, ServiceFields } from './formats/line-format.js';
import { OddFieldCounts } from './odd-fields.js';
import { NO_PRIVACY, type Privacy } from './privacy.js';
import { readingOf } from './reading-builder.js';
import { RequestBuilder, type RequestDefaults } from './request-builder.js';
import { type ServiceDefaults, ServiceLogBuilder } from './service-log-builder.js';

export interface EventDefaults extends RequestDefaults, ServiceDefaults, ClockOptions {
  /** What identifies people is masked, or left out. */
  readonly privacy?: Privacy;
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
  readonly #defaults: EventDefaults;
  readonly #clock: EventClock;
  readonly #requests: RequestBuilder;
  readonly #serviceLogs: ServiceLogBuilder;
  readonly #privacy: Privacy;

  /**
   * @param likewise one that differs in `service` alone: what it has found out is shared
   * @throws ProducerError CLIENT_FROM, TIME_ZONE
   */
  constructor(defaults: EventDefaults, oddFields = new OddFieldCounts(), likewise?: EventBuilder) {
    this.oddFields = oddFields;
    this.#defaults = defaults;
    this.#privacy = defaults.privacy ?? NO_PRIVACY;
    this.#clock = likewise === undefined ? new EventClock(defaults, oddFields) : likewise.#clock;
    this.#requests = likewise === undefined ? new RequestBuilder(defaults, this.#clock, oddFields) : likewise.#requests;
    this.#serviceLogs = new ServiceLogBuilder(defaults, this.#clock, oddFields);
  }

  /** The same for lines of a service. */
  of(service: string): EventBuilder {
    return new EventBuilder({ ...this.#defaults, service }, this.oddFields, this);
  }

  /** Whether the line is one of those that are to be left out. */
  excludes(fields: LineFields): boolean {
    return fields instanceof RequestFields && this.#requests.excludes(fields);
  }

  build(fields: RequestFields): AccessLog | LineRefusal;
  build(fields: LineFields): SourceEvent | LineRefusal;
  build(fields: LineFields): SourceEvent | LineRefusal {
    if (fields instanceof RequestFields) return this.#privacy.request(this.#requests.build(fields));
    if (fields instanceof ServiceFields) return this.#privacy.serviceLog(this.#serviceLogs.build(fields));
    return readingOf(fields, this.#clock, this.oddFields, this.#defaults.service);
  }
}
