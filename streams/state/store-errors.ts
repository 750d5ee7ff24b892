import { type StateDatabase, StateError } from './state-database.js';

/** The database of a store that is open. @throws StateError STATE_IO when it is not */
export function requireOpen(store: string, database: StateDatabase | undefined): StateDatabase {
  if (database !== undefined) return database;
  throw new StateError('STATE_IO', `the store "${store}" is not open`);
}

/** What a store answers that is an operator's own. */
export function notQueried(store: string, operator: string): StateError {
  return new StateError('STATE_MISMATCH', `the store "${store}" is a ${operator}'s own, and is not queried`);
}

/** Entries of a store that its serdes cannot read. */
export function unreadable(store: string, cause: unknown): StateError {
  return new StateError(
    'STATE_MISMATCH',
    `the store "${store}" cannot read what it holds (${(cause as Error).message}): other serdes or an aggregate ` +
      'of another kind have filled it; run it as it was, give it another name, or take another application id',
    { cause },
  );
}
