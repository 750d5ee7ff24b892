import kafka, { type LibrdKafkaError } from '@confluentinc/kafka-javascript';
import pRetry from 'p-retry';
import type { Availability } from './availability.js';

const { ERRORS } = kafka.CODES;

/** Failures that pass by themselves: a broker that is away, restarts or hands its work to another. */
const TRANSIENT: ReadonlySet<number> = new Set([
  ERRORS.ERR__TRANSPORT,
  ERRORS.ERR__ALL_BROKERS_DOWN,
  ERRORS.ERR__RESOLVE,
  ERRORS.ERR__TIMED_OUT,
  ERRORS.ERR__TIMED_OUT_QUEUE,
  ERRORS.ERR__WAIT_COORD,
  ERRORS.ERR__WAIT_CACHE,
  // No leader is known for a partition.
  ERRORS.ERR__NOENT,
  ERRORS.ERR_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  ERRORS.ERR_FENCED_LEADER_EPOCH,
  ERRORS.ERR_UNKNOWN_LEADER_EPOCH,
  ERRORS.ERR_OFFSET_NOT_AVAILABLE,
  ERRORS.ERR_REQUEST_TIMED_OUT,
  ERRORS.ERR_BROKER_NOT_AVAILABLE,
  ERRORS.ERR_NETWORK_EXCEPTION,
  ERRORS.ERR_COORDINATOR_LOAD_IN_PROGRESS,
  ERRORS.ERR_COORDINATOR_NOT_AVAILABLE,
  ERRORS.ERR_NOT_COORDINATOR,
  ERRORS.ERR_NOT_ENOUGH_REPLICAS,
  ERRORS.ERR_KAFKA_STORAGE_ERROR,
]);

/** A transaction is still being ended; the brokers are well. */
const UNSETTLED: ReadonlySet<number> = new Set([ERRORS.ERR_CONCURRENT_TRANSACTIONS, ERRORS.ERR_UNSTABLE_OFFSET_COMMIT]);

export type Callback<T> = (error: LibrdKafkaError | null | undefined, result?: T) => void;

export function isKafkaError(error: unknown): error is LibrdKafkaError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

export function isTransient(error: unknown): boolean {
  // A transaction that has to be aborted fails the same way each time.
  if (!isKafkaError(error) || error.isFatal === true || error.isTxnRequiresAbort === true) return false;
  return error.isRetriable === true || TRANSIENT.has(error.code) || UNSETTLED.has(error.code);
}

/** A call of the client's as a promise. */
export function call<T>(invoke: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    invoke((error, result) => {
      // Errors of single partitions come as plain objects.
      if (error) reject(error instanceof Error ? error : Object.assign(new Error(error.message), error));
      else resolve(result as T);
    });
  });
}

/** Does the work again, with backoff and for as long as it takes, when what it fails with passes by itself. */
export function persistently<T>(work: () => Promise<T>, availability: Availability): Promise<T> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 50,
    maxTimeout: 2000,
    signal: availability.closed,
    shouldRetry: ({ error }) => isTransient(error),
    onFailedAttempt: ({ error }) => {
      if (isKafkaError(error) && TRANSIENT.has(error.code)) availability.suspect(error.message);
    },
  });
}
