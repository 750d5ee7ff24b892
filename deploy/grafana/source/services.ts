import { type Board, tagVariable } from './board.js';
import { HEALTH } from './colors.js';
import { lines, states } from './panels.js';
import { influx } from './queries.js';

const byService = (field: string, of: 'mean' | 'max' | 'sum' | 'last' = 'mean') =>
  influx(
    `SELECT ${of}("${field}") FROM "service_health" WHERE "service" =~ /^$service$/ AND $timeFilter GROUP BY time($__interval), "service" fill(none)`,
    '$tag_service',
  );

export const services: Board = {
  name: 'services',
  title: 'Services',
  description: 'How services do, by their logs, in windows of 5 s.',
  page: '/services',
  from: 'now-30m',
  variables: [tagVariable('service', 'Service', 'SHOW TAG VALUES FROM "service_health" WITH KEY = "service"')],
  sections: [
    {
      panels: [
        states(
          {
            title: 'Health',
            description: 'The last of each step: healthy, degraded or down.',
            every: '5s',
            span: 24,
            queries: [byService('health', 'last')],
          },
          HEALTH,
        ),
        lines({
          title: 'Lines a second',
          description: 'Of the log.',
          unit: 'cps',
          every: '5s',
          queries: [byService('throughput')],
        }),
        lines({
          title: 'Failures',
          description: 'Lines of level ERROR or CRITICAL, as a share of all.',
          unit: 'percentunit',
          every: '5s',
          queries: [byService('error_rate')],
        }),
        lines({
          title: '95th percentile of the response time',
          description: 'Within 1 %.',
          unit: 'ms',
          every: '5s',
          queries: [byService('p95_response_time', 'max')],
        }),
        lines({
          title: 'Median of the response time',
          description: 'Within 1 %.',
          unit: 'ms',
          every: '5s',
          queries: [byService('p50_response_time')],
        }),
        lines({
          title: 'Sessions',
          description: 'With a line in 5 s; an estimate, within a few per cent.',
          every: '5s',
          queries: [byService('active_sessions')],
        }),
        lines({
          title: 'Bytes',
          description: 'Of the responses of each step.',
          unit: 'bytes',
          every: '5s',
          queries: [byService('bytes', 'sum')],
        }),
      ],
    },
  ],
};
