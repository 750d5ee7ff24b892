import type { KStream, Serde, StreamsBuilder } from '@millrace/streams';
import { canonicalClient } from '../schemas/canonical/address.js';
import { canonicalCountry } from '../schemas/canonical/country.js';
import { canonicalHost } from '../schemas/canonical/host.js';
import type { AccessLog } from '../schemas/records.js';
import { amountOf, boundedName, isAmount } from './monitoring/measured.js';
import type { TopicSerdes } from './serdes.js';
import { sourceOf } from './source.js';

const FIELDS = ['client_ip', 'status', 'request_time', 'host', 'country', 'timestamp', 'bytes'] as const;
/** What only abuse is told by. */
const DETAILS = ['method', 'path', 'user_agent'] as const;

/** What pipelines read of a request. */
export type Request = Pick<AccessLog, (typeof FIELDS)[number]> & Partial<Pick<AccessLog, (typeof DETAILS)[number]>>;
export type Requests = KStream<null, Request>;

/**
 * Producers of this project write keys in their one spelling. Others may not, and nobody must hide behind many. What has
 * no such spelling stays as it is, but for its length.
 */
const KEYS = {
  client_ip: (text: string) => boundedName(canonicalClient(text) ?? text),
  host: (text: string) => boundedName(canonicalHost(text) ?? text),
  country: (text: string) => boundedName(canonicalCountry(text) ?? text),
};

/** The requests of the raw topic, at the times at which they were made; `withDetails`: with method, path and user agent. */
export function requestsOf(
  builder: StreamsBuilder,
  topic: string,
  serdes: TopicSerdes<'accessLog'>,
  { withDetails = false } = {},
): Requests {
  return sourceOf(builder, topic, {
    name: 'requests',
    value: serdes.accessLog.spelling(KEYS, ...FIELDS, ...(withDetails ? DETAILS : [])) as Serde<Request>,
    timestamp: (request) => request.timestamp,
    usable,
  });
}

function usable(request: Request): Request {
  const { bytes = null, request_time } = request;
  if ((request_time === null || isAmount(request_time)) && (bytes === null || isAmount(bytes))) return request;
  return { ...request, request_time: amountOf(request_time), bytes: amountOf(bytes) };
}
