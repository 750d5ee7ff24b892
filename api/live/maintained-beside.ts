import type { Alert, Incident } from '../../schemas/records.js';
import type { Calendar } from '../../topology/calendar.js';
import { scopeOfService } from '../../topology/services/service-lines.js';
import { alertsOf, beginOf, isFailing, linesOf, nameIn } from './incident-detail.js';
import type { LiveRecord } from './live-record.js';
import type { LiveResults } from './live-results.js';

/** A service that is maintained may fail so long before what it makes fail. */
const BEFORE_MS = 60_000;
/** Fewer requests in common may be chance. */
const MIN_SHARED = 3;
const MAX_NAMED = 20;
const NONE: ReadonlySet<string> = new Set();
/** What failures, and waiting for who fails, change of a service. */
const EXPLAINED: readonly string[] = ['level', 'status', 'response_time'];
/** Times so many times as long, of the typical response or of one in twenty, have a cause of their own. */
const SLOWER = 1.5;
const SLOW_SHARE = 0.05;

/** A service that is maintained while an incident of another goes on. */
interface MaintainedBeside {
  readonly service: string;
  /** How many requests are in the failing lines of both. */
  readonly shared_requests: number;
  /** Whether half and more of the incident's failing lines are of these requests. */
  readonly is_cause: boolean;
}

/** A service that is maintained, by the requests that fail in it. */
interface Maintained extends MaintainedBeside {
  readonly failing: ReadonlySet<string>;
}

/**
 * Finds the services that are maintained in the time of an incident of another service, those with most requests in common
 * first. That both fail in the same requests is evidence that one makes the other fail; that it is maintained then, alone,
 * is a hint.
 */
export function maintainedBeside(
  live: LiveResults,
  calendar: Calendar,
  incident: Incident,
  alerts: readonly Alert[],
): MaintainedBeside[] {
  return maintainedOf(live, calendar, incident, alerts)
    .map(({ failing: _, ...one }) => one)
    .slice(0, MAX_NAMED);
}

function maintainedOf(
  live: LiveResults,
  calendar: Calendar,
  incident: Incident,
  alerts: readonly Alert[],
): Maintained[] {
  if (incident.source_kind !== 'service') return [];
  const from = beginOf(incident, alerts) - BEFORE_MS;
  const to = incident.resolved ?? live.latestTime + 1;
  const own = nameIn(incident);
  // Of each, the requests that fail in it; undefined: it is not maintained.
  const maintained = new Map<string, Set<string> | undefined>();
  for (const { time, value } of live.ringOf('services')?.newest() ?? []) {
    const { request_id: request, service } = value;
    if (typeof service !== 'string' || service === own) continue;
    if (!maintained.has(service)) {
      const isMaintained = calendar.isMaintenance(from, to, scopeOfService(service));
      maintained.set(service, isMaintained ? new Set() : undefined);
    }
    if (time >= from && time < to && typeof request === 'string' && isFailing(value)) {
      maintained.get(service)?.add(request);
    }
  }
  const names = [...maintained].filter(([, requests]) => requests !== undefined);
  if (names.length === 0) return [];
  const failing = linesOf(live, incident, alerts).during.filter(({ value }) => isFailing(value));
  return names
    .map(([service, requests = NONE]) => {
      const shared = failing.flatMap(({ value: { request_id: request } }) =>
        typeof request === 'string' && requests.has(request) ? [request] : [],
      );
      const different = new Set(shared).size;
      return {
        service,
        shared_requests: different,
        is_cause: different >= MIN_SHARED && 2 * shared.length >= failing.length,
        failing: requests,
      };
    })
    .sort((one, other) => other.shared_requests - one.shared_requests || (one.service < other.service ? -1 : 1));
}

/**
 * Whether all that an incident tells up to a time comes of requests that fail in a service that is maintained then: its
 * alerts are of failures, or of response times that are usual but for these requests. Lines of later are of no matter:
 * logs of the past are read far ahead of what is told of them.
 */
export function isOfMaintenance(live: LiveResults, calendar: Calendar, told: Incident, time: number): boolean {
  if (told.source_kind !== 'service' || !calendar.hasMaintenance) return false;
  const incident = { ...told, resolved: told.resolved ?? time };
  const alerts = alertsOf(live, incident);
  const fields = new Set(alerts.flatMap((alert) => alert.fields));
  if (fields.size === 0 || [...fields].some((field) => !EXPLAINED.includes(field))) return false;
  const isThen = (service: string) => calendar.isMaintenance(time, time, scopeOfService(service));
  const cause = maintainedOf(live, calendar, incident, alerts).find((one) => one.is_cause && isThen(one.service));
  if (cause === undefined) return false;
  if (!fields.has('response_time')) return true;
  const { before, during } = linesOf(live, incident, alerts);
  const others = during.filter(({ value: { request_id: request } }) => !cause.failing.has(String(request)));
  return !areSlower(timesOf(others), timesOf(before));
}

function timesOf(lines: readonly LiveRecord[]): number[] {
  return lines
    .flatMap(({ value: { response_time: time } }) => (typeof time === 'number' ? [time] : []))
    .sort((one, other) => one - other);
}

/** Whether the typical one is slower, or more of them are slow. Both are sorted. */
function areSlower(times: readonly number[], before: readonly number[]): boolean {
  const quantile = (some: readonly number[], share: number) => some[Math.floor(share * (some.length - 1))] ?? 0;
  return (
    quantile(times, 0.5) > SLOWER * quantile(before, 0.5) ||
    quantile(times, 1 - SLOW_SHARE) > SLOWER * quantile(before, 1 - SLOW_SHARE)
  );
}
