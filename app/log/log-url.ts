import { fileURLToPath } from 'node:url';
import { AppError } from '../app-error.js';

/** Where a log is. */
export type LogAddress =
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'kafka'; readonly brokers: string };

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/**
 * Reads a log's URL: `kafka://host:port,host:port`, `file:///a/data/directory`, or a data directory's path as it is.
 *
 * @throws AppError LOG_URL
 */
export function parseLogUrl(url: string): LogAddress {
  const [prefix = '', scheme] = SCHEME.exec(url) ?? [];
  const rest = url.slice(prefix.length).replace(/\/$/, '');
  switch (scheme?.toLowerCase()) {
    case undefined:
      if (url === '') throw new AppError('LOG_URL', 'a log needs a directory or brokers, and the URL is empty');
      return { kind: 'embedded', directory: url };
    case 'file':
      return { kind: 'embedded', directory: pathOf(url) };
    case 'kafka':
      if (rest === '' || rest.includes('/')) {
        throw new AppError('LOG_URL', `"${url}" names no brokers; it must be kafka://host:port,host:port`);
      }
      return { kind: 'kafka', brokers: rest };
    default:
      throw new AppError(
        'LOG_URL',
        `"${url}" is no log: it must be a directory, file:///directory or kafka://host:port`,
      );
  }
}

export function kafkaUrl(brokers: string): string {
  return `kafka://${brokers}`;
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new AppError('LOG_URL', `"${url}" is no directory: ${(cause as Error).message}`, { cause });
  }
}
