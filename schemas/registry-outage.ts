import ms from 'ms';
import pRetry from 'p-retry';
import { SchemaError } from './schema-error.js';

/** Told once an outage, however many requests wait for its end. */
export interface OutageListener {
  /** The registry does not answer as it should; requests are made again until it does. The message says so. */
  readonly onUnavailable?: (error: SchemaError) => void;
  readonly onRecovered?: (message: string, outageMs: number) => void;
}

export interface OutageOptions extends OutageListener {
  /** Ends all waiting. */
  readonly signal?: AbortSignal;
  /** How long a request may wait for the end of an outage. Default: for ever. */
  readonly patienceMs?: number;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** A single failure may be a connection that was closed just now, or two processes that register the same. */
const ATTEMPTS_BEFORE_NEWS = 2;

/** Makes requests again, with backoff, while a registry is away. */
export class RegistryOutage {
  readonly #options: OutageOptions;
  #startedAt: number | undefined;
  #isReported = false;
  #hasAnswered = false;

  constructor(options: OutageOptions = {}) {
    this.#options = options;
  }

  /**
   * Makes the request until the registry answers it, be it with a refusal.
   *
   * A wrong password or address is an answer at first, and an outage once the registry has answered otherwise: then the
   * registry has changed, not what was typed.
   *
   * @throws SchemaError REGISTRY_CLOSED when the signal ends it, and the registry's refusals
   */
  async outlast<T>(request: () => Promise<T>): Promise<T> {
    const { patienceMs = Number.POSITIVE_INFINITY, signal } = this.#options;
    try {
      const answer = await pRetry(request, {
        retries: Number.POSITIVE_INFINITY,
        factor: 2,
        randomize: true,
        minTimeout: FIRST_WAIT_MS,
        maxTimeout: LONGEST_WAIT_MS,
        maxRetryTime: patienceMs,
        shouldRetry: ({ error }) => this.#isOutage(error),
        onFailedAttempt: ({ attemptNumber, error }) => {
          if (signal?.aborted) return;
          if (this.#isOutage(error)) this.#failed(error, attemptNumber);
          else if (error instanceof SchemaError) this.#answered(error.code);
        },
        ...(signal === undefined ? {} : { signal }),
      });
      this.#answered();
      return answer;
    } catch (cause) {
      if (!signal?.aborted) throw cause;
      throw new SchemaError('REGISTRY_CLOSED', 'the schema registry was closed before it had answered', { cause });
    }
  }

  #isOutage(error: Error): error is SchemaError {
    if (!(error instanceof SchemaError)) return false;
    if (error.code === 'REGISTRY_UNAVAILABLE') return true;
    return this.#hasAnswered && (error.code === 'REGISTRY_REFUSED' || error.code === 'REGISTRY_WRONG_ADDRESS');
  }

  #failed(error: SchemaError, attemptNumber: number): void {
    this.#startedAt ??= Date.now();
    if (this.#isReported || attemptNumber < ATTEMPTS_BEFORE_NEWS) return;
    this.#isReported = true;
    const { code, message } = error;
    this.#options.onUnavailable?.(new SchemaError(code, `${message}; waiting for it`, { cause: error }));
  }

  #answered(refusal?: SchemaError['code']): void {
    if (refusal === 'REGISTRY_REFUSED' || refusal === 'REGISTRY_WRONG_ADDRESS') return;
    this.#hasAnswered = true;
    const startedAt = this.#startedAt;
    this.#startedAt = undefined;
    if (!this.#isReported || startedAt === undefined) return;
    this.#isReported = false;
    const outageMs = Date.now() - startedAt;
    this.#options.onRecovered?.(`the schema registry is back after ${ms(outageMs)}`, outageMs);
  }
}
