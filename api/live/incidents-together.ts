import type { Alert, Incident } from '../../schemas/records.js';
import { alertsOf, firstWindowOf, linesOf, requestsIn } from './incident-detail.js';
import type { LiveRecord } from './live-record.js';
import type { LiveResults } from './live-results.js';

/** Incidents that begin within this time of each other count as simultaneous. */
const SIMULTANEOUS_MS = 60_000;
/** A begin is known to the window of a detector, and no better than this: two that may be the same have no order. */
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
 * Finds the incidents that begin within a minute of this one, or are open at the same time and have lines of the same
 * requests. Sharing requests is evidence of one cause; beginning together is a hint.
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
  const own = firstWindowOf(incident, alerts);
  const requests = requestsIn(failing);
  const others: (Together & { readonly window: Window })[] = [];
  for (const other of live.incidents) {
    if (other.id === incident.id) continue;
    const otherAlerts = alertsOf(live, other);
    const window = firstWindowOf(other, otherAlerts);
    const beginsWithIt = Math.abs(window.start - own.start) <= SIMULTANEOUS_MS;
    if (!beginsWithIt && !overlap(incident, other)) continue;
    // Lines are looked through where they can have a request in common.
    const otherFailing = requests.size === 0 ? [] : linesOf(live, other, otherAlerts).failing;
    const shared = [...requestsIn(otherFailing)].filter((id) => requests.has(id)).length;
    if (shared === 0 && !beginsWithIt) continue;
    others.push({ incident: other, began: window.start, shared_requests: shared, window });
  }
  others.sort((one, other) => one.began - other.began || other.shared_requests - one.shared_requests);
  const windows = [{ id: incident.id, ...own }, ...others.map((one) => ({ id: one.incident.id, ...one.window }))];
  return {
    began: own.start,
    first: firstOf(windows),
    others: others.slice(0, MAX_TOGETHER).map(({ window, ...one }) => one),
  };
}

interface Window {
  readonly start: number;
  readonly end: number;
}

/** The one that surely began before all others: its first window was over when theirs began. */
function firstOf(windows: readonly (Window & { readonly id: string })[]): string | null {
  const endOf = ({ end, start }: Window) => Math.max(end, start + SAME_BEGIN_MS);
  const [first, ...others] = windows.toSorted((one, other) => endOf(one) - endOf(other));
  if (first === undefined || others.length === 0) return null;
  return others.every(({ start }) => start >= endOf(first)) ? first.id : null;
}

function overlap(one: Incident, other: Incident): boolean {
  const until = ({ resolved }: Incident) => resolved ?? Number.POSITIVE_INFINITY;
  return one.opened <= until(other) && other.opened <= until(one);
}
