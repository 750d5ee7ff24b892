/**
 * What a line says of a request, as texts or, from JSON, as whatever stands there: each use checks what it finds. Every
 * format gives it under these names, whatever its own are. What the line does not say is undefined.
 */
export class RequestFields {
  /** The address that was connected from. */
  client: unknown = undefined;
  /** What proxies say of the client: X-Forwarded-For, X-Real-IP, or the header that was chosen. */
  forwarded: unknown = undefined;
  time: unknown = undefined;
  /** The request line; its first word is the method. */
  request: unknown = undefined;
  method: unknown = undefined;
  /** What was asked for, where it stands apart from the request line. */
  path: unknown = undefined;
  status: unknown = undefined;
  /** Seconds. */
  requestTime: unknown = undefined;
  host: unknown = undefined;
  /** The host is what the Host header said, which a URL as the request's target counts more than (RFC 9112, 3.2.2). */
  isHostHeader = false;
  /** The machine. */
  server: unknown = undefined;
  country: unknown = undefined;
  /** Of the response's body. */
  bytes: unknown = undefined;
  /** What stands behind the path's question mark, where it stands apart. */
  query: unknown = undefined;
  userAgent: unknown = undefined;
  referrer: unknown = undefined;
  /** Who was signed in. */
  user: unknown = undefined;
  /** Seconds that backends took; of several, a list with commas, or their sum. */
  upstreamTime: unknown = undefined;
  /** HTTP/1.1 and the like, where it stands apart from the request line. */
  protocol: unknown = undefined;
  /** TLSv1.3 and the like. */
  tls: unknown = undefined;
  requestId: unknown = undefined;
  /** Fields that the line can be understood to say in two ways. */
  ambiguous: readonly RequestField[] | undefined = undefined;
}

export type RequestField = Exclude<keyof RequestFields, 'ambiguous' | 'isHostHeader'>;

/** What a line says of something that a service did, under the same rules. */
export class ServiceFields {
  time: unknown = undefined;
  service: unknown = undefined;
  /** A word such as `warn`; where it is none, what it is is seen by the message's beginning. */
  level: unknown = undefined;
  message: unknown = undefined;
  /** Milliseconds. */
  responseTime: unknown = undefined;
  endpoint: unknown = undefined;
  method: unknown = undefined;
  status: unknown = undefined;
  user: unknown = undefined;
  session: unknown = undefined;
  requestId: unknown = undefined;
  ip: unknown = undefined;
  bytes: unknown = undefined;
  /** The machine, or the instance. */
  source: unknown = undefined;
  traceId: unknown = undefined;
  spanId: unknown = undefined;
  /** Whatever else it says, by names with dots. */
  attributes: Record<string, unknown> | undefined = undefined;
}

/** What a line says that a sensor read, under the same rules. */
export class ReadingFields {
  sensor: unknown = undefined;
  time: unknown = undefined;
  /** Degrees Celsius. */
  temperature: unknown = undefined;
  pressure: unknown = undefined;
  /** Of any other quantity. */
  value: unknown = undefined;
  /** What the value is of: it is a sensor of its own, of the sensor's name and this. */
  quantity: string | undefined = undefined;
  /** What else the line says of the same time: each is a reading of its own. */
  more: readonly ReadingFields[] | undefined = undefined;
}

/** What a line says, of one of the three kinds of events. */
export type LineFields = RequestFields | ServiceFields | ReadingFields;

/** More of the message before it: the next line of a stack trace. */
export class Continuation {
  constructor(readonly text: string) {}
}

/** A line of which the rest is in a line that follows: what is between is one record. */
export const UNFINISHED = Symbol('unfinished');

/** A line that says how others are written, or nothing. */
export const NO_RECORD = Symbol('no record');

export type LineOutcome = LineFields | LineRefusal | Continuation | typeof UNFINISHED | typeof NO_RECORD;

export type RefusalCode =
  | 'not-in-format'
  | 'not-json'
  | 'nested-too-deep'
  | 'ambiguous-line'
  | 'line-too-long'
  | 'missing-field'
  | 'wrong-client'
  | 'wrong-timestamp'
  | 'timestamp-in-future'
  | 'continues-nothing'
  | 'no-measurement'
  | 'unreadable';

/** Why a line cannot be used. It is no error: to make one would cost more than to read the line. */
export class LineRefusal {
  constructor(
    /** A word that stays the same. */
    readonly code: RefusalCode,
    readonly message: string,
  ) {}

  /** The word, a colon, and what is wrong. */
  get reason(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** Puts together records that are spread over several lines. */
export interface SpreadLines {
  /** Whether a record has begun that is not whole yet. */
  readonly isOpen: boolean;
  /**
   * @returns undefined for a line that is no part of such a record; the records that are whole with it, none where it goes
   *   on; where it turns out that there is no record, the lines that were kept for it, as one text, and this one
   */
  add(line: string): readonly string[] | undefined;
  /** What was kept, which is no whole record. */
  end(): string[];
}

/** How the lines of a log are written. The time to read one grows no faster than its length, whatever it holds. */
export interface LineFormat {
  read(line: string): LineOutcome;
  /** Of what `forText` gives: records that go on in the next line, which are to be put together before they are read. */
  readonly spread?: SpreadLines | undefined;
  /**
   * Where lines hang on those before them, as on a header: a format for the lines of one text, which is to be used from
   * there on. Without it one format reads any number of texts.
   *
   * @param head how the text begins, where reading goes on behind it
   * @param name what the text is called
   */
  forText?(head: string, name?: string): LineFormat;
}

/** The header or variable, such as `http_x_forwarded_for`, that names the client where proxies stand before the server. */
export const FORWARDED_FOR = 'http_x_forwarded_for';

/** Whether a text says anything: servers write `-`, or nothing, for what there is not. */
export function says(text: unknown): boolean {
  return text !== undefined && text !== null && text !== '' && text !== '-';
}

const LONGEST_SHOWN = 80;

/** A value for a message: short, on one line, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const quoted = JSON.stringify(value.length > LONGEST_SHOWN ? value.slice(0, LONGEST_SHOWN) : value);
    return value.length > LONGEST_SHOWN ? `${quoted}…` : quoted;
  }
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
