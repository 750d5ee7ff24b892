import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { Channel, Delivery } from './channels/channel.js';
import { DeliveryError } from './delivery-error.js';
import type { Attempt } from './delivery-log.js';

/** How often, and how long apart, a channel is tried that does not answer. */
export interface RetryPolicy {
  readonly retries: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

/** With jitter, some six hours. */
export const DEFAULT_RETRY: RetryPolicy = { retries: 40, firstMs: 1000, longestMs: 600_000 };

export interface Outcome {
  readonly delivered: boolean;
  /** The receiver wants no more calls. */
  readonly isGone: boolean;
}

/** Tries until it is told or in vain; `onAttempt` is awaited after each try. @throws what aborted it */
export async function deliver(
  channel: Channel,
  delivery: Delivery,
  policy: RetryPolicy,
  signal: AbortSignal,
  onAttempt: (attempt: Attempt) => Promise<void>,
): Promise<Outcome> {
  const attempt = async (): Promise<void> => {
    const time = Date.now();
    const started = performance.now();
    const note = (ok: boolean, said: string) => {
      return onAttempt({ time, took_ms: Math.round(performance.now() - started), ok, said });
    };
    let said: string;
    try {
      said = await channel.deliver(delivery, signal);
    } catch (error) {
      signal.throwIfAborted();
      await note(false, (error as Error).message);
      throw error;
    }
    await note(true, said);
  };
  try {
    await pRetry(attempt, {
      retries: policy.retries,
      factor: 2,
      randomize: true,
      minTimeout: policy.firstMs,
      maxTimeout: policy.longestMs,
      signal,
      shouldRetry: ({ error }) => error instanceof DeliveryError && error.retryable,
      onFailedAttempt: async ({ error }) => {
        const { retryAfterMs = 0 } = error instanceof DeliveryError ? error : {};
        if (retryAfterMs > 0) await delay(retryAfterMs, undefined, { signal });
      },
    });
    return { delivered: true, isGone: false };
  } catch (error) {
    signal.throwIfAborted();
    return { delivered: false, isGone: error instanceof DeliveryError && error.isGone };
  }
}
