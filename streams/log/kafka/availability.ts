import pRetry from 'p-retry';
import { LogError } from '../log.js';

const PROBE_PAUSE_MS = 500;

export interface AvailabilityOptions {
  /** Comma-separated `host:port`. */
  readonly brokers: string;
  /** Asks the brokers for something small; fails within a second or two when they do not answer. */
  readonly probe: () => Promise<unknown>;
  readonly say: (message: string) => void;
}

/** Tells the user once that the brokers are away, and once that they are back. */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #closing = new AbortController();
  #watching = false;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  /** Ends what is tried again until it succeeds. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** A request has failed. Leaders move and connections end, so the brokers are asked before anything is said. */
  suspect(reason: string): void {
    if (this.#watching || this.closed.aborted) return;
    this.#watching = true;
    void this.#watch(reason).finally(() => {
      this.#watching = false;
    });
  }

  close(): void {
    this.#closing.abort(new LogError('LOG_CLOSED', `the log at ${this.#options.brokers} is closed`));
  }

  async #watch(reason: string): Promise<void> {
    const { brokers, probe, say } = this.#options;
    let said = false;
    try {
      await pRetry(probe, {
        retries: Number.POSITIVE_INFINITY,
        factor: 1,
        minTimeout: PROBE_PAUSE_MS,
        signal: this.closed,
        onFailedAttempt: () => {
          if (!said && !this.closed.aborted)
            say(`Kafka at ${brokers} does not answer (${reason}); trying again until it does`);
          said = true;
        },
      });
    } catch {
      return;
    }
    if (said) say(`Kafka at ${brokers} is back`);
  }
}
