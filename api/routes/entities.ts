import { z } from 'zod';
import type { WebStatistics } from '../../schemas/records.js';
import { summed } from '../live/first-minute.js';
import { latestBy, only, windowsIn } from '../live/latest.js';
import type { LiveResults } from '../live/live-results.js';
import { boundedRange, range as rangeQuery } from '../parameters.js';
import { notFound } from '../problems.js';
import {
  mlPredictionRecord,
  sensorHourRecord,
  sensorScoreRecord,
  serviceHealthRecord,
  timeSchema,
  trafficRecord,
  webStatisticsRecord,
} from '../records.js';
import { type Resource, route } from '../route.js';
import { hostForecast, serviceForecast } from './forecasts.js';
import { expectedOf, openIncidentsOf } from './monitored.js';

const HALF_AN_HOUR_MS = 30 * 60_000;
const DAY_MS = 86_400_000;
const MAX_POINTS = 5_000;

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
            MAX_POINTS,
          ),
          predictions: windowsIn(
            only(live.mlPredictions, ({ service }) => service === name),
            range,
            MAX_POINTS,
          ),
          incidents: openIncidentsOf(live, 'service', name),
          expected: expectedOf(live, 'service', name),
        };
      },
    }),
    serviceForecast,
  ],
};

const hostNow = webStatisticsRecord.extend({
  topic: z.enum(['web-stats-topic', 'traffic']).meta({
    description:
      'What it is of. `traffic`: the first minute of the host is not over, and this is the sum of its windows of 5 s so far; percentiles are null, for they do not add up.',
  }),
});

type HostNow = WebStatistics & Pick<z.output<typeof hostNow>, 'topic'>;

/** The newest minute of each host, or what is known of the first. */
function hostsNow(live: LiveResults): HostNow[] {
  const minutes = latestBy(live.webStatistics, ({ host }) => host);
  const first = only(live.traffic, ({ host }) => !minutes.has(host));
  return [
    ...[...minutes.values()].map((web) => ({ ...web, topic: 'web-stats-topic' as const })),
    ...summed(first).map((web) => ({ ...web, topic: 'traffic' as const })),
  ];
}

export const hosts: Resource = {
  name: 'hosts',
  description:
    'Hosts of requests, from the topic `web-stats-topic`, and before their first minute is over from `traffic`; the host `*` is all of them.',
  routes: [
    route({
      method: 'get',
      path: '/hosts',
      summary: 'All hosts in their newest minute, those with most requests first',
      role: 'viewer',
      answer: z.object({ items: z.array(hostNow.extend({ incidents: incidentIds })) }),
      handle(_, { live }) {
        const latest = hostsNow(live);
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
        latest: hostNow,
        series: z.array(webStatisticsRecord),
        traffic: z.array(trafficRecord).meta({ description: 'By 5 s, as far as they are kept in memory.' }),
        incidents: incidentIds,
        expected,
      }),
      handle({ params, query }, { live }) {
        const { host: name = '' } = params;
        const range = boundedRange(query, live.latestTime, HALF_AN_HOUR_MS);
        const latest = hostsNow(live).find(({ host }) => host === name);
        if (latest === undefined) throw notFound('host', name);
        const isOwn = ({ host }: { readonly host: string }) => host === name;
        return {
          latest,
          series: windowsIn(only(live.webStatistics, isOwn), range, MAX_POINTS),
          traffic: windowsIn(only(live.traffic, isOwn), range, MAX_POINTS),
          incidents: openIncidentsOf(live, 'web', name),
          expected: expectedOf(live, 'web', name),
        };
      },
    }),
    hostForecast,
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
        const series = [...own()].filter(({ timestamp }) => timestamp >= from && timestamp < to).slice(0, MAX_POINTS);
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
