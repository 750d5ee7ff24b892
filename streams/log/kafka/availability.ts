import { setMaxListeners } from 'node:events';
import pRetry from 'p-retry';
import { LogError } from '../log.js';

const PROBE_PAUSE_MS = 500;
/** A broker that starts may not know its users yet. */
const REFUSED_FOR_MS = 10_000;

export interface AvailabilityOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  /** Asks the brokers for something small; fails within some seconds when they do not answer. */
  readonly probe: () => Promise<unknown>;
  readonly say: (message: string) => void;
}

/**
 * Tells the user once that the brokers are away, and once that they are back. Brokers that answer, and let nobody in, are
 * told too; they end everything when they go on with it.
 */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #closing = new AbortController();
  #watching = false;
  #failure: LogError | undefined;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    // Each call that waits listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Ends what is tried again until it succeeds; the reason is what it is to fail with. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** What ends everything, other than that it was closed. */
  get failure(): LogError | undefined {
    return this.#failure;
  }

  /** A request has failed. Leaders move and connections end, so the brokers are asked before anything is said. */
  suspect(reason: string): void {
    if (this.#watching || this.closed.aborted) return;
    this.#watching = true;
    void this.#watch(reason).finally(() => {
      this.#watching = false;
    });
  }

  /** Everything fails with it from now on. */
  fail(error: LogError): void {
    if (!this.closed.aborted) this.#failure = error;
    this.#closing.abort(error);
  }

  close(): void {
    this.#closing.abort(new LogError('LOG_CLOSED', `the log at ${this.#options.brokers} is closed`));
  }

  async #watch(reason: string): Promise<void> {
    const { brokers, probe, say } = this.#options;
    let said = false;
    let refusedSince: number | undefined;
    try {
      await pRetry(probe, {
        retries: Number.POSITIVE_INFINITY,
        factor: 1,
        minTimeout: PROBE_PAUSE_MS,
        signal: this.closed,
        onFailedAttempt: ({ error }) => {
          if (this.closed.aborted) return;
          const refused = error instanceof LogError && error.code === 'LOG_REFUSED';
          if (!refused) {
            refusedSince = undefined;
            if (!said) say(`Kafka at ${brokers} does not answer (${reason}); trying again until it does`);
          } else if (refusedSince === undefined) {
            refusedSince = performance.now();
            say(`${error.message}; trying again for ${REFUSED_FOR_MS / 1000} s`);
          } else if (performance.now() - refusedSince > REFUSED_FOR_MS) {
            this.fail(error);
          }
          said = true;
        },
      });
    } catch {
      return;
    }
    if (said) say(`Kafka at ${brokers} is back`);
  }
}
