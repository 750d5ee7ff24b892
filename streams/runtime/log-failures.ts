import { LogError } from '../log/log.js';

export function ignoreLogErrors(error: unknown): void {
  if (!(error instanceof LogError)) throw error;
}

/** What may not be done is not done later either: an internal topic would grow for ever. */
export function ignoreUnlessRefused(error: unknown): void {
  ignoreLogErrors(error);
  if ((error as LogError).code === 'LOG_REFUSED') throw error;
}

export function isAborted(error: Error): boolean {
  return error instanceof LogError && error.code === 'TRANSACTION_ABORTED';
}
