import type { IncomingHttpHeaders } from 'node:http';
import { MillraceError } from '@millrace/streams';

/** A request to one of the endpoints that take events. */
export interface HttpCall {
  readonly method: string;
  /** Below where the endpoint stands, such as `/v1/logs`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The whole body, decompressed. @throws HttpRefusal 400, 413, 415, 429 */
  body(): Promise<Buffer>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What takes events over HTTP, in a protocol of its own. */
export interface HttpEndpoint {
  /** Whether the call is of its protocol. */
  takes(method: string, path: string): boolean;
  /** Answers when what was sent is durable. */
  answer(call: HttpCall): Promise<HttpAnswer>;
  /** Says no in the protocol's own words. */
  refusal(call: Pick<HttpCall, 'headers' | 'path'>, refusal: HttpRefusal): HttpAnswer;
}

/** A request that is not taken; the sender may come again where a time says when. */
export class HttpRefusal extends MillraceError {
  constructor(
    readonly status: number,
    code: string,
    message: string,
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, type: 'application/json', body: JSON.stringify(value), headers };
}
