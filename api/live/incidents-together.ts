import type { Alert, Incident } from '../../schemas/records.js';
import { alertsOf, beginOf, linesOf, requestsIn } from './incident-detail.js';
import type { LiveRecord } from './live-record.js';
import type { LiveResults } from './live-results.js';

/** Incidents that begin within this time of each other count as simultaneous. */
const SIMULTANEOUS_MS = 60_000;
/** A begin is known to the window of a detector, so two that are closer have no order. */
const SAME_BEGIN_MS = 5000;
const MAX_TOGETHER = 20;

/** An incident, when what it is about began, and how many requests have lines in it and in the one that was asked for. */
interface Together {
  readonly incident: Incident;
  readonly began: number;
  readonly shared_requests: number;
}

/** One fault often shows in several scopes: in the same requests, or at the same time. */
interface IncidentGroup {
  /** When the first window of the incident that was asked for began. */
  readonly began: number;
  /** The incident of the group that began first, where one did. */
  readonly first: string | null;
  /** The others, the earliest first. */
  readonly others: readonly Together[];
}

/**
 * Finds the incidents that are open at the same time as this one and have lines of the same requests, or begin within a
 * minute of it. Sharing requests is evidence of one cause; beginning together is a hint.
 *
 * @param alerts the incident's
 * @param failing its lines that fail, or all of them where none does
 */
export function togetherWith(
  live: LiveResults,
  incident: Incident,
  alerts: readonly Alert[],
  failing: readonly LiveRecord[],
): IncidentGroup {
  const began = beginOf(incident, alerts);
  const requests = requestsIn(failing);
  const others: Together[] = [];
  for (const other of live.incidents) {
    if (other.id === incident.id || !overlap(incident, other)) continue;
    const otherAlerts = alertsOf(live, other);
    const otherBegan = beginOf(other, otherAlerts);
    // Lines are looked through where they can have a request in common.
    const otherFailing = requests.size === 0 ? [] : linesOf(live, other, otherAlerts).failing;
    const shared = [...requestsIn(otherFailing)].filter((id) => requests.has(id)).length;
    if (shared === 0 && Math.abs(otherBegan - began) > SIMULTANEOUS_MS) continue;
    others.push({ incident: other, began: otherBegan, shared_requests: shared });
  }
  others.sort((one, other) => one.began - other.began || other.shared_requests - one.shared_requests);
  const all = [{ id: incident.id, began }, ...others.map((one) => ({ id: one.incident.id, began: one.began }))];
  const [first, second] = all.sort((one, other) => one.began - other.began);
  const isFirst = first !== undefined && second !== undefined && second.began - first.began >= SAME_BEGIN_MS;
  return { began, first: isFirst ? first.id : null, others: others.slice(0, MAX_TOGETHER) };
}

function overlap(one: Incident, other: Incident): boolean {
  const until = ({ resolved }: Incident) => resolved ?? Number.POSITIVE_INFINITY;
  return one.opened <= until(other) && other.opened <= until(one);
}
