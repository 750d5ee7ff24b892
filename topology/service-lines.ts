import type { ServiceLog } from '../schemas/records.js';
import {
  type Aggregator,
  type Duration,
  type KStream,
  type Serde,
  type StreamsBuilder,
  stringSerde,
  TimeWindows,
  type Windowed,
} from '../streams/index.js';
import type { TopicSerdes } from './serdes.js';

/** What pipelines read of a line. */
export type Line = Pick<
  ServiceLog,
  'service' | 'level' | 'response_time' | 'endpoint' | 'status' | 'session_id' | 'ip' | 'bytes' | 'source' | 'timestamp'
>;
export type Lines = KStream<null, Line>;

/** The lines of the services' topic, at the times at which they were logged. */
export function linesOf(builder: StreamsBuilder, topic: string, serdes: TopicSerdes<'serviceLogs'>): Lines {
  return builder.stream(topic, {
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
    timestamp: (line) => line.timestamp,
  });
}

export function isError({ level }: Line): boolean {
  return level === 'ERROR' || level === 'CRITICAL';
}

/** What the line's request took, in milliseconds; null where that is not known, or cannot be. */
export function responseTimeOf({ response_time: time }: Line): number | null {
  return time !== null && time >= 0 && Number.isFinite(time) ? time : null;
}

/** What alerts call a part of a service: an endpoint, an instance, a client. */
export function partOfService(service: string, part: string | null): string {
  return `${service} ${(part ?? '').replaceAll(' ', '%20')}`;
}

/** What happens to a part of a service is within the service's incidents. */
export function scopeOfPart(part: string): string {
  return `service/${part.slice(0, part.lastIndexOf(' '))}`;
}

export interface LineWindowsOptions<A> {
  /** Names the store and the repartition. */
  readonly name: string;
  readonly entity: (line: Line) => string;
  readonly size: Duration;
  readonly grace: Duration;
  readonly aggregator: Aggregator<string, Line, A>;
  readonly serde: Serde<A>;
}

/** What is kept of the lines of each entity and window, when the window is closed. */
export function closedWindows<A>(lines: Lines, options: LineWindowsOptions<A>): KStream<Windowed<string>, A> {
  const { aggregator, entity, grace, name, serde, size } = options;
  return lines
    .groupBy((_key, line) => entity(line), { key: stringSerde, name })
    .windowedBy(TimeWindows.ofSizeAndGrace(size, grace))
    .emitStrategy('onWindowClose')
    .aggregate(aggregator, { name, value: serde })
    .toStream();
}
