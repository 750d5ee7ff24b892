import { StateQueryError } from './state-query.js';

/** A task may be closed, or go to another process, while its store is read. */
export function unlessMoved<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isClosed(error) ? moved(error) : error;
  }
}

export async function* untilMoved<T>(entries: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* entries;
  } catch (error) {
    throw isClosed(error) ? moved(error) : error;
  }
}

export function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN' || isClosed(error.cause);
}

function moved(cause: unknown): StateQueryError {
  return new StateQueryError('NOT_AVAILABLE', 'the task of the store was closed meanwhile; ask again', { cause });
}
