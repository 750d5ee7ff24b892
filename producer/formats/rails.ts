import { TimeReader } from '../event-time.js';
import {
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  RequestFields,
  ServiceFields,
  shown,
} from './line-format.js';

/** `Started GET "/cart?id=7" for 203.0.113.5 at 2024-03-07 11:05:01 +0000`. */
const STARTED =
  /^Started (?<method>[A-Z]{3,16}) "(?<path>(?:[^"\\]|\\.)*)" for (?<client>[\da-fA-F.:]{2,45}) at (?<time>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4})$/;
/** `Completed 200 OK in 12ms (Views: 8.1ms | ActiveRecord: 0.5ms)`. */
const COMPLETED = /^Completed (?<status>[1-5]\d\d) .{0,64}?in (?<took>\d[\d.]*)ms\b/;
/** What `config.log_tags` puts before each line of a request: its id, its client, or anything else. */
const TAGS = /^(?:\[[^\]]{1,128}\] )+/;
const REQUEST_ID = /\[([\da-f-]{16,64})\]/;
/** Of the exception that answered a request with an error. */
const EXCEPTION = /^[A-Z]\w*(?:::[A-Z]\w*)* \(.*\):$/;
/** Of Ruby's Logger, whose lines name the process. */
const PROCESS = /^[DIWEFAU], \[\S{1,40} ?#(\d{1,10})\]/;
/** Of more the one is forgotten that started first: some never end. */
const MOST_STARTED = 10_000;

/** So far a request's first line may be from where its last one says that it began, in milliseconds. */
const NEAR_MS = 250;
/** How many times nearer the nearest has to be than the next. */
const NEARER = 5;
/** What the times of lines are exact to, in milliseconds. */
const EXACT_MS = 2;
/** Of one process or tag. */
const MOST_AT_ONCE = 100;

interface Started {
  /** When its first line was written, in milliseconds since the epoch; NaN where lines have no times. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly time: string;
}

/**
 * Finds the two lines that Rails writes of a request, and makes one of them: it begins with who asks for what, and ends
 * with the status and the time it took. The tags before both tie them or, where there are none, the process. Of several
 * requests that a process has begun, it is the one that began when the last line says; what that leaves untied stays as it is.
 */
class StartedRequests {
  readonly #started = new Map<string, Started[]>();

  /** Takes down a request that starts. */
  begin(key: string, message: string, atMs = Number.NaN): Started | undefined {
    const { client, method, path, time } = STARTED.exec(message)?.groups ?? {};
    if (client === undefined || method === undefined || path === undefined || time === undefined) return undefined;
    const started = { atMs, client, method, path, time };
    const others = this.#started.get(key);
    if (others === undefined) this.#started.set(key, [started]);
    else if (others.push(started) > MOST_AT_ONCE) others.shift();
    if (this.#started.size > MOST_STARTED) {
      const [oldest] = this.#started.keys();
      if (oldest !== undefined) this.#started.delete(oldest);
    }
    return started;
  }

  /** The request that a line ends. */
  end(key: string, message: string, atMs = Number.NaN): RequestFields | undefined {
    const { status, took } = COMPLETED.exec(message)?.groups ?? {};
    const open = status === undefined ? undefined : this.#started.get(key);
    if (open === undefined) return undefined;
    const started = open.length === 1 ? open[0] : begunAt(open, atMs - Number(took));
    if (started === undefined || open.length === 1) this.#started.delete(key);
    else open.splice(open.indexOf(started), 1);
    if (started === undefined) return undefined;
    const fields = new RequestFields();
    fields.client = started.client;
    fields.method = started.method;
    fields.path = started.path;
    fields.time = started.time;
    fields.status = status;
    fields.requestTime = Number(took) / 1000;
    return fields;
  }
}

/** The one that began at a time, where no other can be meant. */
function begunAt(open: readonly Started[], ms: number): Started | undefined {
  const [nearest, next] = open
    .map((started) => ({ started, far: Math.abs(started.atMs - ms) }))
    .sort((one, other) => one.far - other.far);
  if (nearest === undefined || next === undefined) return undefined;
  const isClear = nearest.far <= NEAR_MS && next.far >= NEARER * Math.max(nearest.far, EXACT_MS);
  return isClear ? nearest.started : undefined;
}

/** The requests in a text log that Ruby's Logger writes, a time and a process before each line. */
export class RailsRequests {
  readonly #requests = new StartedRequests();
  readonly #times = new TimeReader();

  /** @returns the request that a line ends, as it is known by then; the line itself for all others */
  read(line: string, fields: ServiceFields): RequestFields | ServiceFields {
    const { message, requestId, time } = fields;
    const process = typeof message === 'string' ? PROCESS.exec(line)?.[1] : undefined;
    if (typeof message !== 'string' || process === undefined) return fields;
    const tags = TAGS.exec(message)?.[0] ?? '';
    const said = message.slice(tags.length);
    const key = `${process} ${typeof requestId === 'string' ? requestId : ''} ${tags}`;
    const atMs = this.#times.read(time);
    if (this.#requests.begin(key, said, atMs) !== undefined) return fields;
    const request = this.#requests.end(key, said, atMs);
    if (request === undefined) return fields;
    request.time = time;
    request.requestId = requestId;
    return request;
  }
}

/**
 * Rails' log as it is without a formatter that gives each line a time: in development, and to standard output since
 * Rails 8. Lines between the first and the last of a request are more of the first.
 */
export class RailsFormat implements LineFormat {
  readonly #requests = new StartedRequests();
  /** When the request started that was answered last. */
  #answered: string | undefined;
  /** The last line was the end of a request: nothing goes on behind it. */
  #isClosed = false;

  forText(): RailsFormat {
    return new RailsFormat();
  }

  read(line: string): LineOutcome {
    const tags = TAGS.exec(line)?.[0] ?? '';
    const said = line.slice(tags.length);
    const id = REQUEST_ID.exec(tags)?.[1];
    const started = this.#requests.begin(tags, said);
    if (started !== undefined) return this.#opened(started.time, 'info', said, id);
    const request = this.#requests.end(tags, said);
    if (request !== undefined) {
      request.requestId = id;
      this.#answered = String(request.time);
      this.#isClosed = true;
      return request;
    }
    if (this.#answered !== undefined && EXCEPTION.test(said)) return this.#opened(this.#answered, 'fatal', said, id);
    if (this.#isClosed && tags !== '' && said.trim() === '') return NO_RECORD;
    return new LineRefusal('not-in-format', `neither begins nor ends a request of Rails': ${shown(line)}`);
  }

  #opened(time: string, level: string, message: string, requestId: string | undefined): ServiceFields {
    const fields = new ServiceFields();
    fields.time = time;
    fields.level = level;
    fields.message = message;
    fields.requestId = requestId;
    this.#isClosed = false;
    return fields;
  }
}
