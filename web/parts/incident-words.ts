import type { Alert, Incident } from '../api/client.js';
import { list } from './wording.js';

/** What is the matter, by the detector that found it; those that watch several things say it by the alert's fields. */
const OF_DETECTOR: Readonly<Record<string, string>> = {
  'high-error-rate': 'failing',
  HIGH_ERROR_RATE: 'failing',
  ERROR_SPIKE: 'failing',
  error_spike: 'failing',
  SLOW_RESPONSE: 'slow',
  HIGH_LATENCY: 'slow',
  high_latency: 'slow',
  'erratic-response-times': 'erratic',
  'traffic-surge': 'busier than usual',
  'traffic-drop': 'quieter than usual',
  HIGH_REQUEST_VOLUME: 'busier than usual',
  ABUSIVE_ADDRESS: 'asked too often',
  CLIENT_ERROR_SCAN: 'scanned',
  'abusive-client': 'over its limit',
  'client-errors': 'refusing requests',
  'failing-instance': 'failing on one instance',
  silence: 'silent',
  'over-limit': 'over its limit',
  'unusual-reading': 'reading unusually',
};

const OF_FIELD: Readonly<Record<string, string>> = {
  response_time: 'slow',
  level: 'failing',
  status: 'failing',
  error_rate: 'failing',
  stddev_response_time: 'erratic',
  temperature: 'too hot or cold',
  pressure: 'at an unusual pressure',
  value: 'at an unusual value',
};

const GRAVITY = { critical: 0, warning: 1, info: 2 } as const;

export function gravityOf({ severity }: { readonly severity: Incident['severity'] }): number {
  return GRAVITY[severity];
}

function wordsOfAlert({ detector, entity, expected_high: high, fields, scope, value }: Alert): string[] {
  const named = OF_DETECTOR[detector];
  if (detector === 'over-limit' && high !== null) {
    return [`over ${high}${fields.includes('temperature') ? ' °C' : ''}`];
  }
  if (detector === 'ABUSIVE_ADDRESS' || detector === 'CLIENT_ERROR_SCAN') {
    return [`${named} by ${entity.replace(`${nameOf(scope)} `, '')}`];
  }
  if (named !== undefined) return [named];
  return fields.map((field) => {
    if (field === 'service' || field === 'request_count') {
      return high !== null && value > high ? 'busier than usual' : 'quieter than usual';
    }
    return OF_FIELD[field] ?? 'not as usual';
  });
}

/** Of its alerts, the gravest first, two words at most; without them, of its detectors. */
export function matterOf(incident: Incident, alerts: readonly Alert[] = []): string {
  const own = alerts
    .filter(({ scope, time }) => scope === incident.scope && time >= incident.opened && time <= lastTime(incident))
    .toSorted((one, other) => gravityOf(one) - gravityOf(other) || one.time - other.time);
  const words = own.length > 0 ? own.flatMap(wordsOfAlert) : incident.detectors.map((name) => OF_DETECTOR[name]);
  const known = [...new Set(words.filter((word) => word !== undefined))];
  return list(known.length === 0 ? ['not as usual'] : known.slice(0, 2));
}

function lastTime({ resolved }: Incident): number {
  return resolved ?? Number.POSITIVE_INFINITY;
}

/** The name within a scope, such as `web-api` of `service/web-api`. */
export function nameOf(scope: string): string {
  return scope.slice(scope.indexOf('/') + 1);
}

export function titleOf(incident: Incident, alerts?: readonly Alert[]): string {
  return `${everyHost(nameOf(incident.scope))} is ${matterOf(incident, alerts)}`;
}

export function everyHost(name: string): string {
  return name === '*' ? 'All hosts together' : name;
}

/** The gravest that is open; of equals the one that began last. */
export function gravestOf(incidents: readonly Incident[]): Incident | undefined {
  return incidents
    .filter((incident) => isOpen(incident))
    .toSorted(
      (one, other) => gravityOf(one) - gravityOf(other) || rankOf(one) - rankOf(other) || other.opened - one.opened,
    )[0];
}

/** A service says more of a fault than the hosts before it, and both more than a sensor. */
function rankOf({ source_kind: kind }: Incident): number {
  return kind === 'service' ? 0 : kind === 'web' ? 1 : 2;
}

export function isOngoing({ state }: Pick<Incident, 'state'>): boolean {
  return state !== 'resolved';
}

/** Whether it goes on, and nobody has said that it is fine. */
export function isOpen(incident: Pick<Incident, 'state' | 'was_fine'>): boolean {
  return isOngoing(incident) && !incident.was_fine;
}
