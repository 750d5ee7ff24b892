import type { Board } from './board.js';
import type { Filters, Metric, Terms } from './chart.js';

const terms = (label: string, field: string, size = 10, type: Terms['type'] = 'string'): Terms => ({
  ...{ label, field, size, type },
});
const metric = (label: string, operation: NonNullable<Metric['of']>['operation'], field: string): Metric => ({
  ...{ label, of: { operation, field } },
});
const percentile = (label: string, field: string): Metric => ({
  ...{ label, of: { operation: 'percentile', field, percentile: 95 } },
});

const COUNT: Metric = { label: 'count' };
const CLASSES: Filters = {
  label: 'status',
  filters: {
    '1xx': 'status:[100 TO 199]',
    '2xx': 'status:[200 TO 299]',
    '3xx': 'status:[300 TO 399]',
    '4xx': 'status:[400 TO 499]',
    '5xx': 'status:[500 TO 599]',
  },
};
const SEVERITY = terms('severity', 'severity', 5);

/** Windows overlap: of each entity the largest count is shown, and never the sum. */
const WORST = metric('most in a window', 'max', 'count');

const web: Board = {
  name: 'web',
  title: 'Web',
  description: 'Requests, and what the goals find in them.',
  rows: [
    {
      height: 6,
      parts: [
        { title: 'Requests', index: 'test-inter', shape: 'metric', metrics: [{ label: 'requests' }] },
        {
          ...{ title: 'Clients', index: 'test-inter', shape: 'metric' },
          metrics: [metric('clients', 'unique_count', 'client_ip')],
        },
        {
          ...{ title: 'Server errors', index: 'test-inter', shape: 'metric', query: 'status:[500 TO 599]' },
          metrics: [{ label: 'responses of 500 to 599' }],
        },
        {
          ...{ title: 'Response time', index: 'test-inter', shape: 'metric' },
          metrics: [percentile('95 % are faster, s', 'request_time')],
        },
      ],
    },
    {
      height: 12,
      parts: [
        { title: 'Requests by status', index: 'test-inter', shape: 'bars', metrics: [COUNT], by: CLASSES },
        {
          ...{ title: 'Response time by host, 95 % are faster', index: 'test-inter', shape: 'lines' },
          ...{ metrics: [percentile('seconds', 'request_time')], by: terms('host', 'host', 8) },
        },
      ],
    },
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Clients that ask too often (goal 1)', index: 'goal1-topic', shape: 'table' },
          ...{ metrics: [WORST], by: terms('client', 'client_ip', 20, 'ip') },
        },
        {
          ...{ title: 'Hosts that refuse much (goal 2)', index: 'goal2-topic', shape: 'lines' },
          ...{ metrics: [WORST], by: terms('host', 'host', 8) },
        },
        {
          ...{ title: 'Bursts of server errors', index: 'server-errors-topic', shape: 'lines' },
          ...{ metrics: [WORST], by: terms('host', 'host', 8) },
        },
      ],
    },
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Successes by country (goal 3)', index: 'goal3-topic', shape: 'treemap' },
          ...{ metrics: [metric('responses', 'sum', 'count')], by: terms('country', 'country', 20) },
        },
        {
          ...{ title: 'Mean response time (goal 4)', index: 'goal4-topic', shape: 'lines' },
          ...{ metrics: [metric('seconds', 'average', 'avg_request_time')], by: terms('host', 'host', 8) },
        },
      ],
    },
    { height: 14, parts: [{ search: 'failed-requests' }] },
  ],
};

const services: Board = {
  name: 'services',
  title: 'Services',
  description: 'What services log, and how they do.',
  rows: [
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Lines by level', index: 'logs', shape: 'bars' },
          ...{ metrics: [COUNT], by: terms('level', 'level', 8) },
        },
        {
          ...{ title: 'Errors by service', index: 'logs', shape: 'table', query: 'level:ERROR OR status:[500 TO 599]' },
          ...{ metrics: [COUNT], by: terms('service', 'service', 20) },
        },
      ],
    },
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Response time, 95 % are faster', index: 'service-health', shape: 'lines' },
          ...{ metrics: [metric('ms', 'max', 'p95_response_time')], by: terms('service', 'service', 8) },
        },
        {
          ...{ title: 'Share of errors', index: 'service-health', shape: 'lines' },
          ...{ metrics: [metric('share', 'average', 'error_rate')], by: terms('service', 'service', 8) },
        },
      ],
    },
    { height: 16, parts: [{ search: 'service-errors' }] },
  ],
};

const sensors: Board = {
  name: 'sensors',
  title: 'Sensors',
  description: 'Readings of sensors and what is odd about them.',
  rows: [
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Temperature, °C', index: 'anomalies', shape: 'lines' },
          ...{ metrics: [metric('mean', 'average', 'temperature')], by: terms('sensor', 'sensor_id', 8) },
        },
        {
          ...{ title: 'Pressure', index: 'anomalies', shape: 'lines' },
          ...{ metrics: [metric('mean', 'average', 'pressure')], by: terms('sensor', 'sensor_id', 8) },
        },
      ],
    },
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Anomalies by sensor', index: 'anomalies', shape: 'table', query: 'is_anomaly:true' },
          ...{ metrics: [COUNT, metric('highest score', 'max', 'anomaly_score')] },
          by: terms('sensor', 'sensor_id', 20),
        },
        {
          ...{ title: 'Readings over the limits', index: 'sensor-history', shape: 'bars' },
          ...{ metrics: [metric('readings', 'sum', 'over_limit')], by: terms('sensor', 'sensor_id', 8) },
        },
      ],
    },
    { height: 14, parts: [{ search: 'odd-readings' }] },
  ],
};

const incidents: Board = {
  name: 'incidents',
  title: 'Incidents',
  description: 'Incidents and the alerts that they are made of, each as it is now.',
  rows: [
    {
      height: 6,
      parts: [
        {
          ...{ title: 'Open incidents', index: 'incidents', shape: 'metric', query: 'NOT state:resolved' },
          metrics: [{ label: 'not resolved' }],
        },
        { title: 'Incidents', index: 'incidents', shape: 'metric', metrics: [{ label: 'incidents' }] },
        { title: 'Alerts', index: 'alerts', shape: 'metric', metrics: [{ label: 'alerts' }] },
      ],
    },
    {
      height: 12,
      parts: [
        {
          ...{ title: 'Incidents by severity', index: 'incidents', shape: 'bars', metrics: [COUNT], by: SEVERITY },
        },
        {
          ...{ title: 'Alerts by detector', index: 'alerts', shape: 'bars' },
          ...{ metrics: [COUNT], by: terms('detector', 'detector', 12) },
        },
        {
          ...{ title: 'Entities with the most alerts', index: 'alerts', shape: 'table' },
          ...{ metrics: [COUNT], by: terms('entity', 'entity', 20) },
        },
      ],
    },
    { height: 12, parts: [{ search: 'incidents' }] },
    { height: 14, parts: [{ search: 'alerts' }] },
  ],
};

export const boards: readonly Board[] = [web, services, sensors, incidents];
