import type { Alert, Incident } from '../../schemas/records.js';
import { familyOf } from '../../topology/incidents/hosts-together.js';
import type { LogSource } from '../records.js';
import { maskedMessage } from '../search/message-pattern.js';
import { only, windowsIn } from './latest.js';
import type { LiveRecord } from './live-record.js';
import { type LiveResults, lineOf } from './live-results.js';

const AROUND_MS = 30 * 60_000;
const HOUR_MS = 3_600_000;
const SAMPLES = 20;
const MAX_POINTS = 3_000;
const SIMILAR = 5;
const MAX_SAME_REQUESTS = 10;

const SOURCE_OF_KIND = { service: 'services', web: 'requests', sensor: 'sensors' } as const;

/** An alert as it is now. */
export interface AlertOfIncident extends Alert {
  readonly resolved: number | null;
}

/** The alerts of an incident's scope and time, and those of other hosts that it names, the earliest first. */
export function alertsOf(
  live: LiveResults,
  { detectors, entities, opened, resolved, scope, source_kind, updated }: Incident,
): AlertOfIncident[] {
  const until = resolved ?? Math.max(updated, live.latestTime);
  const byId = new Map<string, { opened?: Alert; resolved?: Alert }>();
  for (const alert of live.alerts) {
    if (alert.source_kind !== source_kind) continue;
    const isOfIt =
      alert.scope === scope ||
      (familyOf(alert.scope) === familyOf(scope) &&
        entities.includes(alert.entity) &&
        detectors.includes(alert.detector));
    if (!isOfIt) continue;
    const known = byId.get(alert.id) ?? {};
    byId.set(alert.id, { [alert.state]: alert, ...known });
  }
  return [...byId.values()]
    .flatMap(({ opened: first, resolved: last }) => {
      const alert = first ?? last;
      if (alert === undefined) return [];
      // What is over may be told with more than at first.
      const { asked = null, explanation } = last ?? alert;
      return [{ ...alert, asked, explanation, resolved: last?.time ?? null }];
    })
    .filter((alert) => alert.time <= until && (alert.resolved ?? Number.POSITIVE_INFINITY) >= opened)
    .sort((one, other) => one.time - other.time);
}

export function seriesAround(live: LiveResults, incident: Incident) {
  const range = { from: incident.opened - AROUND_MS, to: (incident.resolved ?? live.latestTime) + AROUND_MS / 3 };
  const { source_kind: kind } = incident;
  const name = nameIn(incident);
  return {
    service_health:
      kind === 'service'
        ? windowsIn(
            only(live.serviceHealth, ({ service }) => service === name),
            range,
            MAX_POINTS,
          )
        : [],
    web_statistics:
      kind === 'web'
        ? windowsIn(
            only(live.webStatistics, ({ host }) => host === name),
            range,
            MAX_POINTS,
          )
        : [],
    sensor_scores:
      kind === 'sensor'
        ? [...only(live.sensorScores, ({ sensor_id }) => sensor_id === name)]
            .filter(({ timestamp }) => timestamp >= range.from && timestamp < range.to)
            .slice(0, MAX_POINTS)
            .sort((one, other) => one.timestamp - other.timestamp)
        : [],
  };
}

/** When the first window of its alerts began. */
export function beginOf(incident: Incident, alerts: readonly Alert[]): number {
  return firstWindowOf(incident, alerts).start;
}

/** The window of its alerts that began first; of several, the one that ended first. */
export function firstWindowOf(
  { opened }: Incident,
  alerts: readonly Alert[],
): { readonly start: number; readonly end: number } {
  return alerts.reduce(
    (first, { window_end: end, window_start: start }) =>
      start < first.start || (start === first.start && end < first.end) ? { start, end } : first,
    { start: opened, end: opened },
  );
}

/**
 * The lines of an incident's scope that fail in its time, or all of them where none does, and those of the hour before. What a
 * client does is in all of its requests, whatever it got.
 */
