import { type Board, tagVariable } from './board.js';
import { figure, lines, rows } from './panels.js';
import { influx, influxTable } from './queries.js';

const CHOSEN = '"sensor_id" =~ /^$sensor$/ AND $timeFilter';

const bySensor = (field: string, of: 'mean' | 'max' | 'count' = 'mean') =>
  influx(
    `SELECT ${of}("${field}") FROM "sensors" WHERE ${CHOSEN} GROUP BY time($__interval), "sensor_id" fill(none)`,
    '$tag_sensor_id',
  );

export const sensors: Board = {
  name: 'sensors',
  title: 'Sensors',
  description: 'What sensors read, and how unusual that is.',
  page: '/sensors',
  from: 'now-30m',
  variables: [tagVariable('sensor', 'Sensor', 'SHOW TAG VALUES FROM "sensors" WITH KEY = "sensor_id"')],
  sections: [
    {
      panels: [
        figure({
          title: 'Readings',
          description: 'In the time that is shown.',
          queries: [influx(`SELECT count("anomaly_score") FROM "sensors" WHERE ${CHOSEN}`)],
        }),
        figure(
          {
            title: 'Over a limit',
            description: 'Of temperature or pressure.',
            queries: [influx(`SELECT sum("anomaly_score") FROM "sensors" WHERE ${CHOSEN}`)],
          },
          [[1, 'red']],
        ),
        figure(
          {
            title: 'Unusual',
            description: 'Over a limit, or unlike what the sensor usually reads.',
            queries: [influx(`SELECT count("anomaly_score") FROM "sensors" WHERE "is_anomaly" = true AND ${CHOSEN}`)],
          },
          [[1, 'orange']],
        ),
        figure({
          title: 'Warmest',
          description: 'In the time that is shown.',
          unit: 'celsius',
          queries: [influx(`SELECT max("temperature") FROM "sensors" WHERE ${CHOSEN}`)],
        }),
        figure({
          title: 'Highest pressure',
          description: "In the sensors' unit.",
          queries: [influx(`SELECT max("pressure") FROM "sensors" WHERE ${CHOSEN}`)],
        }),
        figure({
          title: 'Most unusual',
          description: 'The highest learned score, from 0 to 1.',
          queries: [influx(`SELECT max("learned_score") FROM "sensors" WHERE ${CHOSEN}`)],
        }),
      ],
    },
    {
      panels: [
        lines({
          title: 'Temperature',
          description: 'Means of each step.',
          unit: 'celsius',
          every: '1s',
          queries: [bySensor('temperature')],
        }),
        lines({
          title: 'Pressure and other quantities',
          description: "Means of each step, in the sensors' unit.",
          every: '1s',
          queries: [
            influx(
              `SELECT mean("pressure") AS "pressure", mean("value") AS "value" FROM "sensors" WHERE ${CHOSEN} GROUP BY time($__interval), "sensor_id" fill(none)`,
              '$tag_sensor_id $col',
            ),
          ],
        }),
        lines({
          title: 'Learned score',
          description: 'The most of each step; 0 while a sensor is being learned.',
          every: '1s',
          queries: [bySensor('learned_score', 'max')],
        }),
        lines({
          title: 'Readings',
          description: 'Of each step: a sensor that is silent has none.',
          every: '10s',
          queries: [bySensor('anomaly_score', 'count')],
        }),
        rows({
          title: 'Unusual readings',
          description: 'The newest first.',
          queries: [
            influxTable(
              `SELECT "sensor_id", "temperature", "pressure", "value", "learned_score" FROM "sensors" WHERE "is_anomaly" = true AND ${CHOSEN} ORDER BY time DESC LIMIT 100`,
            ),
          ],
        }),
      ],
    },
  ],
};
