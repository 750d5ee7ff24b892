import { inEnglish } from '../month-names.js';
import { jsonObject, messageIn } from './json.js';
import { levelOf, syslogLevel } from './levels.js';
import {
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  ReadingFields,
  RequestFields,
  ServiceFields,
  type SpreadLines,
  UNFINISHED,
} from './line-format.js';
import { PartialLines } from './partial-lines.js';

/** A line that another program has put something of its own before, or around. */
export interface Wrapped {
  readonly line: string;
  /** The machine, where the wrapper names it. */
  readonly server?: string | undefined;
  readonly time?: string | undefined;
  /** The program. */
  readonly service?: string | undefined;
  readonly level?: string | undefined;
  /** What a reading in it is of, where it names none. */
  readonly sensor?: string | undefined;
  /** Of a container: standard output or standard error. */
  readonly stream?: string | undefined;
  /** The line goes on in the next one of its stream. */
  readonly isPart?: boolean;
}

const ISO_TIME = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?(?:Z|[+-]\\d{2}:?\\d{2})';
const CLOCK = '\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?';
const MONTH_TIME = '[A-Z][a-z]{2} [ \\d]\\d (?:\\d{4} )?\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?';
const PRIORITY = '(?:<(?<priority>\\d{1,3})>)?';
const TAG = '(?!(?:CEF|LEEF):\\d)(?<service>[^\\s:[\\]]{1,64})(?:\\[\\d{1,10}\\])?:';
const HOST = '(?<server>[^\\s:]{1,255}|[\\da-fA-F:.]{2,45})';
/** How the journal is shown where months have names of another language. */
const LOCAL_SYSLOG = /^(?![A-Z][a-z]{2} )\p{L}{3,6}\.? [ \d]\d \d{2}:\d{2}:\d{2} /u;
/** Docker cuts lines at so many bytes. */
const DOCKER_PART = 16_000;

