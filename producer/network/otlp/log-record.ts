import { MillraceError } from '@millrace/streams';
/** A value of OpenTelemetry's `AnyValue`; bytes are base64. */
export type AnyValue = string | number | boolean | null | readonly AnyValue[] | { readonly [key: string]: AnyValue };

export type Attributes = { readonly [key: string]: AnyValue };

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** A log record as OTLP has it, in whichever of its two encodings it came. */
export interface OtlpLogRecord {
  /** When it happened, in milliseconds since the epoch; else when it was first seen; 0 where neither is known. */
  timeMs: number;
  /** 1 to 24; 0 where there is none. */
  severityNumber: number;
  severityText: string;
  body: AnyValue;
  attributes: Attributes;
  /** Hexadecimal; empty where there is none. */
  traceId: string;
  spanId: string;
  eventName: string;
  /** Of the service that logged it. */
  resource: Attributes;
  /** What in the service logged it, such as a logger's name. */
  scope: string;
}

/** A body that is no OTLP request. */
export class OtlpError extends MillraceError<'OTLP_BODY'> {
  constructor(message: string, options?: ErrorOptions) {
    super('OTLP_BODY', message, options);
  }
}

/** Deeper values are left out: what can be sent must not exhaust the stack. */
export const MAX_DEPTH = 32;
