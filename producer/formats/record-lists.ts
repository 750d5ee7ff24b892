import { isObject, type Members } from './members.js';
import { objectsInRow } from './spread-objects.js';

/** More in one line are refused: each is an event that waits in memory for the others. */
const MAX_RECORDS = 50_000;

const LIST = /^\s*\[\s*(?:\{|\])/;
/** The members that such objects begin with. */
const ENVELOPE =
  /^\s*\{\s*"(?:Records|records|logEvents|messageType|owner|logGroup|logStream|subscriptionFilters)"\s*:/;
const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const LISTS = ['Records', 'records', 'logEvents'] as const;
/** Members in which interfaces have the records that were asked for. */
const ANSWERS = ['data', 'logs', 'events', 'items', 'results', 'entries', 'messages', 'hits', 'value', ...LISTS];
/** The members that may be a list of records. */
export const LIST_NAMES: ReadonlySet<string> = new Set(ANSWERS);

/**
 * The records of a line that holds a list of them, a text each: `[{…},{…}]` as shippers send batches, `{"Records":[…]}` as
 * CloudTrail writes them, `{"logEvents":[…]}` as CloudWatch sends them to subscribers. Undefined for any other line.
 */
export function recordsIn(line: string): string[] | undefined {
  // Nearly all lines are none: this takes them no time.
  const first = line.charCodeAt(0);
  if (first > SPACE && first !== OPEN_BRACE && first !== OPEN_BRACKET) return undefined;
  if (first === OPEN_BRACE ? !ENVELOPE.test(line) : !LIST.test(line) && !ENVELOPE.test(line)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.trimEnd().replace(/,$/, ''));
  } catch {
    return undefined;
  }
  const records = Array.isArray(parsed) ? parsed : heldBy(parsed as Members);
  if (records === undefined || records.length > MAX_RECORDS) return undefined;
  return records.map((record) => JSON.stringify(record));
}

/**
 * The records within a line that is none by itself: objects one behind the other, as Kinesis Firehose writes them, an
 * answer of an interface, `{"data":[…]}`, a request of OTLP's, or a hit of Elasticsearch's. Undefined for any other line.
 */
export function recordsWithin(line: string): string[] | undefined {
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const objects = objectsInRow(text);
    return objects === undefined || objects.length > MAX_RECORDS ? undefined : objects;
  }
  const records = isObject(parsed) ? (exportedIn(parsed) ?? answeredIn(parsed)) : undefined;
  return records === undefined || records.length > MAX_RECORDS
    ? undefined
    : records.map((record) => JSON.stringify(record));
}

/** Those of a request of OTLP's, each with what it was logged by. */
function exportedIn({ resourceLogs }: Members): unknown[] | undefined {
  if (!Array.isArray(resourceLogs)) return undefined;
  return listsIn(resourceLogs, 'scopeLogs').flatMap(({ of: { resource }, list }) =>
    listsIn(list, 'logRecords').flatMap(({ of: { scope }, list: records }) =>
      records.filter(isObject).map((record) => ({ ...record, resource, scope })),
    ),
  );
}

function listsIn(objects: readonly unknown[], name: string): { of: Members; list: readonly unknown[] }[] {
  return objects.filter(isObject).flatMap((of) => (Array.isArray(of[name]) ? { of, list: of[name] } : []));
}

function answeredIn(answer: Members): unknown[] | undefined {
  const source = answer['_source'];
  if (isObject(source)) return [source];
  for (const name of ANSWERS) {
    const held = answer[name];
    if (Array.isArray(held) && held.length > 0 && held.every(isObject)) {
      return held.map((record) => (isObject(record['_source']) ? record['_source'] : record));
    }
    const inner = isObject(held) && name in held ? answeredIn(held) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function heldBy(envelope: Members): unknown[] | undefined {
  // CloudWatch asks with it whether anybody is there.
  if (envelope['messageType'] === 'CONTROL_MESSAGE') return [];
  for (const name of LISTS) {
    const records = envelope[name];
    if (Array.isArray(records) && records.every(isObject)) {
      return records.map((record) => (name === 'logEvents' ? ofLogGroup(record, envelope) : named(record)));
    }
  }
  return undefined;
}

/** `/aws/lambda/orders` is the service orders, and a stream is what one instance of it writes. */
function ofLogGroup(event: Members, { logGroup, logStream }: Members): Members {
  const service = typeof logGroup === 'string' ? logGroup.split('/').findLast((part) => part !== '') : undefined;
  return { ...(service !== undefined && { service }), ...(logStream !== undefined && { source: logStream }), ...event };
}

/** A record of what was done in a cloud has neither a message nor a level. */
function named(record: Members): Members {
  const { errorCode, errorMessage, eventName, eventSource, eventTime, requestID, sourceIPAddress } = record;
  if (typeof eventName !== 'string' || typeof eventSource !== 'string') return record;
  const failure = [errorCode, errorMessage].filter((part) => typeof part === 'string').join(': ');
  return {
    ...{ service: eventSource.replace(/\.amazonaws\.com$/, ''), time: eventTime },
    ...{ level: failure === '' ? 'INFO' : 'ERROR', message: failure === '' ? eventName : `${eventName}: ${failure}` },
    ...(sourceIPAddress !== undefined && { ip: sourceIPAddress }),
    ...(requestID !== undefined && { request_id: requestID }),
    ...record,
  };
}
