import { type Board, tagVariable } from './board.js';
import { SEVERITY } from './colors.js';
import { bars, figure, ranking, rows } from './panels.js';
import { influx, influxTable } from './queries.js';

const CHOSEN = '"source_kind" =~ /^$kind$/ AND $timeFilter';

export const incidents: Board = {
  name: 'incidents',
  title: 'Incidents',
  description: 'Alerts of one scope and time are one incident.',
  page: '/incidents',
  from: 'now-6h',
  variables: [tagVariable('kind', 'Source', 'SHOW TAG VALUES FROM "incidents" WITH KEY = "source_kind"')],
  sections: [
    {
      panels: [
        figure(
          {
            title: 'Incidents',
            description: 'That began in the time that is shown.',
            span: 6,
            queries: [influx(`SELECT count("alerts") FROM "incidents" WHERE ${CHOSEN}`)],
          },
          [[1, 'orange']],
        ),
        figure({
          title: 'Over',
          description: 'Of those that began in the time that is shown: the others go on.',
          span: 6,
          queries: [influx(`SELECT count("alerts") FROM "incidents" WHERE "state" = 'resolved' AND ${CHOSEN}`)],
        }),
        figure(
          {
            title: 'Critical',
            description: 'By their gravest alert.',
            span: 6,
            queries: [influx(`SELECT count("alerts") FROM "incidents" WHERE "severity" = 'critical' AND ${CHOSEN}`)],
          },
          [[1, 'red']],
        ),
        figure({
          title: 'Alerts in them',
          description: 'What their detectors have told.',
          span: 6,
          queries: [influx(`SELECT sum("alerts") FROM "incidents" WHERE ${CHOSEN}`)],
        }),
      ],
    },
    {
      panels: [
        bars({
          title: 'Incidents by source',
          description: 'By when they began.',
          every: '1m',
          queries: [
            influx(
              `SELECT count("alerts") FROM "incidents" WHERE ${CHOSEN} GROUP BY time($__interval), "source_kind" fill(none)`,
              '$tag_source_kind',
            ),
          ],
        }),
        ranking({
          title: 'Alerts by source',
          description: 'In the incidents of the time that is shown.',
          queries: [
            influxTable(`SELECT sum("alerts") AS "alerts" FROM "incidents" WHERE ${CHOSEN} GROUP BY "source_kind"`),
          ],
        }),
        rows(
          {
            title: 'Incidents',
            description: 'Each as it is now, the newest first.',
            queries: [
              influxTable(
                `SELECT "severity", "state", "source_kind", "scope", "summary", "alerts", "resolved", "id" FROM "incidents" WHERE ${CHOSEN} ORDER BY time DESC LIMIT 200`,
              ),
            ],
          },
          SEVERITY,
        )
          .overrideByName('resolved', [{ id: 'unit', value: 'dateTimeAsIso' }])
          .overrideByName('id', [
            {
              id: 'links',
              // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's variables
              value: [{ title: 'Open in Millrace', url: '${millrace}/incidents/${__value.raw}', targetBlank: true }],
            },
          ]),
      ],
    },
  ],
};
