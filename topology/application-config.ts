import type { Duration } from '@millrace/streams';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from './goals/goal-config.js';

/** What runs beside each other: the goals and the web statistics over access logs, and one for each other kind of source. */
export const PIPELINES = ['goals', 'web-statistics', 'sensors', 'services'] as const;
export type PipelineName = (typeof PIPELINES)[number];

export const DETECTOR_FAMILIES = ['adaptive', 'textbook'] as const;
export type DetectorFamily = (typeof DETECTOR_FAMILIES)[number];

/** The application's configuration; by default windows have the lengths of the contract. */
export interface ApplicationConfig extends GoalConfig {
  readonly pipelines: readonly PipelineName[];
  readonly webStatistics: {
    readonly size: Duration;
    /** A window with a larger share of responses of status 400 to 599 is flagged. */
    readonly errorRate: number;
    /** Of so many requests at least. */
    readonly leastRequests: number;
  };
  readonly sensors: {
    /** Degrees Celsius; a reading of more has the score 1. */
    readonly temperature: number;
    readonly pressure: number;
  };
  readonly services: {
    readonly size: Duration;
    readonly grace: Duration;
    readonly endpoints: {
      readonly size: Duration;
      /** More lines of an endpoint in a window are a traffic spike. */
      readonly requests: number;
      /** Of fewer responses nothing more is said. */
      readonly leastRequests: number;
      /** A larger share of responses of status 400 to 599 is a high error rate. */
      readonly errorRate: number;
      /** A longer mean response time in milliseconds is a slow response. */
      readonly responseTime: number;
    };
    readonly addresses: {
      readonly size: Duration;
      /** More lines of a client at a service in a window are abuse. */
      readonly requests: number;
      /** More responses of status 400 to 499 to a client in a window are a scan. */
      readonly clientErrors: number;
    };
  };
  /** `textbook`: the plain rules of services, `high_latency` and `error_spike`, for those who compare. */
  readonly detectors: readonly DetectorFamily[];
  /** Whether entities are missed by the clock when nothing comes at all: for live sources. */
  readonly watchesClock: boolean;
  /** An alert that comes so soon after the end of an incident of its scope belongs to it. */
  readonly incidentQuiet: Duration;
  readonly topics: GoalConfig['topics'] & {
    readonly webStatistics: string;
    readonly sensorReadings: string;
    readonly sensorScores: string;
    readonly sensorHours: string;
    readonly serviceLogs: string;
    readonly serviceHealth: string;
    readonly mlPredictions: string;
    readonly alerts: string;
    readonly incidents: string;
  };
}

export const DEFAULT_APPLICATION_CONFIG: ApplicationConfig = {
  ...DEFAULT_GOAL_CONFIG,
  pipelines: PIPELINES,
  webStatistics: { size: '1m', errorRate: 0.2, leastRequests: 20 },
  sensors: { temperature: 40, pressure: 120 },
  services: {
    size: '5s',
    grace: '1s',
    endpoints: { size: '1m', requests: 3000, leastRequests: 20, errorRate: 0.1, responseTime: 2000 },
    addresses: { size: '5s', requests: 60, clientErrors: 15 },
  },
  detectors: ['adaptive'],
  watchesClock: true,
  incidentQuiet: '30s',
  topics: {
    ...DEFAULT_GOAL_CONFIG.topics,
    webStatistics: 'web-stats-topic',
    sensorReadings: 'sensor-topic',
    sensorScores: 'anomalies',
    sensorHours: 'sensor-history',
    serviceLogs: 'logs',
    serviceHealth: 'service-health',
    mlPredictions: 'ml-predictions',
    alerts: 'alerts',
    incidents: 'incidents',
  },
};

type Topics = ApplicationConfig['topics'];

const WEB: readonly (keyof Topics)[] = ['accessLog'];
const ALERTS: readonly (keyof Topics)[] = ['alerts', 'incidents'];
const TOPICS_OF: Readonly<Record<PipelineName, readonly (keyof Topics)[]>> = {
  goals: [...WEB, 'goal1', 'goal2', 'goal3', 'goal4', 'serverErrors'],
  'web-statistics': [...WEB, 'webStatistics', ...ALERTS],
  sensors: ['sensorReadings', 'sensorScores', 'sensorHours', ...ALERTS],
  services: ['serviceLogs', 'serviceHealth', 'mlPredictions', ...ALERTS],
};

/** The topics of the pipelines that run; that of requests is always there. */
export function topicsOf({ pipelines, topics }: ApplicationConfig): Readonly<Partial<Topics>> {
  const used = new Set<keyof Topics>([...WEB, 'deadLetters', 'late', ...pipelines.flatMap((name) => TOPICS_OF[name])]);
  return Object.fromEntries(Object.entries(topics).filter(([role]) => used.has(role as keyof Topics)));
}
