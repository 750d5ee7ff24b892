import type { Board } from './board.js';
import { HEALTH, SEVERITY } from './colors.js';
import { bars, figure, lines, ranking, rows, states } from './panels.js';
import { influx, influxTable, promNow } from './queries.js';

const OF_ALL = `"host" = '*' AND $timeFilter`;

export const overview: Board = {
  name: 'overview',
  title: 'Overview',
  description: 'How the logs, and what writes them, do.',
  page: '/',
  from: 'now-30m',
  sections: [
    {
      panels: [
        figure({
          title: 'Requests a second',
          description: 'Of all hosts, in the last minutes that are shown.',
          unit: 'reqps',
          every: '5s',
          queries: [influx(`SELECT sum("requests") / 5 FROM "traffic" WHERE ${OF_ALL} GROUP BY time(5s) fill(none)`)],
        }),
        figure(
          {
            title: 'Server errors',
            description: 'Responses of status 500 to 599, as a share of the requests of a minute.',
            unit: 'percentunit',
            queries: [
              influx(
                `SELECT sum("server_errors") / sum("request_count") FROM "web_analytics" WHERE ${OF_ALL} GROUP BY time(1m) fill(none)`,
              ),
            ],
          },
          [
            [0.01, 'orange'],
            [0.05, 'red'],
          ],
        ),
        figure({
          title: 'Response time',
          description: '95th percentile, of all hosts, within 1 %.',
          unit: 'ms',
          queries: [
            influx(
              `SELECT mean("p95_response_time") FROM "web_analytics" WHERE ${OF_ALL} GROUP BY time(1m) fill(none)`,
            ),
          ],
        }),
        figure(
          {
            title: 'Incidents',
            description: 'That began in the time that is shown.',
            queries: [influx('SELECT count("alerts") FROM "incidents" WHERE $timeFilter')],
          },
          [[1, 'orange']],
        ),
        figure(
          {
            title: 'Unusual readings',
            description: 'Of sensors: over a limit, or unlike what the sensor usually reads.',
            queries: [influx('SELECT count("anomaly_score") FROM "sensors" WHERE "is_anomaly" = true AND $timeFilter')],
          },
          [[1, 'orange']],
        ),
        figure(
          {
            title: 'Behind',
            description: 'How old the newest record is that the pipeline has processed, where it is furthest behind.',
            unit: 's',
            queries: [promNow('max(millrace_partition_lag_seconds)', 'behind')],
          },
          [
            [60, 'orange'],
            [900, 'red'],
          ],
        ),
      ],
    },
    {
      panels: [
        bars({
          title: 'Requests by class of status',
          description: 'A second, of all hosts.',
          unit: 'reqps',
          every: '5s',
          queries: (['2xx', '3xx', '4xx', '5xx'] as const).map((status) =>
            influx(
              `SELECT mean("status_${status}") / 5 FROM "traffic" WHERE ${OF_ALL} GROUP BY time($__interval) fill(none)`,
              status,
            ),
          ),
        }),
        states(
          {
            title: 'Services',
            description: 'The last of each step: healthy, degraded or down.',
            every: '5s',
            queries: [
              influx(
                'SELECT last("health") FROM "service_health" WHERE $timeFilter GROUP BY time($__interval), "service" fill(none)',
                '$tag_service',
              ),
            ],
          },
          HEALTH,
        ),
        lines({
          title: 'Response times',
          description: 'Of all hosts, within 1 %.',
          unit: 'ms',
          every: '1m',
          queries: ['p50', 'p95', 'p99'].map((p) =>
            influx(
              `SELECT mean("${p}_response_time") FROM "web_analytics" WHERE ${OF_ALL} GROUP BY time($__interval) fill(none)`,
              p,
            ),
          ),
        }),
        ranking({
          title: 'Countries',
          description: 'Successful responses in the time that is shown.',
          queries: [
            influxTable('SELECT sum("count") AS "responses" FROM "goal3" WHERE $timeFilter GROUP BY "country"'),
          ],
        }),
        rows(
          {
            title: 'Incidents',
            description: 'The newest first.',
            queries: [
              influxTable(
                'SELECT "severity", "state", "source_kind", "scope", "summary", "alerts" FROM "incidents" WHERE $timeFilter ORDER BY time DESC LIMIT 50',
              ),
            ],
          },
          SEVERITY,
        ),
      ],
    },
  ],
};
