import { cloudRequest } from './cloud-requests.js';
import { isObject, type Members } from './members.js';
import { suricataEvent } from './security-events.js';
import { windowsEvent } from './windows-events.js';

/** MongoDB's letters; debug has a number behind it. */
const MONGO_LEVELS: Readonly<Record<string, string>> = { F: 'fatal', E: 'error', W: 'warning', I: 'info', D: 'debug' };
const PLACEHOLDER = /\{[@$]?([\w.]{1,128})(?:[,:][^}]{0,64})?\}/g;

/**
 * An object in the words of most others, where its own say the same in a way that nobody else has: MongoDB's log, Serilog's
 * two forms, Windows' events, log4j's and Extended JSON's times, and messages that the journal writes as bytes. Undefined for any other.
 *
 * @param times names under which a time may be
 */
export function inCommonWords(object: Members, times: readonly string[]): Members | undefined {
  const request = cloudRequest(object);
  if (request !== undefined) return request;
  const event = windowsEvent(object);
  if (event !== undefined) return event;
  const alarm = suricataEvent(object);
  if (alarm !== undefined) return alarm;
  if ('@t' in object) return compact(object);
  if (typeof object['MessageTemplate'] === 'string') return serilog(object);
  if (Array.isArray(object['MESSAGE'])) return { ...object, MESSAGE: textOf(object['MESSAGE']) };
  const { record, type } = object;
  if (typeof type === 'string' && type.startsWith('platform.') && isObject(record)) return lambda(object, record);
  const instant = log4jTime(object);
  if (instant !== undefined) return { ...object, timestamp: instant, instant: undefined, timeMillis: undefined };
  const time = object['t'];
  if (isObject(time) && '$date' in time && typeof object['s'] === 'string') return mongo(object, time['$date']);
  const dated = times.filter((name) => plainTime(object[name]) !== object[name]);
  if (dated.length === 0) return undefined;
  return { ...object, ...Object.fromEntries(dated.map((name) => [name, plainTime(object[name])])) };
}

/** Of log4j's JsonLayout: milliseconds since the epoch, in older versions as `timeMillis`. */
function log4jTime({ instant, timeMillis }: Members): number | undefined {
  if (typeof timeMillis === 'number') return timeMillis;
  if (!isObject(instant)) return undefined;
  const { epochSecond, nanoOfSecond = 0 } = instant;
  return typeof epochSecond === 'number' ? epochSecond * 1000 + Math.floor(Number(nanoOfSecond) / 1e6) : undefined;
}

/** What AWS's Lambda says of a call of a function. */
function lambda({ time, type }: Members, record: Members): Members {
  const { metrics, requestId, status } = record;
  return {
    ...{ timestamp: time, level: status === undefined || status === 'success' ? 'info' : 'error', message: type },
    ...{ request_id: requestId, duration_ms: isObject(metrics) ? metrics['durationMs'] : undefined, record },
  };
}

/** A time of Extended JSON, `{"$date": …}`, or PHP's, as what it holds. */
function plainTime(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (typeof value['date'] === 'string' && typeof value['timezone'] === 'string') {
    return `${value['date']} ${value['timezone']}`;
  }
  if (!('$date' in value)) return value;
  const date = value['$date'];
  return isObject(date) ? date['$numberLong'] : date;
}

function mongo({ attr, c: logger, ctx, id, msg, s, ...rest }: Members, date: unknown): Members {
  const { t: _, ...others } = rest;
  const level = MONGO_LEVELS[String(s).charAt(0)] ?? 'info';
  const took = isObject(attr) ? attr['durationMillis'] : undefined;
  return {
    ...{ timestamp: plainTime({ $date: date }), level, logger, message: msg, ctx, id, ...others, attr },
    ...(took !== undefined && { duration_ms: took }),
  };
}

/** Compact Log Event Format: what has a level of its own is no information. */
function compact({
  '@l': level = 'info',
  '@m': message,
  '@mt': template,
  '@t': timestamp,
  '@x': stack,
  ...rest
}: Members): Members {
  const { '@i': _, '@r': __, '@tr': trace_id, '@sp': span_id, ...properties } = rest;
  return {
    ...{ timestamp, level, message: message ?? rendered(template, properties) },
    ...(stack === undefined ? {} : { stack_trace: stack }),
    ...(trace_id === undefined ? {} : { trace_id }),
    ...(span_id === undefined ? {} : { span_id }),
    ...properties,
  };
}

function serilog(object: Members): Members {
  const {
    Exception: stack,
    Level: level,
    MessageTemplate: template,
    Properties: held,
    RenderedMessage: message,
  } = object;
  const properties = isObject(held) ? held : {};
  return {
    ...{ timestamp: object['Timestamp'], level, message: message ?? rendered(template, properties) },
    ...(stack === undefined ? {} : { stack_trace: stack }),
    ...properties,
  };
}

function rendered(template: unknown, properties: Members): unknown {
  if (typeof template !== 'string') return template;
  return template.replace(PLACEHOLDER, (whole, name: string) => {
    const value = properties[name];
    return value === undefined ? whole : typeof value === 'string' ? value : JSON.stringify(value);
  });
}

function textOf(bytes: readonly unknown[]): string {
  return Buffer.from(bytes.map(Number)).toString();
}
