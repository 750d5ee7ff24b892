import { diskFailureOf } from '../../leveldb/disk-failure.js';
import { LogError } from '../log.js';

/** What LevelDB could not do when it opened a directory, for the user. */
export function openError(error: unknown, location: string): LogError {
  if (error instanceof LogError) return error;
  const cause = rootCause(error);
  if (cause.code === 'LEVEL_LOCKED') {
    return new LogError(
      'LOG_LOCKED',
      `the directory ${location} is in use: another millrace runs on it; stop that one, or use another directory`,
      { cause: error },
    );
  }
  if (/corrupt/i.test(cause.message)) {
    return new LogError('LOG_CORRUPT', `the log in ${location} is corrupt: ${cause.message}`, { cause: error });
  }
  const refused = diskError(error, location);
  if (refused !== undefined) return refused;
  return new LogError(
    'LOG_IO',
    `cannot open the log in ${location}: ${cause.message}; see that the directory may be read and written`,
    { cause: error },
  );
}

/** What LevelDB could not write, for the user. */
export function writeError(error: unknown, location: string): LogError {
  if (error instanceof LogError) return error;
  const cause = rootCause(error);
  const refused = diskError(error, location);
  if (refused !== undefined) return refused;
  if (cause.code === 'LEVEL_DATABASE_NOT_OPEN') return closedError(location, error);
  return new LogError(
    'LOG_IO',
    `cannot write to the log in ${location}: ${cause.message}; nothing more is written until it is opened again`,
    { cause: error },
  );
}

/** Undefined when it is something else. */
function diskError(cause: unknown, location: string): LogError | undefined {
  switch (diskFailureOf(cause)) {
    case 'full':
      return new LogError(
        'LOG_FULL',
        `the disk is full: cannot write to ${location}; make room and start again, nothing that was committed is lost`,
        { cause },
      );
    case 'read-only':
      return new LogError(
        'LOG_READ_ONLY',
        `the disk is read-only: cannot write to ${location}; use another directory, or mount it for writing`,
        { cause },
      );
    default:
      return undefined;
  }
}

/** What LevelDB could not read, for the user. */
export function readError(error: unknown, location: string): LogError {
  if (error instanceof LogError) return error;
  const cause = rootCause(error);
  if (cause.code === 'LEVEL_DATABASE_NOT_OPEN') return closedError(location, error);
  const code = /corrupt/i.test(cause.message) ? 'LOG_CORRUPT' : 'LOG_IO';
  return new LogError(code, `cannot read the log in ${location}: ${cause.message}`, { cause: error });
}

export function closedError(location: string, cause?: unknown): LogError {
  return new LogError('LOG_CLOSED', `the log in ${location} is closed`, { cause });
}

function rootCause(error: unknown): { readonly message: string; readonly code?: unknown } {
  if (!(error instanceof Error)) return { message: String(error) };
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}