export function linesOf(
  live: LiveResults,
  incident: Incident,
  alerts: readonly Alert[],
): {
  readonly source: LogSource;
  readonly failing: LiveRecord[];
  readonly during: LiveRecord[];
  readonly before: LiveRecord[];
} {
  const { source_kind: kind } = incident;
  const name = nameIn(incident);
  const source = SOURCE_OF_KIND[kind];
  const from = beginOf(incident, alerts);
  const to = incident.resolved ?? live.latestTime + 1;
  const during: LiveRecord[] = [];
  const before: LiveRecord[] = [];
  for (const record of live.ringOf(source)?.newest() ?? []) {
    if (!isOf(record, incident, name)) continue;
    if (record.time >= from && record.time < to) during.push(record);
    else if (record.time >= from - HOUR_MS && record.time < from) before.push(record);
  }
  const failing = isOfClient(incident) ? during : during.filter(({ value }) => isFailing(value));
  return { source, failing: failing.length > 0 ? failing : during, during, before };
}

export function samplesOf(failing: readonly LiveRecord[], source: LogSource) {
  // One of each message first: twenty of the same say nothing more.
  const seen = new Set<string>();
  const different = failing.filter(({ value }) => {
    const message = typeof value['message'] === 'string' ? maskedMessage(value['message']) : '';
    const isNew = message !== '' && !seen.has(message);
    seen.add(message);
    return isNew;
  });
  const chosen = new Set([...different.slice(0, SAMPLES / 2), ...failing.slice(0, SAMPLES)]);
  return [...chosen]
    .slice(0, SAMPLES)
    .sort((one, other) => other.time - one.time)
    .map((record) => lineOf(record, source));
}

/** The ids of the requests that lines are of, where they say so. */
export function requestsIn(lines: readonly LiveRecord[]): ReadonlySet<string> {
  return new Set(lines.map(({ value }) => value['request_id']).filter((id) => typeof id === 'string'));
}

/** What other services logged in the requests of the failing lines, beside what they log in other requests. */
export function sameRequests(live: LiveResults, failing: readonly LiveRecord[], name: string) {
  const requests = requestsIn(failing);
  if (requests.size === 0) return [];
  const byMessage = new Map<string, { service: string; message: string; lines: number; others: number }>();
  let lines = 0;
  let others = 0;
  for (const { value } of live.ringOf('services')?.newest() ?? []) {
    const { message, request_id: request, service } = value;
    if (service === name || typeof message !== 'string' || typeof service !== 'string') continue;
    const isSame = typeof request === 'string' && requests.has(request);
    const masked = maskedMessage(message);
    const key = `${service}\n${masked}`;
    const known = byMessage.get(key) ?? { service, message: masked, lines: 0, others: 0 };
    byMessage.set(key, known);
    if (isSame) {
      known.lines++;
      lines++;
    } else {
      known.others++;
      others++;
    }
  }
  return [...byMessage.values()]
    .filter((one) => one.lines > 0)
    .map(({ lines: own, message, others: other, service }) => ({
      ...{ service, message, lines: own },
      share: own / lines,
      share_of_others: others === 0 ? 0 : other / others,
    }))
    .sort((one, other) => other.lines - one.lines)
    .slice(0, MAX_SAME_REQUESTS);
}

/** Incidents of the scope before this one, those with the same detectors first. */
export function similarTo(live: LiveResults, incident: Incident): Incident[] {
  const own = new Set(incident.detectors);
  const likeness = ({ detectors }: Incident) => {
    const shared = detectors.filter((name) => own.has(name)).length;
    return shared / (own.size + detectors.length - shared || 1);
  };
  return [...live.incidents]
    .filter((one) => one.id !== incident.id && one.scope === incident.scope && one.source_kind === incident.source_kind)
    .filter((one) => one.opened < incident.opened && likeness(one) > 0)
    .sort((one, other) => likeness(other) - likeness(one) || other.opened - one.opened)
    .slice(0, SIMILAR);
}

/** A scope is a kind and a name, as in `service/web-api`; lines and windows have the name alone. */
export function nameIn({ scope, source_kind: kind }: Pick<Incident, 'scope' | 'source_kind'>): string {
  return scope.startsWith(`${kind}/`) ? scope.slice(kind.length + 1) : scope;
}

function isOf({ value }: LiveRecord, { scope, source_kind: kind }: Incident, name: string): boolean {
  if (kind === 'service') return value['service'] === name;
  if (kind === 'sensor') return value['sensor_id'] === name;
  if (isOfClient({ scope })) return scope === `client/${value['client_ip']}`;
  return name === '*' || value['host'] === name;
}

function isOfClient({ scope }: Pick<Incident, 'scope'>): boolean {
  return scope.startsWith('client/');
}

export function isFailing({ level, status }: LiveRecord['value']): boolean {
  return level === 'ERROR' || level === 'CRITICAL' || (typeof status === 'number' && status >= 400);
}
