import type { LibrdKafkaError } from '@confluentinc/kafka-javascript';
import pRetry from 'p-retry';
import { LogError } from '../log.js';
import type { Availability } from './availability.js';
import { countCall } from './calls-under-way.js';
import { isOutage, isTransient, isUnknownTopic } from './client-errors.js';

/** The client bounds its calls itself, by 10 s at most; not all of them, and not always. */
const ANSWER_MS = 30_000;
/** Answers that came while the process was stopped are given before anything is made of their being late. */
const LATE_MS = 1000;
/** When the log is closed, what is under way gets this long. */
const CLOSING_MS = 2000;
/** How long brokers may take to tell each other of a topic. */
const TOPIC_SPREADS_MS = 30_000;

export type Callback<T> = (error: LibrdKafkaError | null | undefined, result?: T) => void;

export interface CallOptions {
  /** What it does, for the error's text. */
  readonly what?: string;
  /** Default 30 s. */
  readonly withinMs?: number;
  /** Cuts the wait short. */
  readonly closed?: AbortSignal;
  /** Called when the answer comes after it was given up. */
  readonly onLate?: () => void;
}

/** The native client has not come back from a call. What it was asked for may or may not have happened. */
export class UnansweredCallError extends LogError {
  constructor(what: string, milliseconds: number) {
    super('LOG_IO', `the Kafka client has not answered for ${milliseconds / 1000} s (${what})`);
  }
}

/** A call of the client's as a promise, which is settled in time whatever the client does. @throws UnansweredCallError */
export function call<T>(invoke: (callback: Callback<T>) => void, options: CallOptions = {}): Promise<T> {
  const { closed, onLate, what = 'a call', withinMs = ANSWER_MS } = options;
  return new Promise((resolve, reject) => {
    const isBack = countCall();
    let isGivenUp = false;
    const giveUp = () => {
      closed?.removeEventListener('abort', close);
      isGivenUp = true;
      reject(closed?.aborted ? closed.reason : new UnansweredCallError(what, withinMs));
    };
    let timer = setTimeout(() => {
      timer = setTimeout(giveUp, LATE_MS);
    }, withinMs);
    const close = () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, CLOSING_MS);
    };
    if (closed?.aborted) close();
    else closed?.addEventListener('abort', close, { once: true });
    const done: Callback<T> = (error, result) => {
      isBack();
      if (isGivenUp) {
        onLate?.();
        return;
      }
      clearTimeout(timer);
      closed?.removeEventListener('abort', close);
      // Errors of single partitions come as plain objects.
      if (error) reject(error instanceof Error ? error : Object.assign(new Error(error.message), error));
      else resolve(result as T);
    };
    try {
      invoke(done);
    } catch (error) {
      done(error as LibrdKafkaError);
    }
  });
}

/** Does the work again, with backoff and for as long as it takes, when what it fails with passes by itself. */
export function persistently<T>(work: () => Promise<T>, availability: Availability): Promise<T> {
  let unknownSince: number | undefined;
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 50,
    maxTimeout: 2000,
    signal: availability.closed,
    shouldRetry: ({ error }) => {
      if (!isTransient(error)) return false;
      if (!isUnknownTopic(error)) return true;
      unknownSince ??= performance.now();
      return performance.now() - unknownSince < TOPIC_SPREADS_MS;
    },
    onFailedAttempt: ({ error }) => {
      if (isOutage(error)) availability.suspect(error.message);
    },
  });
}
