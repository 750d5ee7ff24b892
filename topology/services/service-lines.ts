import type { KStream, StreamsBuilder, TimestampExtractor } from '@millrace/streams';
import type { ServiceLog } from '../../schemas/records.js';
import { amountOf, boundedName, isAmount, LONGEST_NAME } from '../monitoring/measured.js';
import type { TopicSerdes } from '../serdes.js';
import { sourceOf } from '../source.js';

/** What pipelines read of a line. */
export type Line = Pick<
  ServiceLog,
  'service' | 'level' | 'response_time' | 'endpoint' | 'status' | 'session_id' | 'ip' | 'bytes' | 'source' | 'timestamp'
>;
export type Lines = KStream<null, Line>;

/** The lines of the services' topic, at the times at which they were logged, as far as their clocks are believed. */
export function linesOf(
  builder: StreamsBuilder,
  topic: string,
  timestamp: TimestampExtractor<Line>,
  serdes: TopicSerdes<'serviceLogs'>,
): Lines {
  return sourceOf(builder, topic, {
    name: 'service-lines',
    value: serdes.serviceLogs.fields(
      'service',
      'level',
      'response_time',
      'endpoint',
      'status',
      'session_id',
      'ip',
      'bytes',
      'source',
      'timestamp',
    ),
    timestamp,
    usable,
  });
}

function usable(line: Line): Line {
  const { bytes, endpoint, ip, response_time, service, source } = line;
  const isUsable =
    service.length <= LONGEST_NAME &&
    [endpoint, ip, source].every((name) => name === null || name.length <= LONGEST_NAME) &&
    (response_time === null || isAmount(response_time)) &&
    (bytes === null || isAmount(bytes));
  if (isUsable) return line;
  return {
    ...line,
    service: boundedName(service),
    endpoint: endpoint && boundedName(endpoint),
    ip: ip && boundedName(ip),
    source: source && boundedName(source),
    response_time: amountOf(response_time),
    bytes: amountOf(bytes),
  };
}

export function isError({ level }: Line): boolean {
  return level === 'ERROR' || level === 'CRITICAL';
}

/** An error by its level, or a response of status 500 to 599, whatever its level. */
export function isFailure(line: Line): boolean {
  return isError(line) || (line.status !== null && line.status >= 500 && line.status <= 599);
}

/** What alerts call a part of a service: an endpoint, an instance, a client. */
export function partOfService(service: string, part: string | null): string {
  return `${service} ${(part ?? '').replaceAll(' ', '%20')}`;
}

export function scopeOfService(service: string): string {
  return `service/${service}`;
}

/** What happens to a part of a service is within the service's incidents. */
export function scopeOfPart(part: string): string {
  return scopeOfService(serviceOfPart(part));
}

export function serviceOfPart(part: string): string {
  return part.slice(0, part.lastIndexOf(' '));
}
