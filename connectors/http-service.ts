import pRetry from 'p-retry';
import { z } from 'zod';
import { ConnectorError } from './connector-error.js';

const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 2000;
const SHOWN_CHARACTERS = 300;
/** A rebalance takes a moment after each change: only one that takes longer is worth a word. */
const BUSY_ATTEMPTS = 4;

export interface HttpServiceOptions {
  readonly url: string;
  /** How it is named in messages. */
  readonly name: string;
  /** How long to try again while it is away or busy. */
  readonly waitMs: number;
  /** Called once, when it is away or stays busy. */
  readonly onWait?: ((why: string) => void) | undefined;
  /** The header of that name. Default: by the credentials in the URL. */
  readonly authorization?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface RequestOptions {
  /** Sent as JSON, unless it is a form. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers, and not errors, beside 2xx. */
  readonly allow?: readonly number[];
  /** Leaves the request; its reason is thrown then. */
  readonly signal?: AbortSignal;
  /** How long one may take. Default 30,000 ms. */
  readonly timeoutMs?: number;
}

/** What services say of an error: Connect, Elasticsearch and InfluxDB each in its own way. */
const complaint = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ error: z.object({ reason: z.string() }) }).transform(({ error }) => error.reason),
]);

/** A service with a JSON API that may be starting: requests are tried again for a time. */
export class HttpService {
  readonly #options: HttpServiceOptions;
  readonly #base: URL;
  readonly #authorization: string | undefined;
  #saidWaiting = false;

  constructor(options: HttpServiceOptions) {
    this.#options = options;
    this.#base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
    this.#authorization = options.authorization;
    const { username, password } = this.#base;
    if (username !== '') {
      const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.#authorization ??= `Basic ${Buffer.from(credentials).toString('base64')}`;
      // fetch refuses URLs with credentials.
      this.#base.username = '';
      this.#base.password = '';
    }
  }

  /** Its address, without credentials. */
  get address(): string {
    return this.#base.href.replace(/\/$/, '');
  }

  /** @throws ConnectorError SERVICE_AWAY, SERVICE_BUSY, SERVICE_REFUSED */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return pRetry(() => this.#requestOnce(method, path, options), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: RETRY_MIN_MS,
      maxTimeout: RETRY_MAX_MS,
      maxRetryTime: this.#options.waitMs,
      shouldRetry: ({ error }) => error instanceof ConnectorError && error.code !== 'SERVICE_REFUSED',
      onFailedAttempt: ({ attemptNumber, error }) => {
        if (this.#saidWaiting || this.#options.waitMs === 0 || !(error instanceof ConnectorError)) return;
        const worthSaying =
          error.code === 'SERVICE_AWAY' || (error.code === 'SERVICE_BUSY' && attemptNumber > BUSY_ATTEMPTS);
        if (!worthSaying) return;
        this.#saidWaiting = true;
        this.#options.onWait?.(error.message);
      },
    });
  }

  async #requestOnce(method: string, path: string, options: RequestOptions): Promise<Answer> {
    const { allow = [], body, headers, signal, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    const { name } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers: {
          accept: 'application/json',
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
          ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      throw new ConnectorError('SERVICE_AWAY', `${name} does not answer at ${this.address} (${networkError(cause)})`, {
        cause,
      });
    }
    const { status } = response;
    const answer = { status, body: parse(text) };
    if (response.ok || allow.includes(status)) return answer;
    const said = complaint.safeParse(answer.body);
    const why = `${method} ${path.split('?')[0]} → HTTP ${status}: ${said.success ? said.data : shorten(text)}`;
    // 409 is Connect's for "a rebalance is in progress".
    if (status === 409 || status === 429 || status >= 500) {
      throw new ConnectorError('SERVICE_BUSY', `${name} at ${this.address} is not ready: ${why}`);
    }
    throw new ConnectorError('SERVICE_REFUSED', `${name} at ${this.address} refuses: ${why}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function networkError(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof AggregateError) return networkError(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
