import type { KStream } from '@millrace/streams';
import type { Request, Requests } from '../requests.js';

/** All hosts together. */
export const ALL_HOSTS = '*';

/** Each request under its host, and under that of all hosts. */
export function requestsByHost(requests: Requests): KStream<string, Request, 'key' | 'value'> {
  return requests.flatMap(
    (_key, request) => [
      [request.host, request],
      [ALL_HOSTS, request],
    ],
    { name: 'requests-by-host' },
  );
}
