import type { SourceKind } from '../../schemas/records.js';
import { nameIn } from '../live/incident-detail.js';
import type { LiveResults } from '../live/live-results.js';

/** The ids of incidents that are not over, of an entity's scope. */
export function openIncidentsOf(live: LiveResults, kind: SourceKind, name: string): string[] {
  const ids: string[] = [];
  for (const incident of live.incidents) {
    if (incident.source_kind !== kind) continue;
    if (nameIn(incident) !== name && !incident.entities.includes(name)) continue;
    if (live.withActions(incident).state !== 'resolved') ids.push(incident.id);
  }
  return ids;
}

/** The range that a detector takes for usual, of the newest alert of an entity that names one. */
export function expectedOf(
  live: LiveResults,
  kind: SourceKind,
  name: string,
): { fields: readonly string[]; low: number | null; high: number | null; detector: string; time: number } | null {
  for (const alert of live.alerts) {
    if (alert.source_kind !== kind || (alert.entity !== name && nameIn(alert) !== name)) continue;
    if (alert.expected_low === null && alert.expected_high === null) continue;
    const { detector, expected_high: high, expected_low: low, fields, time } = alert;
    return { fields, low, high, detector, time };
  }
  return null;
}
