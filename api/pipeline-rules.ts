import { type Duration, toMilliseconds } from '@millrace/streams';
import type { ApplicationConfig } from '../topology/application-config.js';

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

/** What pipelines count as unusual, each with the option that sets it; a limit of null is learned of each entity. */
export function limitsOf(config: ApplicationConfig) {
  const { goal1, goal2, sensors, serverErrors, services, webStatistics } = config;
  const { addresses, endpoints } = services;
  const [requests, share] = ['requests', 'of responses'];
  return [
    limit('goal 1', 'requests of a client', goal1.threshold, requests, goal1.size, 'goal1-threshold'),
    limit('goal 2', 'requests of a host', goal2.threshold, requests, goal2.size, 'goal2-threshold'),
    ...(serverErrors === undefined
      ? []
      : [
          limit(
            ...(['bursts of 5xx', 'failed requests of a host', serverErrors.threshold, requests] as const),
            ...([serverErrors.size, 'server-errors-threshold'] as const),
          ),
        ]),
    limit(
      'web statistics',
      'of status 4xx and 5xx',
      webStatistics.errorRate,
      share,
      webStatistics.size,
      'error-rate-limit',
    ),
    limit('sensors', 'temperature', sensors.temperature, '°C', undefined, 'temperature-limit'),
    limit('sensors', 'pressure', sensors.pressure, null, undefined, 'pressure-limit'),
    limit('services', 'false alarms by chance', services.falseAlarmsPerWeek, 'a week', undefined, 'false-alarms'),
    limit('services', 'lines of an endpoint', endpoints.requests ?? null, 'lines', endpoints.size, 'endpoint-limit'),
    limit(
      'services',
      'failed of an endpoint',
      endpoints.errorRate ?? null,
      share,
      endpoints.size,
      'endpoint-error-limit',
    ),
    limit(
      'services',
      'mean response time',
      endpoints.responseTime ?? null,
      'ms',
      endpoints.size,
      'endpoint-time-limit',
    ),
    limit('services', 'lines of a client', addresses.requests, 'lines', addresses.size, 'client-limit'),
    limit('services', 'refused of a client', addresses.clientErrors, 'responses', addresses.size, 'scan-limit'),
  ];
}

function limit(
  detector: string,
  of: string,
  most: number | null,
  unit: string | null,
  window: Duration | undefined,
  setting: string,
) {
  return {
    detector,
    of,
    most,
    unit,
    window_ms: window === undefined ? null : toMilliseconds(window, 'the window'),
    setting,
  };
}
