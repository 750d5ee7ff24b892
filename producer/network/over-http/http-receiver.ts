import type { IncomingMessage } from 'node:http';
import { LogError } from '@millrace/streams';
import { ProducerError } from '../../producer-error.js';
import { BodyReader } from './body.js';
import { type HttpAnswer, type HttpCall, type HttpEndpoint, HttpRefusal } from './http-call.js';
import type { ReceiveQuota } from './quota.js';

/** Lets a sender in, or says why not. @throws HttpRefusal 401, 403 */
export type Admit = (request: IncomingMessage) => Promise<void>;

const AFTER_A_MOMENT_S = 1;
const AFTER_A_WHILE_S = 5;

/** Takes events over HTTP in the protocols that there are endpoints for. An answer is given when what was sent is durable. */
export class HttpReceiver {
  readonly #endpoints: readonly HttpEndpoint[];
  readonly #bodies = new BodyReader();
  readonly #quota: ReceiveQuota | undefined;

  constructor(endpoints: readonly HttpEndpoint[], quota?: ReceiveQuota) {
    this.#endpoints = endpoints;
    this.#quota = quota;
  }

  takes(method: string, path: string): boolean {
    return this.#endpoints.some((endpoint) => endpoint.takes(method, path));
  }

  /**
   * @param request whose body has not been read
   * @returns undefined when nobody takes it
   * @throws what is no fault of the sender's, and passes by no waiting
   */
  async answer(request: IncomingMessage, admit: Admit): Promise<HttpAnswer | undefined> {
    const { headers, method = 'GET', url = '/' } = request;
    const { pathname: path, searchParams: query } = new URL(url, 'http://localhost');
    const endpoint = this.#endpoints.find((one) => one.takes(method, path));
    if (endpoint === undefined) return undefined;
    const body = this.#bodies.body(request);
    const read = async () => {
      this.#quota?.require();
      const all = await body.read();
      this.#quota?.spendBytes(all.length);
      return all;
    };
    const call: HttpCall = { method, path, query, headers, body: read };
    try {
      await admit(request);
      return await endpoint.answer(call);
    } catch (error) {
      const refusal = refusalOf(error);
      const { retryAfterSeconds, status } = refusal;
      const { headers: own, ...answer } = endpoint.refusal(call, refusal);
      return {
        ...answer,
        headers: {
          ...own,
          ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
          ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="millrace", Bearer' } : {}),
        },
      };
    } finally {
      body.release();
    }
  }
}

/** @throws what is no refusal */
function refusalOf(error: unknown): HttpRefusal {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof ProducerError && error.code === 'QUEUE_FULL') {
    return new HttpRefusal(429, 'too-much', error.message, AFTER_A_MOMENT_S, { cause: error });
  }
  const isAway = error instanceof LogError || (error instanceof ProducerError && error.code === 'QUEUE_CLOSED');
  if (!isAway) throw error;
  return new HttpRefusal(503, 'log-away', 'The log takes nothing now; send it again.', AFTER_A_WHILE_S, {
    cause: error,
  });
}
