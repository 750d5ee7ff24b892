import { boards } from './boards.js';
import { savedDashboard } from './saved-dashboard.js';
import { dataView, type SavedObject, type Search, savedSearch } from './saved-objects.js';

/** Those of the connectors. */
const INDICES = [
  ...['test-inter', 'goal1-topic', 'goal2-topic', 'goal3-topic', 'goal4-topic', 'server-errors-topic'],
  ...['web-stats-topic', 'traffic', 'logs', 'service-health', 'anomalies', 'sensor-history', 'alerts', 'incidents'],
];

const SEARCHES: readonly Search[] = [
  {
    ...{ name: 'failed-requests', title: 'failed requests', index: 'test-inter', query: 'status:[500 TO 599]' },
    description: 'Requests that the server could not answer.',
    columns: ['client_ip', 'host', 'method', 'path', 'status', 'request_time', 'country'],
  },
  {
    ...{ name: 'service-errors', title: 'errors of services', index: 'logs' },
    query: 'level:ERROR OR status:[500 TO 599]',
    description: 'Lines of the level ERROR, and responses of 500 to 599.',
    columns: ['service', 'level', 'message', 'endpoint', 'status', 'response_time'],
  },
  {
    ...{ name: 'odd-readings', title: 'odd readings', index: 'anomalies', query: 'is_anomaly:true' },
    description: 'Readings of sensors that are anomalies.',
    columns: ['sensor_id', 'temperature', 'pressure', 'value', 'anomaly_score', 'learned_score', 'fields'],
  },
  {
    ...{ name: 'alerts', title: 'alerts', index: 'alerts', query: '*' },
    description: 'Anomalies that were detected, each as it is now.',
    columns: ['severity', 'state', 'entity', 'detector', 'value', 'expected_low', 'expected_high', 'explanation'],
  },
  {
    ...{ name: 'incidents', title: 'incidents', index: 'incidents', query: '*' },
    description: 'Alerts of one scope and time, as one incident.',
    columns: ['severity', 'state', 'summary', 'alerts', 'entities', 'detectors', 'resolved'],
  },
];

/** All objects, those first that others refer to. */
export function savedObjects(): readonly SavedObject[] {
  return [...INDICES.map(dataView), ...SEARCHES.map(savedSearch), ...boards.map(savedDashboard)];
}
