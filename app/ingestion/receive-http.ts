import { LogSink } from '../../producer/network/log-sink.js';
import { ElasticsearchEndpoint } from '../../producer/network/over-http/elasticsearch-endpoint.js';
import { HttpReceiver } from '../../producer/network/over-http/http-receiver.js';
import { LinesEndpoint } from '../../producer/network/over-http/lines-endpoint.js';
import { OtlpEndpoint } from '../../producer/network/over-http/otlp-endpoint.js';
import { CountedSink, type ReceiveLimits, ReceiveQuota } from '../../producer/network/over-http/quota.js';
import { eventIntakeFor, type LineReading } from './line-reading.js';
import { type RawWriterRequest, rawWriterFor } from './raw-writer.js';

/** What takes events over HTTP, for a server to ask. */
export interface OpenHttpReceiver {
  readonly receiver: HttpReceiver;
  /** Resolves when what was taken is durable. */
  close(): Promise<void>;
}

/** Takes OTLP, `_bulk` and lines into the log. @throws LogError, ProducerError */
export async function openHttpReceiver(
  request: RawWriterRequest,
  reading: LineReading,
  limits: ReceiveLimits = {},
): Promise<OpenHttpReceiver> {
  const quota = new ReceiveQuota(limits);
  const log = await LogSink.open(request.data.log, await rawWriterFor(request));
  const sink = new CountedSink(log, quota);
  const events = eventIntakeFor(reading);
  const endpoints = [
    new OtlpEndpoint(events, sink),
    new ElasticsearchEndpoint(events, sink),
    new LinesEndpoint(events, sink),
  ];
  return { receiver: new HttpReceiver(endpoints, quota), close: () => log.close() };
}

export type { HttpAnswer } from '../../producer/network/over-http/http-call.js';
export { HttpRefusal } from '../../producer/network/over-http/http-call.js';
export type { HttpReceiver } from '../../producer/network/over-http/http-receiver.js';
export type { ReceiveLimits } from '../../producer/network/over-http/quota.js';
