import type { AccessLog } from '../schemas/records.js';
import type { KStream, StreamsBuilder } from '../streams/index.js';
import type { TopicSerdes } from './serdes.js';
import { sourceOf } from './source.js';

/** What pipelines read of a request. */
export type Request = Pick<
  AccessLog,
  'client_ip' | 'status' | 'request_time' | 'host' | 'country' | 'timestamp' | 'bytes'
>;
export type Requests = KStream<null, Request>;

/** The requests of the raw topic, at the times at which they were made. */
export function requestsOf(builder: StreamsBuilder, topic: string, serdes: TopicSerdes<'accessLog'>): Requests {
  return sourceOf(builder, topic, {
    value: serdes.accessLog.fields('client_ip', 'status', 'request_time', 'host', 'country', 'timestamp', 'bytes'),
    timestamp: (request) => request.timestamp,
  });
}
