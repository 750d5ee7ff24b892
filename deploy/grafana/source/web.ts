import { type Board, tagVariable } from './board.js';
import { bars, lines, ranking, rows } from './panels.js';
import { influx, influxTable } from './queries.js';

const CHOSEN = '"host" =~ /^$host$/ AND $timeFilter';

const byHost = (field: string, measurement: string, scale = '') =>
  influx(
    `SELECT mean("${field}")${scale} FROM "${measurement}" WHERE ${CHOSEN} GROUP BY time($__interval), "host" fill(none)`,
    '$tag_host',
  );

export const web: Board = {
  name: 'web',
  title: 'Web',
  description: 'Requests by virtual host: how many, how fast, how many fail.',
  page: '/hosts',
  from: 'now-1h',
  variables: [tagVariable('host', 'Host', `SHOW TAG VALUES FROM "traffic" WITH KEY = "host" WHERE "host" != '*'`)],
  sections: [
    {
      panels: [
        lines({
          title: 'Requests a second',
          description: 'Windows of 5 s.',
          unit: 'reqps',
          every: '5s',
          queries: [byHost('requests', 'traffic', ' / 5')],
        }),
        bars({
          title: 'Requests by class of status',
          description: 'Of the hosts that are chosen, in each step.',
          every: '5s',
          queries: (['1xx', '2xx', '3xx', '4xx', '5xx'] as const).map((status) =>
            influx(
              `SELECT sum("status_${status}") FROM "traffic" WHERE ${CHOSEN} GROUP BY time($__interval) fill(none)`,
              status,
            ),
          ),
        }),
        lines({
          title: '95th percentile of the response time',
          description: 'Of minutes, within 1 %.',
          unit: 'ms',
          every: '1m',
          queries: [byHost('p95_response_time', 'web_analytics')],
        }),
        lines({
          title: '99th percentile of the response time',
          description: 'Of windows of 5 s, within 1 %.',
          unit: 'ms',
          every: '5s',
          queries: [byHost('p99_response_time', 'traffic')],
        }),
        lines({
          title: 'Errors',
          description: 'Responses of status 400 to 599, as a share of the requests of a minute.',
          unit: 'percentunit',
          every: '1m',
          queries: [byHost('error_rate', 'web_analytics')],
        }),
        bars({
          title: 'Bursts of server errors',
          description: 'The most of a window of 10 s, of hosts with too many, and too large a share of them.',
          every: '10s',
          queries: [
            influx(
              `SELECT max("count") FROM "server_errors" WHERE ${CHOSEN} GROUP BY time($__interval), "host" fill(none)`,
              '$tag_host',
            ),
          ],
        }),
        lines({
          title: 'Bytes a second',
          description: 'Of the responses whose size is known.',
          unit: 'Bps',
          every: '5s',
          queries: [byHost('bytes', 'traffic', ' / 5')],
        }),
        lines({
          title: 'Clients',
          description: 'Different ones in 5 s, an estimate with a standard error of 3 %.',
          every: '5s',
          queries: [byHost('clients', 'traffic')],
        }),
        lines({
          title: 'Mean request time',
          description: 'Of minutes.',
          unit: 's',
          every: '1m',
          queries: [byHost('avg_request_time', 'goal4')],
        }),
        ranking({
          title: 'Countries',
          description: 'Successful responses of all hosts in the time that is shown.',
          queries: [
            influxTable('SELECT sum("count") AS "responses" FROM "goal3" WHERE $timeFilter GROUP BY "country"'),
          ],
        }),
        rows({
          title: 'Minutes that a rule flags',
          description: 'Too many errors, or too slow.',
          queries: [
            influxTable(
              `SELECT "host", "request_count", "error_rate", "p95_response_time" FROM "web_analytics" WHERE "is_anomaly" = true AND ${CHOSEN} ORDER BY time DESC LIMIT 100`,
            ),
          ],
        }),
      ],
    },
  ],
};
