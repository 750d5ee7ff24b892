import type { ApplicationConfig } from '../application-config.js';
import { detectionOf, isWithin, type Limit } from '../monitoring/limits.js';
import { Monitor, percent, short } from '../monitoring/monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type LineStatistics, lineStatisticsSerde, OF_LINES } from './line-statistics.js';
import { type Lines, partOfService, scopeOfPart } from './service-lines.js';
import { monitorLines } from './service-monitor.js';

/** Limits for each endpoint of a service, every minute. */
export function serviceEndpoints(lines: Lines, config: ApplicationConfig, serdes: TopicSerdes<'alerts'>): void {
  const { endpoints } = config.services;
  const limits = limitsOf(endpoints);
  monitorLines(
    lines.filter((_key, { endpoint }) => endpoint !== null, { name: 'lines-of-endpoints' }),
    {
      windows: 'endpoints',
      monitor: 'endpoint-monitor',
      size: endpoints.size,
      entity: ({ endpoint, service }) => partOfService(service, endpoint),
      aggregator: OF_LINES,
      serde: lineStatisticsSerde,
      judge: new Monitor('service', limits.map(detectionOf)),
      isWithinLimits: (statistics) => isWithin(limits, statistics),
      scope: scopeOfPart,
      watchesClock: false,
    },
    config,
    serdes,
  );
}

function limitsOf({
  errorRate,
  leastRequests,
  requests,
  responseTime,
}: ApplicationConfig['services']['endpoints']): readonly Limit<LineStatistics>[] {
  return [
    {
      name: 'TRAFFIC_SPIKE',
      limit: requests,
      closeAfter: 1,
      value: ({ count }) => count,
      severity: 'warning',
      field: 'endpoint',
      explain: (count) => `${short(count)} requests`,
    },
    {
      name: 'HIGH_ERROR_RATE',
      limit: errorRate,
      closeAfter: 1,
      value: ({ failed, responses }) => (responses < leastRequests ? undefined : failed / responses),
      severity: 'critical',
      field: 'status',
      write: percent,
      explain: (rate, { responses }) => `${percent(rate)} of ${short(responses)} responses are errors`,
    },
    {
      name: 'SLOW_RESPONSE',
      limit: responseTime,
      closeAfter: 1,
      value: ({ times }) => (times.count < leastRequests ? undefined : (times.mean ?? undefined)),
      severity: 'warning',
      field: 'response_time',
      explain: (mean, { times }) => `${short(times.count)} responses took ${short(mean)} ms on average`,
    },
  ];
}
