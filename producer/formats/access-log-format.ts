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
  /** The machine. */
  server: unknown = undefined;
  country: unknown = undefined;
  /** Of the response's body. */
  bytes: unknown = undefined;
  /** Fields that the line can be understood to say in two ways. */
  ambiguous: readonly RequestField[] | undefined = undefined;
}

export type RequestField = Exclude<keyof RequestFields, 'ambiguous'>;

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

/** How the lines of a log are written. The time to read one grows no faster than its length, whatever it holds. */
export interface AccessLogFormat {
  read(line: string): RequestFields | LineRefusal;
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