/** Each takes what stands before the line. */
const PREFIXES: readonly RegExp[] = [
  // Kubernetes' containers.
  new RegExp(`^(?<time>${ISO_TIME}) (?<stream>stdout|stderr) (?<part>[FP])(?::[\\w:]*)? `),
  // syslog as RFC 5424 has it: version, time, machine, application, process, message, structured data.
  /^<(?<priority>\d{1,3})>\d{1,2} (?<time>\S{1,64}) (?<server>\S{1,255}) (?<service>\S{1,48}) \S{1,128} \S{1,32} (?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*")*\])+) ?\ufeff?/,
  // Heroku's drains leave out the structured data.
  /^<(?<priority>\d{1,3})>1 (?<time>\S{1,64}) \S{1,255} (?:heroku|app) (?<service>[\w-]{1,64})(?:\.\S{1,64})? - (?!-)/,
  // `heroku logs`: the process type is the service, and which of them the instance.
  new RegExp(`^(?<time>${ISO_TIME}) (?:heroku|app)\\[(?<server>(?<service>[\\w-]{1,64})(?:\\.[\\w-]{1,64})?)\\]: `),
  // syslog as RFC 3164 has it, in files without a priority.
  new RegExp(`^${PRIORITY}(?<time>${MONTH_TIME}) (?:${HOST} )?${TAG} ?`),
  // Events in CEF and LEEF, which stand where a program's name would.
  new RegExp(`^${PRIORITY}(?<time>${MONTH_TIME}|${ISO_TIME}) (?:${HOST} )?(?=(?:CEF|LEEF):\\d)`),
  // journalctl -o short-full and -o short-unix.
  new RegExp(`^[A-Z][a-z]{2} (?<time>\\d{4}-\\d{2}-\\d{2} ${CLOCK} [A-Z]{3,5}) ${HOST} ${TAG} ?`),
  new RegExp(`^(?<time>1\\d{9}\\.\\d{6}) ${HOST} ${TAG} ?`),
  // What mosquitto_sub prints of a message in JSON: its time, its topic, itself.
  new RegExp(`^(?<time>${ISO_TIME}) (?<topic>[\\w./-]{1,255}) (?=\\{")`),
  // rsyslog's files.
  new RegExp(`^${PRIORITY}(?<time>${ISO_TIME}) ${HOST} ${TAG} ?`),
  // Cisco's switches, which count their messages, and its firewalls.
  new RegExp(
    `^<(?<priority>\\d{1,3})>(?:\\d{1,10}: )?(?:(?<server>[\\w.-]{1,255}): )?[*.]?(?<time>${MONTH_TIME})(?: [A-Z]{3,5})?: (?=%(?<service>\\w{1,32})-)`,
  ),
  new RegExp(`^${PRIORITY}(?<time>${MONTH_TIME}) (?<server>[\\w.-]{1,255}) ?: (?=%(?<service>\\w{1,32})-)`),
  // What AWS prints of a function's log: time, stream, line.
  new RegExp(`^(?<time>${ISO_TIME}) (?<server>\\d{4}/\\d{2}/\\d{2}/\\[[^\\]\\s]{1,16}\\]\\w{1,64}) `),
  // A file's name before a line that begins with a time, as grep and some collections have it.
  /^(?<service>[A-Za-z][\w-]{0,63}?)\.log(?:[.-][\w.:-]{1,64})?(?: |:(?:\d{1,10}:)?)(?=\d{4}-\d{2}-\d{2}[ T]\d{2}:)/,
  // What kubectl prints with --timestamps before a line in JSON; and syslog that says nothing but how grave a line is.
  new RegExp(`^(?<time>${ISO_TIME}) (?=\\{")`),
  /^<(?<priority>\d{1,3})>(?=[^\s<>])/,
  // What kubectl prints with --timestamps.
  new RegExp(`^(?<time>${ISO_TIME}) (?=\\S)`),
  // docker compose logs.
  /^(?<service>[\w.-]{1,128}) +\| /,
];
/** The wrappers that cannot be meant as anything else. */
const SURE = PREFIXES.slice(0, -2);
const MAX_WRAPPERS = 3;

/** What stands inside a wrapper; undefined where there is none. @param isSure only in one that can be nothing else */
export function unwrapped(given: string, isSure = false): Wrapped | undefined {
  const line = LOCAL_SYSLOG.test(given) ? (inEnglish(given) ?? given) : given;
  for (const prefix of isSure ? SURE : PREFIXES) {
    const match = prefix.exec(line);
    if (match === null) continue;
    const { part, priority, server, service, stream, time, topic } = match.groups ?? {};
    // `2024-03-07T11:05:01Z INFO main: …` is a line of a service's own.
    if (server !== undefined && levelOf(server) !== undefined) continue;
    return {
      line: line.slice(match[0].length),
      server: said(server),
      time,
      service: said(service),
      stream,
      isPart: part === 'P',
      sensor: topic
        ?.replace(/\/(?:SENSOR|STATE)$/, '')
        .split('/')
        .at(-1),
      level: priority === undefined ? undefined : syslogLevel(Number(priority) % 8),
    };
  }
  return undefined;
}

function said(text: string | undefined): string | undefined {
  return text === '-' || text === '' ? undefined : text;
}

/** What Docker's json-file has around a line. */
export function dockerLine(object: object): Wrapped | undefined {
  const { log, stream, time } = object as Record<string, unknown>;
  if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string') return undefined;
  return { line: log.trimEnd(), time, stream, isPart: log.length >= DOCKER_PART && !log.endsWith('\n') };
}

/** A line that says nothing of itself, by what its wrapper says. */
export function wrappedService({ level, line, server, service, time }: Wrapped): ServiceFields {
  const fields = new ServiceFields();
  fields.time = time;
  fields.level = level;
  fields.service = service;
  fields.source = server;
  fields.message = line;
  return fields;
}

/** Gives what a wrapper says to what stands in it. */
export function completed(outcome: LineOutcome, { level, sensor, server, service, time }: Wrapped): LineOutcome {
  if (outcome instanceof RequestFields) {
    outcome.server ??= server;
    outcome.time ??= time;
  } else if (outcome instanceof ServiceFields) {
    outcome.time ??= time;
    outcome.source ??= server;
    outcome.service ??= service;
    outcome.level ??= level;
  } else if (outcome instanceof ReadingFields) {
    for (const reading of [outcome, ...(outcome.more ?? [])]) {
      reading.time ??= time;
      reading.sensor ??= sensor;
    }
  }
  return outcome;
}

/** Reads lines as they are or, where they are not in the format, what Docker, Kubernetes, syslog or a shipper wrapped. */
export class UnwrappingFormat implements LineFormat {
  readonly #format: LineFormat;
  readonly #parts = new PartialLines();

  constructor(format: LineFormat) {
    this.#format = format;
  }

  forText(head: string, name?: string): LineFormat {
    return new UnwrappingFormat(this.#format.forText?.(head, name) ?? this.#format);
  }

  get spread(): SpreadLines | undefined {
    return this.#format.spread;
  }

  read(line: string): LineOutcome {
    let outcome = this.#format.read(line);
    let inner = line;
    const wrappers: Wrapped[] = [];
    while (outcome instanceof LineRefusal && wrappers.length < MAX_WRAPPERS) {
      const wrapped = insideOf(inner);
      if (wrapped === undefined) return outcome;
      const whole = this.#parts.join(wrapped.stream ?? '', wrapped.line, wrapped.isPart ?? false);
      if (whole === undefined) return UNFINISHED;
      wrappers.push(wrapped);
      inner = whole;
      outcome = this.#format.read(inner);
    }
    for (const wrapped of wrappers) completed(outcome, wrapped);
    return outcome;
  }
}

function insideOf(line: string): Wrapped | undefined {
  if (!line.startsWith('{')) return unwrapped(line);
  const object = jsonObject(line);
  if (object instanceof LineRefusal) return undefined;
  const docker = dockerLine(object);
  if (docker !== undefined) return docker;
  const message = messageIn(object);
  return message === undefined ? undefined : { line: message };
}
