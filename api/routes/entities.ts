import { z } from 'zod';
import { latestBy, only, windowsIn } from '../live/latest.js';
import { boundedRange, range as rangeQuery } from '../parameters.js';
import { notFound } from '../problems.js';
import {
  mlPredictionRecord,
  sensorHourRecord,
  sensorScoreRecord,
  serviceHealthRecord,
  timeSchema,
  webStatisticsRecord,
} from '../records.js';
import { type Resource, route } from '../route.js';
import { expectedOf, openIncidentsOf } from './monitored.js';

const HALF_AN_HOUR_MS = 30 * 60_000;
const DAY_MS = 86_400_000;
const MOST_POINTS = 5_000;

const incidentIds = z.array(z.string()).meta({ description: 'Ids of incidents that are not over.' });
const expected = z
  .object({
    fields: z.array(z.string()),
    low: z.number().nullable(),
    high: z.number().nullable(),
    detector: z.string(),
    time: timeSchema,
  })
  .nullable()
  .meta({
    id: 'Expected',
    description: 'What a detector takes for usual, as its newest alert says; null where none does.',
  });
const nameParams = (name: string) => z.object({ [name]: z.string().min(1).max(500) });

export const services: Resource = {
  name: 'services',
  description: 'Services, from the topic `service-health`.',
  routes: [
    route({
      method: 'get',
      path: '/services',
      summary: 'All services as they are now, those that are worst first',
      role: 'viewer',
      answer: z.object({ items: z.array(serviceHealthRecord.extend({ incidents: incidentIds })) }),
      handle(_, { live }) {
        const latest = [...latestBy(live.serviceHealth, ({ service }) => service).values()];
        const gravity = { down: 0, degraded: 1, healthy: 2 };
        latest.sort(
          (one, other) => gravity[one.health] - gravity[other.health] || one.service.localeCompare(other.service),
        );
        return {
          items: latest.map((health) => ({
            ...health,
            incidents: openIncidentsOf(live, 'service', health.service),
          })),
        };
      },
    }),
    route({
      method: 'get',
      path: '/services/{name}',
      summary: 'A service now and in a range',
      role: 'viewer',
      params: nameParams('name'),
      query: rangeQuery,
      problems: [404],
      answer: z.object({
        latest: serviceHealthRecord,
        series: z.array(serviceHealthRecord),
        predictions: z.array(mlPredictionRecord),
        incidents: incidentIds,
        expected,
      }),
      handle({ params, query }, { live }) {
        const { name = '' } = params;
        const range = boundedRange(query, live.latestTime, HALF_AN_HOUR_MS);
        const own = only(live.serviceHealth, ({ service }) => service === name);
        const latest = latestBy(own, ({ service }) => service).get(name);
        if (latest === undefined) throw notFound('service', name);
        return {
          latest,
          series: windowsIn(
            only(live.serviceHealth, ({ service }) => service === name),
            range,
            MOST_POINTS,
          ),
          predictions: windowsIn(
            only(live.mlPredictions, ({ service }) => service === name),
            range,
            MOST_POINTS,
          ),
          incidents: openIncidentsOf(live, 'service', name),
          expected: expectedOf(live, 'service', name),
        };
      },
    }),
  ],
};

export const hosts: Resource = {
  name: 'hosts',
  description: 'Hosts of requests, from the topic `web-stats-topic`; the host `*` is all of them.',
  routes: [
    route({
      method: 'get',
      path: '/hosts',
      summary: 'All hosts in their newest minute, those with most requests first',
      role: 'viewer',
      answer: z.object({ items: z.array(webStatisticsRecord.extend({ incidents: incidentIds })) }),
      handle(_, { live }) {
        const latest = [...latestBy(live.webStatistics, ({ host }) => host).values()];
        latest.sort((one, other) => other.request_count - one.request_count || one.host.localeCompare(other.host));
        return {
          items: latest.map((web) => ({ ...web, incidents: openIncidentsOf(live, 'web', web.host) })),
        };
      },
    }),
    route({
      method: 'get',
      path: '/hosts/{host}',
      summary: 'A host now and in a range',
      role: 'viewer',
      params: nameParams('host'),
      query: rangeQuery,
      problems: [404],
      answer: z.object({
        latest: webStatisticsRecord,
        series: z.array(webStatisticsRecord),
        incidents: incidentIds,
        expected,
      }),
      handle({ params, query }, { live }) {
        const { host: name = '' } = params;
        const range = boundedRange(query, live.latestTime, HALF_AN_HOUR_MS);
        const own = () => only(live.webStatistics, ({ host }) => host === name);
        const latest = latestBy(own(), ({ host }) => host).get(name);
        if (latest === undefined) throw notFound('host', name);
        return {
          latest,
          series: windowsIn(own(), range, MOST_POINTS),
          incidents: openIncidentsOf(live, 'web', name),
          expected: expectedOf(live, 'web', name),
        };
      },
    }),
  ],
};

export const sensors: Resource = {
  name: 'sensors',
  description: 'Sensors, from the topics `anomalies` (each reading) and `sensor-history` (by the hour).',
  routes: [
    route({
      method: 'get',
      path: '/sensors',
      summary: 'All sensors at their newest reading, the oddest first',
      role: 'viewer',
      answer: z.object({ items: z.array(sensorScoreRecord.extend({ incidents: incidentIds })) }),
      handle(_, { live }) {
        const latest = [...latestBy(live.sensorScores, (score) => score.sensor_id).values()];
        const oddness = (score: (typeof latest)[number]) => score.anomaly_score + score.learned_score;
        latest.sort((one, other) => oddness(other) - oddness(one) || one.sensor_id.localeCompare(other.sensor_id));
        return {
          items: latest.map((score) => ({ ...score, incidents: openIncidentsOf(live, 'sensor', score.sensor_id) })),
        };
      },
    }),
    route({
      method: 'get',
      path: '/sensors/{id}',
      summary: 'A sensor now and in a range',
      role: 'viewer',
      params: nameParams('id'),
      query: rangeQuery,
      problems: [404],
      answer: z.object({
        latest: sensorScoreRecord,
        series: z.array(sensorScoreRecord),
        hours: z.array(sensorHourRecord),
        incidents: incidentIds,
        expected,
      }),
      handle({ params, query }, { live }) {
        const { id = '' } = params;
        const { from, to } = boundedRange(query, live.latestTime, HALF_AN_HOUR_MS);
        const own = () => only(live.sensorScores, (score) => score.sensor_id === id);
        const latest = latestBy(own(), (score) => score.sensor_id).get(id);
        if (latest === undefined) throw notFound('sensor', id);
        const series = [...own()].filter(({ timestamp }) => timestamp >= from && timestamp < to).slice(0, MOST_POINTS);
        return {
          latest,
          series: series.sort((one, other) => one.timestamp - other.timestamp),
          hours: windowsIn(
            only(live.sensorHours, (hour) => hour.sensor_id === id),
            { from: Math.min(from, to - DAY_MS), to },
          ),
          incidents: openIncidentsOf(live, 'sensor', id),
          expected: expectedOf(live, 'sensor', id),
        };
      },
    }),
  ],
};
