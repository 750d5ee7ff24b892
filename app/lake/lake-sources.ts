import type { LakeSource } from '../../lake/sources.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../topology/application-config.js';

const { topics } = DEFAULT_APPLICATION_CONFIG;

/** The topics that are stored, where they are there. A window's time is its start. */
export const LAKE_SOURCES: readonly LakeSource[] = [
  { kind: 'access', topic: topics.accessLog },
  { kind: 'goal1', topic: topics.goal1, timeField: 'window_start' },
  { kind: 'goal2', topic: topics.goal2, timeField: 'window_start' },
  { kind: 'goal3', topic: topics.goal3, timeField: 'window_start' },
  { kind: 'goal4', topic: topics.goal4, timeField: 'window_start' },
  { kind: 'server-errors', topic: topics.serverErrors, timeField: 'window_start' },
  { kind: 'web-stats', topic: topics.webStatistics, timeField: 'window_start' },
  { kind: 'sensor', topic: topics.sensorReadings },
  { kind: 'sensor-score', topic: topics.sensorScores },
  { kind: 'sensor-hour', topic: topics.sensorHours, timeField: 'window_start' },
  { kind: 'service', topic: topics.serviceLogs },
  { kind: 'service-health', topic: topics.serviceHealth, timeField: 'window_start' },
  { kind: 'ml-prediction', topic: topics.mlPredictions, timeField: 'window_start' },
  { kind: 'alert', topic: topics.alerts, timeField: 'time' },
  { kind: 'incident', topic: topics.incidents, timeField: 'updated' },
];
