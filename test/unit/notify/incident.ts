import type { Incident } from '../../../schemas/records.js';

/** An incident with what a test does not care about. */
export function anIncident(id: string, changes: Partial<Incident> = {}): Incident {
  return {
    id,
    source_kind: 'service',
    scope: `scope of ${id}`,
    state: 'opened',
    severity: 'warning',
    opened: 0,
    updated: 0,
    resolved: null,
    alerts: 1,
    detectors: ['latency'],
    entities: ['checkout'],
    summary: 'checkout answers slowly',
    ...changes,
  };
}
