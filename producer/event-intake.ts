import type { AccessLog, SensorReading, ServiceLog } from '../schemas/records.js';
import { DateOrder } from './date-order.js';
import { EventBuilder, type EventDefaults, isRequest, isServiceLog } from './event-builder.js';
import {
  Continuation,
  type LineFields,
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ServiceFields,
  says,
  UNFINISHED,
} from './formats/line-format.js';
import { readLine } from './formats/read-line.js';
import type { BadLine } from './line-reader.js';
import type { EventBatch } from './log-source.js';
import { furtherReadings } from './reading-builder.js';

const KEPT_BAD_CHARACTERS = 65_536;
const KEPT_REASON = 200;
/** So many lines show how dates are written. */
const SHOWING_LINES = 200;

/**
 * Makes events of what comes by itself, in messages and not in files: lines of any format, or fields that a protocol
 * names. What came together is taken together, as a batch to be written in one transaction.
 */
export class EventIntake {
  readonly #builder: EventBuilder;
  readonly #format: LineFormat;
  #requests: AccessLog[] = [];
  #serviceLogs: ServiceLog[] = [];
  #readings: SensorReading[] = [];
  #badLines: BadLine[] = [];
  #excluded = 0;
  #lines = 0;
  /** Of the text that is being taken. */
  #dates: DateOrder | undefined;
  /** A service's line that the next may be more of, and where it came from. */
  #open: { readonly fields: ServiceFields; readonly line: string; readonly source: string } | undefined;

  /**
   * @param format of lines; it is this intake's own from here on
   * @param name what the lines come in, such as a topic
   */
  constructor(format: LineFormat, defaults: EventDefaults, name?: string) {
    this.#format = format.forText?.('', name) ?? format;
    this.#builder = new EventBuilder(defaults);
  }

  /** How many events and bad lines wait to be taken. */
  get size(): number {
    return this.#requests.length + this.#serviceLogs.length + this.#readings.length + this.#badLines.length;
  }

  /** Lines that are one text, in which a record may be spread over several. */
  addLines(lines: readonly string[], source: string): void {
    this.#dates = DateOrder.of(lines.slice(0, SHOWING_LINES).join('\n'));
    for (const line of lines) {
      for (const record of this.#format.spread?.add(line) ?? [line]) this.addLine(record, source);
    }
    for (const kept of this.#format.spread?.end() ?? []) this.addLine(kept, source);
    this.#close();
    this.#dates = undefined;
  }

  /**
   * @param source who sent it, for what cannot be used
   * @param arrivedAt in milliseconds since the epoch: of what says no time, as it may in syslog, that is when it was
   */
  addLine(line: string, source: string, arrivedAt?: number): void {
    this.#lines++;
    if (line.trim() === '') return;
    const outcome = this.#outcomeOf(() => readLine(this.#format, line));
    if (!isList(outcome)) {
      if (arrivedAt !== undefined && outcome instanceof ServiceFields && !says(outcome.time)) {
        outcome.time = arrivedAt;
        this.#builder.oddFields.add('time', 'none, taken for that of arrival');
      }
      this.#addOutcome(outcome, line, source);
      return;
    }
    this.#close();
    for (const record of outcome)
      this.#addOutcome(
        this.#outcomeOf(() => this.#format.read(record)),
        record,
        source,
      );
  }

  /** Whatever goes wrong with a line is that line's. */
  #outcomeOf<Outcome>(read: () => Outcome): Outcome | LineRefusal {
    try {
      return read();
    } catch (error) {
      return new LineRefusal('unreadable', String(error).slice(0, KEPT_REASON));
    }
  }

  #addOutcome(outcome: LineOutcome, line: string, source: string): void {
    if (outcome === UNFINISHED || outcome === NO_RECORD) return;
    if (outcome instanceof Continuation && this.#open?.source === source) {
      const { fields } = this.#open;
      const message = typeof fields.message === 'string' ? fields.message : '';
      if (message.length < KEPT_BAD_CHARACTERS) fields.message = `${message}\n${outcome.text}`;
      return;
    }
    this.#close();
    if (outcome instanceof Continuation) {
      this.refuse(line, source, 'continues-nothing: it looks like more of a message, and none is before it');
    } else if (outcome instanceof LineRefusal) this.refuse(line, source, outcome.reason);
    else if (outcome instanceof ServiceFields) this.#open = { fields: outcome, line, source };
    else this.addFields(outcome, line, source);
  }

  /** @param text what it came in, for the dead letters */
  addFields(fields: LineFields, text: string, source: string): void {
    let event: ReturnType<EventBuilder['build']> | LineRefusal;
    try {
      this.#dates?.apply(fields, this.#builder.oddFields);
      if (this.#builder.excludes(fields)) {
        this.#excluded++;
        return;
      }
      event = this.#builder.build(fields);
    } catch (error) {
      event = new LineRefusal('unreadable', String(error).slice(0, KEPT_REASON));
    }
    if (event instanceof LineRefusal) this.refuse(text, source, event.reason);
    else if (isRequest(event)) this.#requests.push(event);
    else if (isServiceLog(event)) this.#serviceLogs.push(event);
    else {
      this.#readings.push(event);
      for (const reading of furtherReadings(fields, event.timestamp)) this.addFields(reading, text, source);
    }
  }

  /** @param reason a word that stays the same, a colon, and what is wrong */
  refuse(text: string, source: string, reason: string): void {
    const bytes = Buffer.from(text.slice(0, KEPT_BAD_CHARACTERS));
    const length = text.length > KEPT_BAD_CHARACTERS ? Buffer.byteLength(text) : bytes.length;
    this.#badLines.push({ reason, source, line: this.#lines, bytes, length });
  }

  /** All that has come since the last time. */
  take(): EventBatch {
    this.#close();
    const batch = {
      events: this.#requests,
      serviceLogs: this.#serviceLogs,
      readings: this.#readings,
      badLines: this.#badLines,
      oddFields: this.#builder.oddFields.take(),
      excluded: this.#excluded,
    };
    this.#requests = [];
    this.#serviceLogs = [];
    this.#readings = [];
    this.#badLines = [];
    this.#excluded = 0;
    return batch;
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.addFields(open.fields, open.line, open.source);
  }
}

function isList(outcome: LineOutcome | readonly string[]): outcome is readonly string[] {
  return Array.isArray(outcome);
}
