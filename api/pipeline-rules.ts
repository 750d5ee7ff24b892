import { type Duration, toMilliseconds } from '@millrace/streams';
import type { ApplicationConfig } from '../topology/application-config.js';

const SHARE = 'of responses';

/** What a pipeline was started with, beside its configuration: what is left out at the door, and how long is kept. */
export interface PipelineRules {
  /** Such as `client_ip=/24`. */
  readonly mask: readonly string[];
  /** Fields that are left out. */
  readonly drop: readonly string[];
  /** Milliseconds by topic, under the empty name of all others. */
  readonly retention: Readonly<Record<string, number>>;
  /** Bytes by topic, likewise. */
  readonly retentionSize: Readonly<Record<string, number>>;
  /** Undefined: it stores nothing in a lake, or deletes nothing there. */
  readonly lake: { readonly ageMs: number; readonly sizeBytes: number } | undefined;
}

type Limit = readonly [
  detector: string,
  of: string,
  most: number | null | undefined,
  unit: string | null,
  window: Duration | undefined,
  setting: string,
];

/** What pipelines count as unusual, each with the option that sets it; a limit of null is learned of each entity. */
export function shownLimits({ goal1, goal2, sensors, serverErrors, services, webStatistics }: ApplicationConfig) {
  const { addresses, endpoints, falseAlarmsPerWeek } = services;
  const limits: readonly Limit[] = [
    ['goal 1', 'requests of a client', goal1.threshold, 'requests', goal1.size, 'goal1-threshold'],
    ['goal 2', 'requests of a host', goal2.threshold, 'requests', goal2.size, 'goal2-threshold'],
    ...(serverErrors === undefined ? [] : [ofServerErrors(serverErrors)]),
    ['web statistics', 'of status 4xx and 5xx', webStatistics.errorRate, SHARE, webStatistics.size, 'error-rate-limit'],
    ['sensors', 'temperature', sensors.temperature, '°C', undefined, 'temperature-limit'],
    ['sensors', 'pressure', sensors.pressure, null, undefined, 'pressure-limit'],
    ['services', 'false alarms by chance', falseAlarmsPerWeek, 'a week', undefined, 'false-alarms'],
    ['services', 'lines of an endpoint', endpoints.requests, 'lines', endpoints.size, 'endpoint-limit'],
    ['services', 'failed of an endpoint', endpoints.errorRate, SHARE, endpoints.size, 'endpoint-error-limit'],
    ['services', 'mean response time', endpoints.responseTime, 'ms', endpoints.size, 'endpoint-time-limit'],
    ['services', 'lines of a client', addresses.requests, 'lines', addresses.size, 'client-limit'],
    ['services', 'refused of a client', addresses.clientErrors, 'responses', addresses.size, 'scan-limit'],
  ];
  return limits.map(([detector, of, most = null, unit, window, setting]) => ({
    ...{ detector, of, most, unit, setting },
    window_ms: window === undefined ? null : toMilliseconds(window, 'the window'),
  }));
}

function ofServerErrors({ size, threshold }: NonNullable<ApplicationConfig['serverErrors']>): Limit {
  return ['bursts of 5xx', 'failed requests of a host', threshold, 'requests', size, 'server-errors-threshold'];
}
